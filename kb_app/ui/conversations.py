"""The saved conversations: the list in the sidebar, rename and delete."""

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError, NotFoundError
from kb_app.models import Conversation
from kb_app.ui.components import confirm, flash, flash_error, open_dialog
from kb_app.ui.markup import label, plain
from kb_app.ui.state import CHAT, DIALOG, MODEL, PASSAGE, SCOPE, SHOWN_CONVERSATIONS, SHOWN_MESSAGES, adopt_url, widget
from kb_app.ui.text import t

DELETE_DIALOG = "delete_chat"


def open_conversation(conversation: Conversation | None) -> None:
    """Make ``conversation`` (None: a new one) the open one, with the bases and the model it was held with."""
    CHAT.set("" if conversation is None else conversation.id)
    SHOWN_MESSAGES.pop()
    PASSAGE.pop()
    if conversation is not None:
        SCOPE.set(conversation.base_ids)
        MODEL.set(conversation.model_id)


def open_from_url(app: App) -> bool:
    """Adopt ``?chat=``; return False where it names no conversation (any more)."""
    before = CHAT.get()
    conversation_id = adopt_url(CHAT)
    if not conversation_id:
        return True
    try:
        conversation = app.history.conversation(conversation_id)
    except NotFoundError:
        open_conversation(None)
        return False
    if conversation_id != before:
        open_conversation(conversation)
    return True


def new_chat_button(place: str) -> None:
    """Draw the button that starts a new conversation; ``place`` keeps its copies apart."""
    st.button(
        t("chat.new"),
        key=f"new_chat_{place}",
        icon=":material/add_comment:",
        width="stretch",
        on_click=open_conversation,
        args=(None,),
    )


def conversation_list(app: App) -> None:
    """Draw the saved conversations, newest first, the open one with its menu."""
    st.markdown(f"**{t('chat.saved')}**")
    limit = SHOWN_CONVERSATIONS.get()
    found = app.history.conversations(limit=limit + 1)
    if not found:
        st.caption(t("chat.none_saved"))
    with st.container(key="conversations", gap=None):
        for conversation in found[:limit]:
            _row(app, conversation)
    if len(found) > limit:
        st.button(
            t("chat.more"),
            key="more_conversations",
            type="tertiary",
            on_click=lambda: SHOWN_CONVERSATIONS.set(limit + 20),
        )


def _row(app: App, conversation: Conversation) -> None:
    is_open = conversation.id == CHAT.get()
    key = f"{'open' if is_open else 'saved'}_chat_{conversation.id}"
    with st.container(key=key, horizontal=True, wrap=False, vertical_alignment="center", gap=None):
        st.button(
            label(conversation.title or t("chat.untitled"), 40),
            key=f"chat_{conversation.id}",
            type="tertiary",
            width="stretch",
            on_click=open_conversation,
            args=(conversation,),
        )
        if is_open:
            _menu(app, conversation)


def _menu(app: App, conversation: Conversation) -> None:
    with st.popover("", icon=":material/more_horiz:", type="tertiary", help=t("chat.manage"), key="chat_menu"):
        key = f"title_{conversation.id}"
        st.text_input(t("chat.rename"), value=conversation.title, max_chars=200, key=key)
        st.button(t("common.save"), key="save_title", on_click=_rename, args=(app, conversation.id, key))
        st.button(
            t("chat.delete"),
            key="delete_chat",
            icon=":material/delete:",
            type="tertiary",
            on_click=open_dialog,
            args=(DELETE_DIALOG,),
        )


def _rename(app: App, conversation_id: str, key: str) -> None:
    title = str(widget(key) or "").strip()
    if not title:
        return
    try:
        app.history.rename(conversation_id, title)
    except KBAppError as error:
        flash_error(error)


def delete_dialog(app: App) -> None:
    """Ask for confirmation and delete the open conversation, when its menu asked for that."""
    if DIALOG.get() != DELETE_DIALOG:
        return
    try:
        conversation = app.history.conversation(CHAT.get())
    except NotFoundError:
        DIALOG.pop()
        return

    def delete() -> None:
        try:
            running = app.answering.running(conversation.id)
            if running is not None:
                running.stop()
                running.wait(timeout_s=5)
            app.history.delete(conversation.id)
        except KBAppError as error:
            flash_error(error)
        else:
            open_conversation(None)
            flash(t("chat.deleted"))

    title = plain(conversation.title or t("chat.untitled"))
    confirm(t("chat.delete_title"), t("chat.delete_text", title=title), t("common.delete"), delete)
