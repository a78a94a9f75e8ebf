"""What a question is limited to, and what its answer shall look like: documents, tags, style, language."""

from collections.abc import Sequence
from typing import get_args

import streamlit as st

from kb_app.app import App
from kb_app.messages import LANGUAGES, Language
from kb_app.models import AnswerStyle, SearchFilters
from kb_app.ui.markup import plain
from kb_app.ui.state import ANSWER_LANGUAGE, ASKED_DOCUMENTS, ASKED_TAGS, STYLE, set_widget, widget
from kb_app.ui.text import t

STYLES: tuple[AnswerStyle, ...] = get_args(AnswerStyle)
_AUTO = "auto"


def asked_filters() -> SearchFilters:
    """Return what the next question is limited to."""
    return SearchFilters(document_ids=frozenset(ASKED_DOCUMENTS.get()), tags=ASKED_TAGS.get())


def asked_style() -> AnswerStyle:
    """Return the form the next answer shall have."""
    return next((style for style in STYLES if style == STYLE.get()), "normal")


def asked_language() -> Language | None:
    """Return the language the next answer shall have, None: that of the question."""
    return next((language for language in LANGUAGES if language == ANSWER_LANGUAGE.get()), None)


def wishes(app: App, base_ids: Sequence[str], place: str) -> None:
    """Draw the controls, folded; ``place`` keeps the copies in sidebar and page apart."""
    with st.expander(
        t("wishes.title"), icon=":material/tune:", type="compact", key=f"wishes_{place}", on_change="rerun"
    ) as panel:
        if panel.open:
            _controls(app, base_ids, place)
    if limits := _limits():
        with st.container(key=f"limits_{place}", horizontal=True, vertical_alignment="center"):
            st.caption(f":material/filter_alt: {plain(' · '.join(limits))}")
            st.button(t("wishes.reset"), key=f"reset_{place}", type="tertiary", on_click=reset_wishes)


def _limits() -> list[str]:
    limits = []
    if ASKED_DOCUMENTS.get():
        limits.append(t("wishes.summary_documents", count=len(ASKED_DOCUMENTS.get())))
    if ASKED_TAGS.get():
        limits.append(t("wishes.summary_tags", tags=", ".join(ASKED_TAGS.get())))
    if asked_style() != "normal":
        limits.append(t(f"wishes.style_{asked_style()}"))
    if language := asked_language():
        limits.append(t(f"wishes.language_{language}"))
    return limits


def reset_wishes() -> None:
    """Ask everything again, in the usual form."""
    for slot in (ASKED_DOCUMENTS, ASKED_TAGS, STYLE, ANSWER_LANGUAGE):
        slot.pop()


def _controls(app: App, base_ids: Sequence[str], place: str) -> None:
    names = {one.id: one.name for base_id in base_ids for one in app.library.documents(base_id) if one.chunk_count}
    keys = {name: f"{name}_{place}" for name in ("asked_documents", "asked_tags", "style", "answer_language")}
    set_widget(keys["asked_documents"], [one for one in ASKED_DOCUMENTS.get() if one in names])
    st.multiselect(
        t("wishes.documents"),
        options=sorted(names, key=lambda one: names[one].casefold()),
        format_func=lambda one: names.get(one, one),
        key=keys["asked_documents"],
        placeholder=t("wishes.documents_all"),
        on_change=lambda: ASKED_DOCUMENTS.set(_picked(keys["asked_documents"])),
    )
    if tags := list(app.tagging.counts(base_ids)):
        set_widget(keys["asked_tags"], [tag for tag in ASKED_TAGS.get() if tag in tags])
        st.multiselect(
            t("wishes.tags"),
            options=tags,
            key=keys["asked_tags"],
            placeholder=t("wishes.tags_all"),
            on_change=lambda: ASKED_TAGS.set(_picked(keys["asked_tags"])),
        )
    set_widget(keys["style"], asked_style())
    st.segmented_control(
        t("wishes.style"),
        options=STYLES,
        format_func=lambda style: t(f"wishes.style_{style}"),
        required=True,
        key=keys["style"],
        on_change=lambda: STYLE.set(str(widget(keys["style"]))),
    )
    set_widget(keys["answer_language"], asked_language() or _AUTO)
    st.segmented_control(
        t("wishes.language"),
        options=(_AUTO, *LANGUAGES),
        format_func=lambda language: t(f"wishes.language_{language}"),
        required=True,
        key=keys["answer_language"],
        on_change=lambda: ANSWER_LANGUAGE.set(str(widget(keys["answer_language"]))),
    )


def _picked(key: str) -> tuple[str, ...]:
    picked = widget(key)
    return tuple(str(one) for one in picked) if isinstance(picked, list | tuple) else ()
