"""The pages of the app and how to go to one."""

from typing import Literal

import streamlit as st
from streamlit.navigation.page import Page

from kb_app.bundle import bundled
from kb_app.ui.text import t

PageName = Literal["chat", "knowledge_bases"]


def pages() -> dict[PageName, Page]:
    """Return every page, in the order of the menu."""
    folder = bundled("pages")
    return {
        "chat": st.Page(folder / "chat.py", title=t("nav.chat"), icon=":material/forum:", default=True),
        "knowledge_bases": st.Page(
            folder / "knowledge_bases.py", title=t("nav.knowledge_bases"), icon=":material/library_books:"
        ),
    }


def go_to(name: PageName) -> None:
    """Leave this page for another."""
    st.switch_page(pages()[name])
