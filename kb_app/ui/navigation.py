"""The pages of the app and how to go to one."""

from collections.abc import Mapping
from typing import Literal, get_args

import streamlit as st
from streamlit.navigation.page import Page

from kb_app.bundle import bundled
from kb_app.ui.state import NEXT_PAGE
from kb_app.ui.text import t

PageName = Literal["chat", "history", "knowledge_bases", "search", "corrections", "evaluation", "models", "prompts"]


def pages() -> dict[PageName, Page]:
    """Return every page, in the order of the menu."""
    folder = bundled("pages")
    return {
        "chat": st.Page(folder / "chat.py", title=t("nav.chat"), icon=":material/forum:", default=True),
        "history": st.Page(folder / "history.py", title=t("nav.history"), icon=":material/history:"),
        "knowledge_bases": st.Page(
            folder / "knowledge_bases.py", title=t("nav.knowledge_bases"), icon=":material/library_books:"
        ),
        "search": st.Page(folder / "search.py", title=t("nav.search"), icon=":material/manage_search:"),
        "corrections": st.Page(folder / "corrections.py", title=t("nav.corrections"), icon=":material/rule:"),
        "evaluation": st.Page(folder / "evaluation.py", title=t("nav.evaluation"), icon=":material/quiz:"),
        "models": st.Page(folder / "models.py", title=t("nav.models"), icon=":material/smart_toy:"),
        "prompts": st.Page(folder / "prompts.py", title=t("nav.prompts"), icon=":material/edit_note:"),
    }


def has_page(name: str) -> bool:
    """Return whether the menu has this page."""
    return name in get_args(PageName)


def go_to(name: str) -> None:
    """Leave for another page in the next run (for ``on_click``)."""
    NEXT_PAGE.set(name)


def follow(known: Mapping[PageName, Page]) -> None:
    """Go where the last click wanted to."""
    wanted = NEXT_PAGE.pop()
    for name, page in known.items():
        if name == wanted:
            st.switch_page(page)
