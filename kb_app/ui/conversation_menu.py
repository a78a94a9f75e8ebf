"""What can be done with one conversation: title, tags, pin, archive, link, delete and undo."""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode, urlsplit

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.models import Conversation
from kb_app.services.conversations.history import MOST_TAGS
from kb_app.ui.components import flash, flash_error
from kb_app.ui.conversation_files import export_buttons
from kb_app.ui.markup import label
from kb_app.ui.state import CHAT, EDITED, MESSAGE, UNDO, set_widget, widget
from kb_app.ui.text import t


def conversation_menu(app: App, conversation: Conversation) -> None:
    """Draw everything that can be done with a conversation."""
    key = f"title_{conversation.id}"
    set_widget(key, conversation.title)
    st.text_input(t("chat.rename"), max_chars=200, key=key, on_change=_rename, args=(app, conversation.id, key))
    tags_key = f"tags_{conversation.id}"
    set_widget(tags_key, list(conversation.tags))
    st.multiselect(
        t("history.tags"),
        options=sorted({*app.history.tags(), *conversation.tags}),
        key=tags_key,
        placeholder=t("history.tags_placeholder"),
        accept_new_options=True,
        max_selections=MOST_TAGS,
        on_change=_tag,
        args=(app, conversation.id, tags_key),
    )
    with st.container(horizontal=True, gap="small"):
        pin_button(app, conversation)
        archive_button(app, conversation)
        delete_button(app, conversation)
    st.caption(t("history.export"))
    export_buttons(app, lambda: [conversation.id], conversation.title, is_one=True)
    st.caption(t("history.link"))
    st.code(_link(conversation), language=None, wrap_lines=True)


def pin_button(app: App, conversation: Conversation, *, is_small: bool = False) -> None:
    """Draw the button that pins or unpins; a small one is an icon."""
    word, icon = ("unpin", "keep_off") if conversation.pinned else ("pin", "keep")
    _button(f"pin_{_place(is_small)}_{conversation.id}", word, icon, is_small, partial(_pin, app, conversation))


def archive_button(app: App, conversation: Conversation, *, is_small: bool = False) -> None:
    """Draw the button that archives, or takes out of the archive; a small one is an icon."""
    word = "unarchive" if conversation.archived else "archive"
    _button(f"archive_{_place(is_small)}_{conversation.id}", word, word, is_small, partial(archive, app, conversation))


def delete_button(app: App, conversation: Conversation, *, is_small: bool = False) -> None:
    """Draw the button that deletes; a small one is an icon."""
    key = f"delete_row_{conversation.id}" if is_small else "delete_chat"
    _button(key, "delete", "delete", is_small, partial(delete, app, conversation))


def _place(is_small: bool) -> str:
    return "row" if is_small else "menu"


def _button(key: str, word: str, icon: str, is_small: bool, action: Callable[[], None]) -> None:
    text = t(f"history.{word}")
    st.button(
        "" if is_small else text,
        key=key,
        icon=f":material/{icon}:",
        type="tertiary",
        help=text if is_small else None,
        on_click=action,
    )


def _pin(app: App, conversation: Conversation) -> None:
    _act(lambda: app.history.pin(conversation.id, not conversation.pinned))


def archive(app: App, conversation: Conversation) -> None:
    """Archive a conversation, or take it out of the archive (for ``on_click``)."""
    done = t(f"history.{'unarchived' if conversation.archived else 'archived'}", title=_title(conversation))
    _act(lambda: app.history.archive(conversation.id, not conversation.archived), done)


def delete(app: App, conversation: Conversation) -> None:
    """Put a conversation into the trash and offer to take it back (for ``on_click``)."""
    running = app.answering.running(conversation.id)
    if running is not None:
        running.stop()
    if _act(lambda: app.history.delete(conversation.id)):
        UNDO.set((conversation.id, _title(conversation)))
        if CHAT.get() == conversation.id:
            for slot in (CHAT, MESSAGE, EDITED):
                slot.set("")


def undo_notice(app: App) -> None:
    """Say what was just deleted, with the way back."""
    deleted = UNDO.get()
    if deleted is None:
        return
    with st.container(key="undo", horizontal=True, vertical_alignment="center", border=True):
        st.markdown(f":material/delete: {label(t('history.deleted', title=deleted[1]), 80)}", width="stretch")
        st.button(t("history.undo"), key="undo_delete", icon=":material/undo:", on_click=_undo, args=(app, *deleted))
        st.button(
            "",
            key="undo_dismiss",
            icon=":material/close:",
            type="tertiary",
            help=t("history.dismiss"),
            on_click=UNDO.reset,
        )


def _undo(app: App, conversation_id: str, title: str) -> None:
    UNDO.pop()
    if _act(lambda: app.history.restore(conversation_id), t("history.restored", title=title)):
        CHAT.set(conversation_id)


def _rename(app: App, conversation_id: str, key: str) -> None:
    title = str(widget(key) or "").strip()
    if title:
        _act(lambda: app.history.rename(conversation_id, title))


def _tag(app: App, conversation_id: str, key: str) -> None:
    tags = widget(key)
    assert isinstance(tags, list)
    _act(lambda: app.history.tag(conversation_id, map(str, tags)))


def _act(action: Callable[[], None], done: str = "") -> bool:
    """Do something, and say in the next run what came of it; return whether it was possible."""
    try:
        action()
    except KBAppError as error:
        flash_error(error)
        return False
    if done:
        flash(done)
    return True


def _title(conversation: Conversation) -> str:
    return conversation.title or t("chat.untitled")


def _link(conversation: Conversation) -> str:
    page = urlsplit(st.context.url or "")
    query = urlencode([*(("kb", base_id) for base_id in conversation.base_ids), ("chat", conversation.id)])
    root = f"{page.scheme}://{page.netloc}/" if page.netloc else "/"
    return f"{root}?{query}"
