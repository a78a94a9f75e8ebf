"""Corrections: put wrong answers right, approve them, see what they are used for."""

import streamlit as st

from kb_app.app import App
from kb_app.ui.corrections_editor import editor
from kb_app.ui.corrections_export import exporting
from kb_app.ui.corrections_import import importing
from kb_app.ui.corrections_list import checks, corrections_list
from kb_app.ui.corrections_matching import matching
from kb_app.ui.corrections_queue import queue
from kb_app.ui.corrections_state import AUTHOR, OPEN, VIEW, adopt
from kb_app.ui.runtime import get_app
from kb_app.ui.state import set_widget, widget
from kb_app.ui.text import t

VIEWS = ("queue", "all", "checks", "matching", "import", "export")


def main() -> None:
    app = get_app()
    adopt()
    with st.container(horizontal=True, vertical_alignment="bottom", key="corrections_head"):
        st.title(t("corrections.title"), anchor=False)
        name_box()
    if OPEN.get():
        editor(app, OPEN.get())
        return
    view = view_switch(app)
    bases = app.library.bases()
    if view == "queue":
        queue(app, bases)
    elif view == "all":
        corrections_list(app, bases)
    elif view == "checks":
        checks(app)
    elif view == "matching":
        matching(app, bases)
    elif view == "export":
        exporting(app, bases)
    else:
        importing(app, bases)


def name_box() -> None:
    """Ask for the name under which this person corrects; it stays in the address."""
    set_widget("corrections_author", AUTHOR.get())
    st.text_input(
        t("corrections.your_name"),
        key="corrections_author",
        icon=":material/badge:",
        placeholder=t("corrections.your_name"),
        max_chars=40,
        width=220,
        label_visibility="collapsed",
        on_change=lambda: AUTHOR.set(" ".join(str(widget("corrections_author") or "").split())),
    )


def view_switch(app: App) -> str:
    """Draw the switch between the parts of the page and return the chosen one."""
    counts = {"queue": app.correction_queue.count(), "all": app.corrections.count()}
    set_widget("corrections_view", VIEW.get())
    st.segmented_control(
        t("corrections.title"),
        options=VIEWS,
        format_func=lambda name: t(f"corrections.view_{name}") + (f" {counts[name]}" if name in counts else ""),
        key="corrections_view",
        required=True,
        label_visibility="collapsed",
        on_change=lambda: VIEW.set(str(widget("corrections_view"))),
    )
    return VIEW.get()


main()
