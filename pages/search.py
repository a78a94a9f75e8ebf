"""Search test: see what a question finds, why, and what other settings would find."""

import streamlit as st

from kb_app.ui.navigation import go_to
from kb_app.ui.passage import passage_dialog
from kb_app.ui.runtime import get_app
from kb_app.ui.search import filter_controls, query_box, search, settings_controls, switches
from kb_app.ui.text import t


def main() -> None:
    app = get_app()
    bases = app.library.bases()
    st.title(t("search.title"), anchor=False)
    st.markdown(t("search.intro"))
    if not any(base.document_count for base in bases):
        st.info(t("search.no_documents"), icon=":material/library_add:")
        st.button(
            t("chat.add_documents"),
            key="add_documents",
            icon=":material/add:",
            on_click=go_to,
            args=("knowledge_bases",),
        )
        return
    query = query_box()
    is_comparing, is_filtering = switches()
    filters = filter_controls(app, bases) if is_filtering else None
    places = ("a", "b") if is_comparing else ("a",)
    columns = st.columns(len(places), gap="medium")
    sides = []
    for place, column in zip(places, columns, strict=True):
        with column:
            sides.append(settings_controls(bases, place))
    if not query:
        st.caption(t("search.waiting"))
        return
    messages = []
    for place, column, side in zip(places, columns, sides, strict=True):
        with column:
            messages.append(search(app, query, side, filters, place))
    passage_dialog(app, [message for message in messages if message is not None])


main()
