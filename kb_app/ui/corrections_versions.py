"""The versions of a correction: who changed what, when."""

import streamlit as st

from kb_app.app import App
from kb_app.models import Correction
from kb_app.ui.markup import plain
from kb_app.ui.text import local_time, t


def versions(app: App, correction: Correction) -> None:
    """Draw the history of a saved correction, newest first."""
    if not correction.id:
        return
    told = app.corrections.versions(correction.id)
    with st.expander(t("corrections.versions", count=len(told)), icon=":material/history:"):
        for version, editor in told:
            who = plain(editor) or t("corrections.nobody")
            status = t(f"corrections.status_{version.status}")
            st.markdown(f"**{version.version}** · {status} · {who} · :gray[{local_time(version.updated_at)}]")
            st.caption(plain(version.chosen))
