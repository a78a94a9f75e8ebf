"""The script Streamlit runs for every page: frame, navigation, language, notices, errors."""

from pathlib import Path

import streamlit as st

from ingestion.errors import IngestionError
from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.messages import LANGUAGES
from kb_app.ui.components import apply_style, error_box, show_flash, show_notice
from kb_app.ui.navigation import follow, pages
from kb_app.ui.reader import reader
from kb_app.ui.runtime import get_app
from kb_app.ui.state import LANGUAGE, SET_LANGUAGE, set_widget, widget
from kb_app.ui.text import language, settle_language, t

_LOGO = Path(__file__).resolve().with_name("logo.svg")
_LANGUAGE_NAMES = {"zh": "中文", "en": "English"}


def run() -> None:
    """Draw the frame, then the page."""
    settle_language()
    st.set_page_config(
        page_title=t("app.name"), page_icon=str(_LOGO), layout="centered", menu_items={"About": t("app.about")}
    )
    apply_style()
    try:
        app = get_app()
    except KBAppError as error:
        error_box(error)
        st.button(t("app.retry"), icon=":material/refresh:")
        return
    SET_LANGUAGE.set(app.settings.language or "")
    settle_language()
    st.logo(str(_LOGO), size="large")
    known = pages()
    page = st.navigation(list(known.values()), position="sidebar")
    follow(known)
    _notices(app)
    show_flash()
    try:
        page.run()
    except (KBAppError, IngestionError) as error:
        error_box(error)
    if page.url_path:  # the chat page, which has none, draws it in a place of its own
        reader()
    _language_switch()


def _notices(app: App) -> None:
    notices = app.notices.current()
    for notice in notices:
        show_notice(notice)
    if notices:
        st.button(t("app.notices_read"), key="notices_read", type="tertiary", on_click=app.notices.clear)


def _language_switch() -> None:
    set_widget("language_switch", language())
    with st.sidebar, st.container(key="language"):
        st.segmented_control(
            t("app.language"),
            options=LANGUAGES,
            format_func=lambda name: _LANGUAGE_NAMES[name],
            key="language_switch",
            required=True,
            label_visibility="collapsed",
            on_change=lambda: LANGUAGE.set(str(widget("language_switch"))),
        )


run()
