"""Knowledge bases: make them, fill them, see what is in them."""

import streamlit as st

from kb_app.ui.adding import more_ways
from kb_app.ui.base_settings import outdated_notice, watched_folder
from kb_app.ui.bases import base_actions, base_dialogs, choose_base
from kb_app.ui.conversations import open_conversation
from kb_app.ui.documents import document_list
from kb_app.ui.first_run import welcome
from kb_app.ui.jobs import job_progress
from kb_app.ui.navigation import go_to
from kb_app.ui.protected import archive_dialog
from kb_app.ui.runtime import get_app
from kb_app.ui.state import SCOPE
from kb_app.ui.summaries import summary_progress
from kb_app.ui.text import t
from kb_app.ui.uploading import upload_box


def main() -> None:
    app = get_app()
    bases = app.library.bases()
    if not bases:
        base_dialogs(app, None)
        welcome(app)
        return
    st.title(t("bases.title"), anchor=False)
    base = choose_base(bases)
    base_dialogs(app, base)
    with st.container(horizontal=True, vertical_alignment="center", key="base_head"):
        st.caption(t("bases.summary", documents=base.document_count, chunks=base.chunk_count), width="stretch")
        st.button(
            t("bases.ask"),
            key="ask_base",
            icon=":material/forum:",
            disabled=not base.document_count,
            on_click=ask_about,
            args=(base.id,),
        )
        base_actions(base)
    outdated_notice(app, base)
    upload_box(app, base)
    more_ways(app, base)
    watched_folder(app, base)
    job_progress(app, base)
    summary_progress(app, base)
    archive_dialog(app, base.id)
    document_list(app, base)


def ask_about(base_id: str) -> None:
    """Open a new conversation with this base alone."""
    open_conversation(None)
    SCOPE.set((base_id,))
    go_to("chat")


main()
