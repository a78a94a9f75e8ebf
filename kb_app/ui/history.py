"""The page of conversations: search everything said, filter, select, archive, trash."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from kb_app.app import App
from kb_app.models import Conversation, ConversationFilter, ConversationHit, Shelf
from kb_app.retrieval.analyzer import analyse
from kb_app.services.conversations.history import EVERYDAY, TRASH_DAYS
from kb_app.ui.branches import show_branch
from kb_app.ui.components import confirm, flash, open_dialog
from kb_app.ui.conversation_files import export_buttons
from kb_app.ui.conversation_menu import archive, archive_button, delete, delete_button, pin_button
from kb_app.ui.conversations import open_conversation
from kb_app.ui.highlight import highlight_html, snippet
from kb_app.ui.markup import label, plain
from kb_app.ui.navigation import go_to
from kb_app.ui.state import DIALOG, HISTORY_QUERY, PICKED_CHATS, SHELF, SHOWN_HISTORY, TAG, set_widget, widget
from kb_app.ui.text import local_time, t

_SHELVES = ("current", "archived", "cli", "deleted")
_EMPTY_DIALOG = "empty_trash"
_MORE = 20


def search_box() -> str:
    """Draw the search box and return what is looked for."""
    set_widget("history_query", HISTORY_QUERY.get())
    st.text_input(
        t("history.search"),
        key="history_query",
        placeholder=t("history.search_placeholder"),
        icon=":material/search:",
        max_chars=200,
        label_visibility="collapsed",
        on_change=lambda: _look_for(str(widget("history_query") or "")),
    )
    return HISTORY_QUERY.get()


def _look_for(query: str) -> None:
    HISTORY_QUERY.set(query.strip())
    SHOWN_HISTORY.pop()


def filters(app: App) -> ConversationFilter:
    """Draw the choice of shelf and tag; return the filter they make."""
    tags = app.history.tags()
    set_widget("history_shelf", SHELF.get())
    with st.container(horizontal=True, vertical_alignment="center", key="history_filters"):
        st.segmented_control(
            t("history.title"),
            options=_SHELVES,
            format_func=lambda shelf: t(f"history.shelf_{shelf}"),
            key="history_shelf",
            required=True,
            label_visibility="collapsed",
            on_change=lambda: _choose(str(widget("history_shelf"))),
        )
        if tags:
            picked = TAG.get() if TAG.get() in tags else ""
            set_widget("history_tag", picked)
            st.selectbox(
                t("history.tag"),
                options=["", *tags],
                format_func=lambda tag: tag or t("history.all_tags"),
                key="history_tag",
                label_visibility="collapsed",
                width=200,
                on_change=lambda: TAG.set(str(widget("history_tag") or "")),
            )
    return _filter(SHELF.get(), TAG.get() if TAG.get() in tags else "")


def _choose(shelf: str) -> None:
    SHELF.set(shelf)
    for slot in (SHOWN_HISTORY, PICKED_CHATS):
        slot.reset()


def _filter(choice: str, tag: str) -> ConversationFilter:
    if choice == "cli":
        return ConversationFilter(origins=("cli",), tag=tag)
    shelf: Shelf = "archived" if choice == "archived" else "deleted" if choice == "deleted" else "current"
    return ConversationFilter(shelf=shelf, origins=EVERYDAY.origins if shelf == "current" else (), tag=tag)


def results(app: App, query: str, where: ConversationFilter) -> None:
    """Draw the conversations in which ``query`` was found, each with the message that fits best."""
    limit = SHOWN_HISTORY.get()
    hits = app.history.search(query, limit + 1, where)
    if not hits:
        st.info(t("history.nothing_found", query=plain(query)), icon=":material/search_off:")
    for hit in hits[:limit]:
        _hit(app, hit, query)
    _more_button(len(hits) > limit)


def _hit(app: App, hit: ConversationHit, query: str) -> None:
    conversation, message = hit.conversation, hit.message
    with st.container(key=f"hit_{conversation.id}", gap="xsmall"):
        st.button(
            f"**{_title(conversation)}**",
            key=f"open_hit_{conversation.id}",
            type="tertiary",
            on_click=_open,
            args=(app, conversation, message.id if message is not None else ""),
        )
        if message is None:
            st.caption(t("history.found_in_title"))
        else:
            question = analyse(query)
            st.html(highlight_html(snippet(message.text, question), question))
        facts = _facts(conversation)
        if hit.more:
            facts.append(t("history.more_matches", count=hit.more))
        st.caption(" · ".join(facts))


def conversation_rows(app: App, where: ConversationFilter) -> None:
    """Draw the conversations of a shelf with what can be done with them."""
    limit = SHOWN_HISTORY.get()
    found = app.history.conversations(limit + 1, where=where)
    if not found:
        choice = SHELF.get()
        st.info(t(f"history.empty_{choice}", days=TRASH_DAYS), icon=":material/inbox:")
        return
    if where.shelf == "deleted":
        _trash_bar(app, where)
    for conversation in found[:limit]:
        _row(app, conversation)
    _more_button(len(found) > limit)
    selection_bar(app, [conversation for conversation in found if conversation.id in PICKED_CHATS.get()])


def _row(app: App, conversation: Conversation) -> None:
    with st.container(key=f"row_{conversation.id}", gap=None):
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall"):
            if not conversation.deleted_at:
                _pick_box(conversation)
            st.button(
                _title(conversation),
                key=f"open_row_{conversation.id}",
                icon=":material/keep:" if conversation.pinned else None,
                type="tertiary",
                width="stretch",
                disabled=bool(conversation.deleted_at),
                on_click=_open,
                args=(app, conversation, ""),
            )
            _row_buttons(app, conversation)
        with st.container(key=f"facts_{conversation.id}"):
            st.caption(" · ".join(_facts(conversation)))


def _row_buttons(app: App, conversation: Conversation) -> None:
    if conversation.deleted_at:
        st.button(
            t("history.restore"),
            key=f"restore_{conversation.id}",
            icon=":material/undo:",
            type="tertiary",
            on_click=app.history.restore,
            args=(conversation.id,),
        )
        return
    pin_button(app, conversation, is_small=True)
    archive_button(app, conversation, is_small=True)
    delete_button(app, conversation, is_small=True)


def _pick_box(conversation: Conversation) -> None:
    key = f"pick_{conversation.id}"
    set_widget(key, conversation.id in PICKED_CHATS.get())
    st.checkbox(
        label(t("history.pick", title=conversation.title), 80),
        key=key,
        label_visibility="collapsed",
        on_change=lambda: PICKED_CHATS.set(PICKED_CHATS.get() ^ {conversation.id}),
    )


def selection_bar(app: App, picked: Sequence[Conversation]) -> None:
    """Draw what can be done with the selected conversations, where it stays in sight."""
    if not picked:
        return
    with st.bottom, st.container(key="selection", horizontal=True, vertical_alignment="center"):
        st.markdown(t("history.picked", count=len(picked)), width="content")
        word = "unarchive" if picked[0].archived else "archive"
        st.button(
            t(f"history.{word}"),
            key="archive_picked",
            icon=f":material/{word}:",
            on_click=_for_each,
            args=(partial(archive, app), picked),
        )
        st.button(
            t("history.delete"),
            key="delete_picked",
            icon=":material/delete:",
            on_click=_for_each,
            args=(partial(delete, app), picked),
        )
        with st.popover(t("history.export"), icon=":material/download:", key="export_picked"):
            export_buttons(app, lambda: [one.id for one in picked], "picked", is_one=False)
        st.button(t("history.clear"), key="clear_picked", type="tertiary", on_click=PICKED_CHATS.reset)


def _for_each(action: Callable[[Conversation], None], picked: Sequence[Conversation]) -> None:
    for conversation in picked:
        action(conversation)
    PICKED_CHATS.pop()


def _trash_bar(app: App, where: ConversationFilter) -> None:
    st.caption(t("history.trash_note", days=TRASH_DAYS))
    st.button(
        t("history.empty_trash"),
        key="empty_trash",
        icon=":material/delete_forever:",
        on_click=open_dialog,
        args=(_EMPTY_DIALOG,),
    )
    if DIALOG.get() == _EMPTY_DIALOG:

        def empty() -> None:
            app.history.empty_trash()
            flash(t("history.emptied"))

        text = t("history.empty_trash_text", count=app.history.count(ConversationFilter(shelf="deleted")))
        confirm(t("history.empty_trash_title"), text, t("history.empty_trash"), empty)


def _more_button(is_needed: bool) -> None:
    if is_needed:
        st.button(
            t("history.more"),
            key="more_history",
            icon=":material/expand_more:",
            type="tertiary",
            on_click=lambda: SHOWN_HISTORY.set(SHOWN_HISTORY.get() + _MORE),
        )


def _open(app: App, conversation: Conversation, message_id: str) -> None:
    if message_id:
        show_branch(app, message_id)
    open_conversation(conversation, message_id)
    go_to("chat")


def _title(conversation: Conversation) -> str:
    return label(conversation.title or t("chat.untitled"), 80)


def _facts(conversation: Conversation) -> list[str]:
    tags: Sequence[str] = [f":gray-badge[{label(tag, 40)}]" for tag in conversation.tags]
    return [local_time(conversation.updated_at), *tags]
