"""All corrections: filters, rows, bulk edit in a table, and what contradicts what."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.models import Correction, CorrectionStatus, KnowledgeBase
from kb_app.services.corrections.groups import same_questions
from kb_app.ui.components import flash, flash_error
from kb_app.ui.corrections_queue import base_filter
from kb_app.ui.corrections_state import AUTHOR, OPEN, SHOWN, STATUS_FILTER, WORDS
from kb_app.ui.markup import plain, short
from kb_app.ui.state import set_widget, widget
from kb_app.ui.text import local_time, t

_STATUSES: tuple[CorrectionStatus, ...] = get_args(CorrectionStatus)
_STALE = "stale"
_MORE = 20
_TABLE_ROWS = 200
_COLOURS = {"draft": "orange", "approved": "green", "archived": "gray"}


def corrections_list(app: App, bases: Sequence[KnowledgeBase]) -> None:
    """Draw the list, or the table where many are edited at once."""
    base_id = base_filter(bases, "list")
    _filters(app, base_id)
    status, stale = _filter()
    words = WORDS.get()
    total = app.corrections.count(base_id, status, stale=stale, words=words)
    if not total:
        st.info(t("corrections.none"), icon=":material/rule:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(t("corrections.count", count=total), width="stretch")
        as_table = st.toggle(t("corrections.as_table"), key="corrections_as_table")
    if as_table:
        _table(app, app.corrections.all(base_id, status, stale=stale, words=words, limit=_TABLE_ROWS))
        return
    for correction in app.corrections.all(base_id, status, stale=stale, words=words, limit=SHOWN.get()):
        correction_row(correction, "list")
    if total > SHOWN.get():
        st.button(t("chat.more"), key="list_more", type="tertiary", on_click=SHOWN.set, args=(SHOWN.get() + _MORE,))


def checks(app: App) -> None:
    """Draw corrections that ask the same: contradictions first, then duplicates."""
    groups = same_questions([*app.corrections.all(status="approved"), *app.corrections.all(status="draft")])
    if not groups:
        st.info(t("corrections.no_conflicts"), icon=":material/task_alt:")
    for place, group in enumerate(groups):
        with st.container(border=True, key=f"same_{place}"):
            name = "contradict" if group.contradict else "duplicates"
            st.markdown(f":{'red' if group.contradict else 'gray'}-badge[{t(f'corrections.{name}')}]")
            for correction in group.corrections:
                correction_row(correction, f"same_{place}")


def correction_row(correction: Correction, place: str) -> None:
    """Draw one correction as a row that can be opened."""
    with st.container(key=f"row_{place}_{correction.id}", gap="xsmall"):
        row_head(correction, place)
        st.markdown(_facts(correction))
        if correction.chosen:
            st.caption(plain(short(correction.chosen, 200)))


def row_head(correction: Correction, place: str) -> None:
    """Draw the question of a correction, and beside it the button that opens it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(short(correction.question, 120))}**", width="stretch")
        st.button(
            t("corrections.open"),
            key=f"{place}_open_{correction.id}",
            icon=":material/edit_note:",
            on_click=OPEN.set,
            args=(f"c:{correction.id}",),
        )


def _facts(correction: Correction) -> str:
    parts = [f":{_COLOURS[correction.status]}-badge[{t(f'corrections.status_{correction.status}')}]"]
    if correction.stale:
        parts.append(f":red-badge[{t(f'corrections.{correction.stale}')}]")
    if correction.author:
        parts.append(plain(short(correction.author, 40)))
    parts.append(f":gray[{local_time(correction.updated_at)}]")
    if correction.hits or correction.not_helpful:
        used = t("corrections.used", hits=correction.hits, not_helpful=correction.not_helpful)
        parts.append(f":gray[{used}]")
    return " · ".join(parts)


def _filters(app: App, base_id: str | None) -> None:
    counts: dict[str, int] = {status: app.corrections.count(base_id, status) for status in _STATUSES}
    counts[_STALE] = app.corrections.count(base_id, stale=True)
    set_widget("corrections_status", STATUS_FILTER.get() or None)
    st.pills(
        t("corrections.status"),
        options=list(counts),
        format_func=lambda name: f"{t(f'corrections.status_{name}')} {counts[name]}",
        key="corrections_status",
        label_visibility="collapsed",
        on_change=lambda: STATUS_FILTER.set(str(widget("corrections_status") or "")),
    )
    set_widget("corrections_words", WORDS.get())
    st.text_input(
        t("corrections.words"),
        key="corrections_words",
        icon=":material/search:",
        placeholder=t("corrections.words"),
        max_chars=200,
        label_visibility="collapsed",
        on_change=lambda: WORDS.set(str(widget("corrections_words") or "").strip()),
    )


def _filter() -> tuple[CorrectionStatus | None, bool | None]:
    status = next((status for status in _STATUSES if status == STATUS_FILTER.get()), None)
    return status, True if STATUS_FILTER.get() == _STALE else None


def _table(app: App, corrections: Sequence[Correction]) -> None:
    """Draw the corrections as a table; what was edited in it is saved at once."""
    rows = [
        {
            "question": one.question,
            "chosen": one.chosen,
            "status": t(f"corrections.status_{one.status}"),
            "note": one.note,
            "author": one.author,
        }
        for one in corrections
    ]
    names = {t(f"corrections.status_{status}"): status for status in _STATUSES}
    st.data_editor(
        rows,
        key="corrections_table",
        hide_index=True,
        disabled=["author"],
        column_config={
            "question": st.column_config.TextColumn(t("corrections.question"), width="medium", required=True),
            "chosen": st.column_config.TextColumn(t("corrections.corrected"), width="large"),
            "status": st.column_config.SelectboxColumn(t("corrections.status"), options=list(names), required=True),
            "note": st.column_config.TextColumn(t("rating.note")),
            "author": st.column_config.TextColumn(t("corrections.author")),
        },
    )
    st.button(
        t("corrections.save_table"),
        key="save_table",
        type="primary",
        icon=":material/save:",
        on_click=_save_table,
        args=(app, corrections, names),
    )


def _save_table(app: App, corrections: Sequence[Correction], names: Mapping[str, CorrectionStatus]) -> None:
    state: Any = widget("corrections_table")
    edited: dict[int, dict[str, str]] = state["edited_rows"] if state else {}
    saved = 0
    try:
        for place, change in edited.items():
            _save_row(app, corrections[int(place)], change, names)
            saved += 1
    except KBAppError as error:
        flash_error(error)
        return
    flash(t("corrections.saved_rows", count=saved))


def _save_row(
    app: App, correction: Correction, change: Mapping[str, str], names: Mapping[str, CorrectionStatus]
) -> None:
    changed = replace(
        correction,
        question=change.get("question", correction.question) or "",
        chosen=change.get("chosen", correction.chosen) or "",
        note=change.get("note", correction.note) or "",
    )
    saved = app.corrections.save(changed, AUTHOR.get()) if changed != correction else correction
    match names.get(change.get("status", ""), saved.status):
        case "approved" if saved.status != "approved":
            app.corrections.approve(saved.id, AUTHOR.get())
        case "archived" if saved.status != "archived":
            app.corrections.archive(saved.id, AUTHOR.get())
        case "draft" if saved.status != "draft":
            app.corrections.reopen(saved.id, AUTHOR.get())
