"""The passages beside a correction: those the answer was made from, those added; a tick for what supports it."""

from dataclasses import replace

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.models import Correction, Source
from kb_app.services.answers.citations import resolve
from kb_app.services.answers.sources import sources_of
from kb_app.ui.components import error_box
from kb_app.ui.corrections_state import add, added
from kb_app.ui.markup import label, plain, short, unmarked
from kb_app.ui.sources import passage_text, where_text
from kb_app.ui.state import widget
from kb_app.ui.text import t

_FOUND = 5
_PREVIEW_CHARS = 160


def passages(app: App, name: str, correction: Correction) -> None:
    """Draw the passages, the search that adds one, and the box that says the document itself is wrong."""
    shown = _all(name, correction)
    st.markdown(f"**{t('corrections.passages')}**")
    if not shown:
        st.caption(t("corrections.no_passages"))
    for source in shown:
        _passage(name, correction, source)
    _search(app, name, correction, shown)
    st.checkbox(t("corrections.source_wrong"), value=correction.source_is_wrong, key=f"fix_source_wrong_{name[2:]}")


def picked_support(name: str, correction: Correction, text: str) -> tuple[Source, ...]:
    """Return the passages that are ticked, and those that ``text`` cites by their number."""
    shown = _all(name, correction)
    cited = resolve(text, max((source.marker for source in shown), default=0)).markers
    ticks = [widget(_key(name, source)) for source in shown]
    return tuple(
        source
        for source, tick in zip(shown, ticks, strict=True)
        if source.marker in cited or (_is_ticked(name, correction, source) if tick is None else tick)
    )


def _all(name: str, correction: Correction) -> list[Source]:
    """Return every passage once: as it is linked now, else as the model had it; those added last."""
    found: list[Source] = []
    for source in (*correction.support, *correction.sources, *added(name)):
        if not any(_same(source, other) for other in found):
            found.append(source)
    return sorted(found, key=lambda one: one.marker)


def _same(one: Source, other: Source) -> bool:
    return one.marker == other.marker or (one.document_id, one.start) == (other.document_id, other.start)


def _is_support(correction: Correction, source: Source) -> bool:
    return any(_same(source, one) for one in correction.support)


def _is_ticked(name: str, correction: Correction, source: Source) -> bool:
    """Whether a passage supports the answer unless somebody says otherwise."""
    return source in added(name) or _is_support(correction, source)


def _key(name: str, source: Source) -> str:
    return f"fix_support_{name[2:]}_{source.marker}"


def _passage(name: str, correction: Correction, source: Source) -> None:
    with st.container(key=f"source_fix_{source.marker}", gap="xsmall"):
        st.checkbox(
            f":orange-badge[{source.marker}] **{label(source.document, 80)}** {where_text(source)}",
            value=_is_ticked(name, correction, source),
            key=_key(name, source),
            help=t("corrections.support_help"),
        )
        text = passage_text(source)
        if len(source.text) <= _PREVIEW_CHARS:
            st.markdown(text)
            return
        with st.expander(label(unmarked(source.text), _PREVIEW_CHARS)):
            st.markdown(text)


def _search(app: App, name: str, correction: Correction, shown: list[Source]) -> None:
    key = f"fix_search_{name[2:]}"
    st.text_input(
        t("corrections.add_passage"),
        key=key,
        icon=":material/search:",
        placeholder=t("corrections.add_passage_hint"),
        max_chars=400,
    )
    query = str(widget(key) or "").strip()
    if not query:
        return
    try:
        found = sources_of(app.retriever.retrieve(query, app.library.living([correction.base_id]), top_k=_FOUND))
    except KBAppError as error:
        error_box(error)
        return
    fresh = [one for one in found if not any((one.document_id, one.start) == (s.document_id, s.start) for s in shown)]
    if not fresh:
        st.caption(t("corrections.nothing_new"))
    for place, source in enumerate(fresh):
        with st.container(horizontal=True, vertical_alignment="center", key=f"row_found_{place}"):
            st.markdown(f"**{label(source.document, 60)}** {plain(short(unmarked(source.text), 120))}", width="stretch")
            st.button(
                t("corrections.add"),
                key=f"fix_add_{place}",
                icon=":material/add:",
                on_click=_add,
                args=(name, source, shown),
            )


def _add(name: str, source: Source, shown: list[Source]) -> None:
    marker = max((one.marker for one in shown), default=0) + 1
    add(name, replace(source, marker=marker))
