"""The outcome of a search: whether it found something, the passages, and why each stands where it does."""

from collections.abc import Mapping
from html import escape

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.models import Hit, Message, Retrieval, Source
from kb_app.retrieval.analyzer import analyse
from kb_app.retrieval.confidence import threshold
from kb_app.services.answers.sources import sources_of
from kb_app.ui.components import flash_error
from kb_app.ui.highlight import highlight_html
from kb_app.ui.markup import label, plain
from kb_app.ui.sources import open_button, where_text
from kb_app.ui.text import describe, t

#: Order of the explained parts; the names are those of ``Hit.parts``.
PARTS = ("bm25", "units", "pairs", "sentence_units", "sentence_pairs", "title", "title_named", "dense", "reranker")


def as_message(retrieval: Retrieval, place: str) -> Message:
    """Return the hits in the form of an answer, whose sources can be opened in their documents."""
    return Message(id=f"search_{place}", conversation_id="", role="assistant", text="", sources=sources_of(retrieval))


def show_outcome(app: App, retrieval: Retrieval, message: Message, *, has_votes: bool) -> None:
    """Draw the verdict and the hits of one search; each hit can be marked as a right one."""
    _verdict(retrieval)
    bases = {hit.chunk.base_id for hit in retrieval.hits}
    marked = {name for base in bases for name in app.evaluation.marked_chunks(base, retrieval.query)}
    for hit, source in zip(retrieval.hits, message.sources, strict=True):
        with st.container(key=f"source_{message.id}_{source.marker}", gap="xsmall"):
            _hit(retrieval.query, hit, source)
            with st.container(horizontal=True, vertical_alignment="center", key=f"hit_{message.id}_{source.marker}"):
                open_button(message.id, source)
                _mark_button(app, retrieval.query, source, message.id, is_marked=hit.chunk.id in marked)
                with st.popover(
                    t("search.why"),
                    type="tertiary",
                    icon=":material/bar_chart:",
                    key=f"why_{message.id}_{source.marker}",
                ):
                    _explain(hit.parts, has_votes)


def _verdict(retrieval: Retrieval) -> None:
    if retrieval.found:
        st.markdown(f":green-badge[:material/check_circle: {t('search.found')}]")
    else:
        st.markdown(f":orange-badge[:material/help: {t('search.not_found')}]")
    facts = t(
        "search.facts",
        confidence=f"{retrieval.confidence:.0%}",
        threshold=f"{threshold():.0%}",
        milliseconds=f"{retrieval.elapsed_s * 1000:.0f}",
    )
    st.caption(facts)
    if retrieval.problem is not None:
        st.warning(t("search.not_reranked", reason=plain(describe(retrieval.problem).message)), icon=":material/sort:")
    if retrieval.meant:
        pairs = t("search.list_separator").join(f"{asked} → {meant}" for asked, meant in retrieval.meant)
        st.caption(t("search.meant", words=label(pairs, 200)))
    if not retrieval.hits:
        st.info(t("search.nothing"), icon=":material/search_off:")


def _hit(query: str, hit: Hit, source: Source) -> None:
    st.markdown(f":orange-badge[{source.marker}] **{label(source.document, 80)}** :gray[{hit.score:.2f}]")
    where = where_text(source)
    if where:
        st.caption(where)
    st.html(highlight_html(source.text, analyse(query)))


def _mark_button(app: App, query: str, source: Source, message_id: str, *, is_marked: bool) -> None:
    st.button(
        t("search.marked") if is_marked else t("search.mark"),
        key=f"mark_{message_id}_{source.marker}",
        type="tertiary",
        icon=":material/check_circle:" if is_marked else ":material/check:",
        help=t("search.marked_help") if is_marked else t("search.mark_help"),
        on_click=_mark,
        args=(app, query, source, not is_marked),
    )


def _mark(app: App, query: str, source: Source, is_right: bool) -> None:
    change = app.evaluation.mark_passage if is_right else app.evaluation.unmark_passage
    try:
        change(source.base_id, query, source)
    except KBAppError as error:
        flash_error(error)


def _explain(parts: Mapping[str, float], has_votes: bool) -> None:
    st.caption(t("search.why_text"))
    names = [name for name in PARTS if name in parts and (has_votes or name != "dense")]
    st.html(parts_html([(t(f"search.part_{name}"), parts[name]) for name in names]))


def parts_html(parts: list[tuple[str, float]]) -> str:
    """Return (words, share in [0, 1]) as labelled bars."""
    rows = (
        f'<div class="kb-part"><span>{escape(words)}</span><span>{share:.0%}</span>'
        f'<i><b style="width:{min(1.0, max(0.0, share)):.0%}"></b></i></div>'
        for words, share in parts
    )
    return "".join(rows)
