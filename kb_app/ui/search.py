"""Search test: what is searched for, where, and with which settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import PurePosixPath

import streamlit as st

from kb_app.app import App
from kb_app.models import KnowledgeBase, Message, SearchFilters
from kb_app.ui.search_hits import as_message, show_outcome
from kb_app.ui.state import SEARCH_QUERY, set_widget, widget
from kb_app.ui.text import t

_QUERY = "search_query"
_BUILTIN_EMBEDDER = "builtin"
_TOP_K, _MOST_HITS, _MOST_PER_DOCUMENT = 8, 50, 10
#: More documents than this are not offered one by one.
_MOST_DOCUMENTS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """One side of a comparison."""

    base_ids: tuple[str, ...]
    top_k: int
    vote: bool


def query_box() -> str:
    """Draw the box for the question and return what is in it."""
    set_widget(_QUERY, SEARCH_QUERY.get())
    st.text_input(
        t("search.query"),
        key=_QUERY,
        placeholder=t("search.query_hint"),
        max_chars=4000,
        on_change=lambda: SEARCH_QUERY.set(str(widget(_QUERY) or "")),
    )
    return SEARCH_QUERY.get().strip()


def settings_controls(bases: Sequence[KnowledgeBase], place: str) -> SearchSettings:
    """Draw the settings of one side; ``place`` keeps the two apart."""
    by_id = {base.id: base for base in bases}
    picked = st.multiselect(
        t("scope.bases"),
        options=list(by_id),
        default=list(by_id),
        format_func=lambda base_id: by_id[base_id].name,
        key=f"search_bases_{place}",
        placeholder=t("scope.all_bases"),
    )
    top_k = st.number_input(t("search.top_k"), 1, _MOST_HITS, _TOP_K, key=f"search_top_k_{place}")
    has_votes = any(by_id[base_id].embedder != _BUILTIN_EMBEDDER for base_id in picked)
    vote = has_votes and st.toggle(t("search.vote"), value=True, key=f"search_vote_{place}", help=t("search.vote_help"))
    return SearchSettings(base_ids=tuple(picked), top_k=int(top_k), vote=vote)


def switches() -> tuple[bool, bool]:
    """Draw the switches for comparing and for filtering and return how they stand."""
    with st.container(horizontal=True, key="search_switches"):
        is_comparing = st.toggle(t("search.compare"), key="search_compare")
        is_filtering = st.toggle(t("search.filters"), key="search_filters")
    return is_comparing, is_filtering


def filter_controls(app: App, bases: Sequence[KnowledgeBase]) -> SearchFilters:
    """Draw the filters and return them."""
    names = {one.id: one.name for base in bases for one in app.library.documents(base.id) if one.status == "ready"}
    endings = sorted({ending for name in names.values() if (ending := PurePosixPath(name).suffix.lower())})
    tags = sorted(app.tagging.counts([base.id for base in bases]))
    with st.container(border=True, key="search_filter_box"):
        documents = _any_of("documents", names) if len(names) <= _MOST_DOCUMENTS else []
        left, right = st.columns(2)
        with left:
            wanted = _any_of("endings", dict(zip(endings, endings, strict=True)))
        with right:
            per_document = _most_per_document()
        tagged = _any_of("tags", dict(zip(tags, tags, strict=True)), help_text=t("search.tags_help")) if tags else []
        added_from, added_before = _days()
    return SearchFilters(
        document_ids=frozenset(documents),
        endings=tuple(wanted),
        tags=tuple(tagged),
        added_from=added_from,
        added_before=added_before,
        per_document=per_document,
    )


def _any_of(kind: str, names: Mapping[str, str], *, help_text: str | None = None) -> list[str]:
    """Draw a box to pick some of ``names`` (value -> what is shown) and return the values; none stands for all."""
    return st.multiselect(
        t(f"search.{kind}"),
        options=list(names),
        format_func=names.__getitem__,
        key=f"search_{kind}",
        placeholder=t("search.any"),
        help=help_text,
    )


def _most_per_document() -> int:
    most = st.number_input(
        t("search.per_document"),
        0,
        _MOST_PER_DOCUMENT,
        0,
        key="search_per_document",
        help=t("search.per_document_help"),
    )
    return int(most)


def _days() -> tuple[str, str]:
    """Draw the boxes for two days and return when the first begins and the last ends; empty where none is given."""
    since, until = st.columns(2)
    first = since.date_input(t("search.added_from"), value=None, format="YYYY-MM-DD", key="search_from")
    last = until.date_input(t("search.added_to"), value=None, format="YYYY-MM-DD", key="search_to")
    return _utc(first) if first else "", _utc(last + timedelta(days=1)) if last else ""


def _utc(day: date) -> str:
    """Return when ``day`` begins in the browser's time zone, as the database writes times."""
    offset = timedelta(minutes=st.context.timezone_offset or 0)
    return (datetime.combine(day, time.min, UTC) + offset).isoformat(timespec="microseconds")


def search(app: App, query: str, settings: SearchSettings, filters: SearchFilters | None, place: str) -> Message | None:
    """Search and draw the outcome; return it as a message whose sources can be opened."""
    if not settings.base_ids:
        st.info(t("chat.pick_base"), icon=":material/library_books:")
        return None
    known = app.library.living(settings.base_ids)
    retrieval = app.retriever.retrieve(query, known, top_k=settings.top_k, filters=filters, vote=settings.vote)
    message = as_message(retrieval, place)
    show_outcome(app, retrieval, message, has_votes=settings.vote)
    return message
