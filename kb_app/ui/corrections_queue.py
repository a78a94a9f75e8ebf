"""The answers that wait for a correction: filters with counts, and who is on which."""

import re
from collections.abc import Sequence
from typing import get_args

import streamlit as st

from kb_app.app import App
from kb_app.models import KnowledgeBase, QueuedAnswer, QueueReason
from kb_app.ui.corrections_state import BASE_FILTER, OPEN, QUEUE_REASON, SHOWN, holder
from kb_app.ui.markup import plain, short
from kb_app.ui.state import set_widget, widget
from kb_app.ui.text import local_time, t

_REASONS: tuple[QueueReason, ...] = get_args(QueueReason)
_MORE = 20
_QUOTE_MARK = re.compile(r"^> ?", re.MULTILINE)


def base_filter(bases: Sequence[KnowledgeBase], place: str, *, needs_one: bool = False) -> str | None:
    """Draw the choice of a base and return its id, None for all; with ``needs_one`` all is no choice."""
    names = {base.id: base.name for base in bases}
    options = list(names) if needs_one else ["", *names]
    if not options:
        return None
    picked = BASE_FILTER.get() if BASE_FILTER.get() in options else options[0]
    key = f"corrections_base_{place}"
    set_widget(key, picked)
    st.selectbox(
        t("scope.bases"),
        options=options,
        format_func=lambda base_id: names.get(base_id) or t("corrections.all_bases"),
        key=key,
        label_visibility="collapsed",
        on_change=lambda: BASE_FILTER.set(str(widget(key) or "")),
    )
    return picked or None


def queue(app: App, bases: Sequence[KnowledgeBase]) -> None:
    """Draw the queue."""
    base_id = base_filter(bases, "queue")
    counts = {reason: app.correction_queue.count(reason, base_id) for reason in _REASONS}
    set_widget("queue_reason", QUEUE_REASON.get() or None)
    st.pills(
        t("corrections.reasons"),
        options=_REASONS,
        format_func=lambda reason: f"{t(f'corrections.queue_{reason}')} {counts[reason]}",
        key="queue_reason",
        label_visibility="collapsed",
        on_change=lambda: QUEUE_REASON.set(str(widget("queue_reason") or "")),
    )
    items = app.correction_queue.items(_wanted(), base_id, limit=SHOWN.get() + 1)
    if not items:
        st.info(t("corrections.queue_empty"), icon=":material/task_alt:")
        return
    for item in items[: SHOWN.get()]:
        _row(item)
    if len(items) > SHOWN.get():
        st.button(t("chat.more"), key="queue_more", type="tertiary", on_click=SHOWN.set, args=(SHOWN.get() + _MORE,))


def next_subject(app: App, after: str) -> str:
    """Return the next answer of the queue that nobody else works on, empty when there is none."""
    base_id = BASE_FILTER.get() or None
    items = app.correction_queue.items(_wanted(), base_id, limit=100)
    names = [item.message_id for item in items]
    place = names.index(after) + 1 if after in names else 0
    for item in (*items[place:], *items[:place]):
        if item.message_id != after and item.holder in ("", holder()):
            return f"m:{item.message_id}"
    return ""


def _wanted() -> tuple[QueueReason, ...]:
    return tuple(reason for reason in _REASONS if reason == QUEUE_REASON.get())


def _row(item: QueuedAnswer) -> None:
    with st.container(key=f"row_queue_{item.message_id}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(short(item.question, 120))}**", width="stretch")
            st.button(
                t("corrections.open"),
                key=f"queue_open_{item.message_id}",
                icon=":material/edit_note:",
                on_click=OPEN.set,
                args=(f"m:{item.message_id}",),
            )
        badges = "".join(f":orange-badge[{t(f'corrections.queue_{reason}')}] " for reason in item.reasons)
        held = item.holder if item.holder not in ("", holder()) else ""
        who = f":red-badge[{plain(t('corrections.held', name=_name(held)))}] " if held else ""
        st.markdown(f"{badges}{who}:gray[{local_time(item.created_at)}]")
        if item.note:
            st.caption(plain(short(item.note, 200)))
        if item.answer:
            st.caption(plain(short(_QUOTE_MARK.sub("", item.answer), 200)))


def _name(held: str) -> str:
    return t("corrections.somebody") if held.startswith("#") else held
