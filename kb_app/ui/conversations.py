"""The saved conversations beside the chat: the open one, the list in the sidebar, links to them."""

import streamlit as st

from kb_app.app import App
from kb_app.errors import NotFoundError
from kb_app.models import Conversation
from kb_app.ui.conversation_menu import conversation_menu
from kb_app.ui.markup import label
from kb_app.ui.navigation import go_to
from kb_app.ui.state import (
    CHAT,
    EDITED,
    MESSAGE,
    MODEL,
    PASSAGE,
    SCOPE,
    SHOWN_CONVERSATIONS,
    SHOWN_MESSAGES,
    adopt_url,
    drop_linked_bases,
)
from kb_app.ui.text import t


def open_conversation(conversation: Conversation | None, message_id: str = "") -> None:
    """Make ``conversation`` (None: a new one) the open one, with its bases and model, at the message if any."""
    drop_linked_bases()
    _take(conversation, message_id)


def _take(conversation: Conversation | None, message_id: str) -> None:
    CHAT.set("" if conversation is None else conversation.id)
    MESSAGE.set(message_id)
    for slot in (SHOWN_MESSAGES, PASSAGE, EDITED):
        slot.reset()
    if conversation is not None:
        SCOPE.set(conversation.base_ids or None)  # an imported one has none
        MODEL.set(conversation.model_id)


def open_from_url(app: App) -> bool:
    """Adopt ``?chat=`` and ``?message=``; return False where they name nothing that exists (any more)."""
    before, before_message = CHAT.get(), MESSAGE.get()
    conversation_id, message_id = adopt_url(CHAT), adopt_url(MESSAGE)
    try:
        if message_id and (message_id, conversation_id) != (before_message, before):
            conversation_id = app.history.show(message_id)
        if not conversation_id:
            return True
        conversation = app.history.conversation(conversation_id)
    except NotFoundError:
        open_conversation(None)
        return False
    if conversation_id != before:
        _take(conversation, message_id)
    return True


def new_chat_button(place: str) -> None:
    """Draw the button that starts a new conversation; ``place`` keeps its copies apart."""
    st.button(
        t("chat.new"),
        key=f"new_chat_{place}",
        icon=":material/add_comment:",
        shortcut="Alt+N" if place == "sidebar" else None,
        width="stretch",
        on_click=open_conversation,
        args=(None,),
    )


def conversation_list(app: App) -> None:
    """Draw the saved conversations, pinned ones first, the open one with its menu."""
    st.markdown(f"**{t('chat.saved')}**")
    limit = SHOWN_CONVERSATIONS.get()
    found = app.history.conversations(limit=limit + 1)
    if not found:
        st.caption(t("chat.none_saved"))
    with st.container(key="conversations", gap=None):
        for conversation in found[:limit]:
            _row(app, conversation)
    with st.container(horizontal=True, gap="small"):
        if len(found) > limit:
            st.button(
                t("chat.more"),
                key="more_conversations",
                type="tertiary",
                on_click=lambda: SHOWN_CONVERSATIONS.set(limit + 20),
            )
        st.button(
            t("history.all"),
            key="all_conversations",
            type="tertiary",
            icon=":material/manage_search:",
            on_click=go_to,
            args=("history",),
        )


def _row(app: App, conversation: Conversation) -> None:
    if conversation.id != CHAT.get():
        _open_button(conversation)
        return
    key = f"open_chat_{conversation.id}"
    with st.container(key=key, horizontal=True, wrap=False, vertical_alignment="center", gap=None):
        _open_button(conversation)
        with st.popover("", icon=":material/more_horiz:", type="tertiary", help=t("chat.manage"), key="chat_menu"):
            conversation_menu(app, conversation)


def _open_button(conversation: Conversation) -> None:
    st.button(
        label(conversation.title or t("chat.untitled"), 40),
        key=f"chat_{conversation.id}",
        type="tertiary",
        icon=":material/keep:" if conversation.pinned else None,
        width="stretch",
        on_click=open_conversation,
        args=(conversation,),
    )
