"""Conversations: find what was said, keep the list in order, take back what was deleted."""

import streamlit as st

from kb_app.ui.conversation_files import files_menu, import_progress
from kb_app.ui.conversation_menu import undo_notice
from kb_app.ui.history import conversation_rows, filters, results, search_box
from kb_app.ui.runtime import get_app
from kb_app.ui.text import t


def main() -> None:
    app = get_app()
    with st.container(horizontal=True, vertical_alignment="bottom", key="history_head"):
        st.title(t("history.title"), anchor=False)
        files_menu(app)
    import_progress(app)
    undo_notice(app)
    query = search_box()
    where = filters(app)
    if query and where.shelf != "deleted":
        results(app, query, where)
    else:
        conversation_rows(app, where)


main()
