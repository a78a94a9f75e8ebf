"""Prompts: what the models are told, for each knowledge base."""

import streamlit as st

from kb_app.ui.first_run import welcome
from kb_app.ui.prompts import choose, editor, preview
from kb_app.ui.runtime import get_app
from kb_app.ui.text import t


def main() -> None:
    app = get_app()
    bases = app.library.bases()
    if not bases:
        welcome(app)
        return
    st.title(t("prompts.title"), anchor=False)
    st.markdown(t("prompts.intro"))
    base, kind, written = choose(bases)
    text = editor(app, base, kind, written)
    preview(app, base, kind, written, text)


main()
