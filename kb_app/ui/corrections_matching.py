"""What would match: a question against the corrections of a base, with scores, reasons and thresholds."""

from collections.abc import Sequence

import streamlit as st

from kb_app.app import App
from kb_app.models import CorrectionMatch, KnowledgeBase
from kb_app.services.corrections.reuse import EXACT, RELATED, thresholds
from kb_app.ui.components import flash
from kb_app.ui.corrections_list import row_head
from kb_app.ui.corrections_queue import base_filter
from kb_app.ui.corrections_state import TRIED
from kb_app.ui.markup import plain
from kb_app.ui.search_hits import parts_html
from kb_app.ui.state import set_widget, widget
from kb_app.ui.text import t

_BADGES = {"exact": "green", "example": "blue", "": "gray"}
_OFF = 1.01


def matching(app: App, bases: Sequence[KnowledgeBase]) -> None:
    """Draw the try-out and the thresholds of the chosen base."""
    base_id = base_filter(bases, "matching", needs_one=True)
    if base_id is None:
        st.info(t("chat.no_bases"), icon=":material/library_add:")
        return
    base = app.library.base(base_id)
    st.caption(t("corrections.matching_text", name=plain(base.name)))
    set_widget("corrections_try", TRIED.get())
    st.text_input(
        t("corrections.try"),
        key="corrections_try",
        icon=":material/search:",
        placeholder=t("corrections.try"),
        max_chars=400,
        label_visibility="collapsed",
        on_change=lambda: TRIED.set(str(widget("corrections_try") or "").strip()),
    )
    _thresholds(app, base)
    question = TRIED.get()
    if not question:
        return
    matches = app.reuse.preview(question, base_id, app.retriever.retrieve(question, [base_id]))
    if not matches:
        st.info(t("corrections.no_match"), icon=":material/search_off:")
    for match in matches:
        _match(match)


def _match(match: CorrectionMatch) -> None:
    correction = match.correction
    with st.container(key=f"row_match_{correction.id}", gap="xsmall"):
        row_head(correction, "match")
        kind = match.kind or "none"
        badge = f":{_BADGES[match.kind]}-badge[{t(f'corrections.kind_{kind}')}]"
        blocked = f" :red-badge[{t(f'corrections.blocked_{match.blocked}')}]" if match.blocked else ""
        st.markdown(badge + blocked)
        parts = {"likeness": match.likeness, "related": match.related, **match.parts}
        shown = [(t(f"corrections.part_{name}"), parts[name]) for name in parts if name != "vector" or parts[name]]
        st.html(parts_html(shown))


def _thresholds(app: App, base: KnowledgeBase) -> None:
    exact, related = thresholds(base)
    with st.expander(t("corrections.thresholds"), icon=":material/tune:"), st.form("thresholds", border=False):
        off = t("corrections.off")
        st.slider(t("corrections.exact_from"), 0.8, _OFF, exact, 0.01, key="reuse_exact", help=off)
        st.slider(t("corrections.related_from"), 0.1, _OFF, related, 0.01, key="reuse_related", help=off)
        with st.container(horizontal=True, horizontal_alignment="right"):
            st.form_submit_button(
                t("corrections.defaults"), key="thresholds_reset", on_click=_reset, args=(app, base.id)
            )
            st.form_submit_button(
                t("common.save"), type="primary", key="thresholds_save", on_click=_set, args=(app, base.id)
            )


def _set(app: App, base_id: str) -> None:
    exact, related = (float(str(widget(key))) for key in ("reuse_exact", "reuse_related"))
    app.reuse.set_thresholds(base_id, None if exact == EXACT else exact, None if related == RELATED else related)
    flash(t("corrections.saved"))


def _reset(app: App, base_id: str) -> None:
    app.reuse.set_thresholds(base_id, None, None)
    flash(t("corrections.saved"))
