"""Small parts several pages share: error box, notices, confirmation, flash."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from ingestion.errors import IngestionError
from kb_app.errors import KBAppError, error_info
from kb_app.messages import notice_text
from kb_app.models import ErrorInfo, Notice
from kb_app.ui.markup import plain
from kb_app.ui.state import DIALOG, FLASH, FORM_ERROR
from kb_app.ui.text import describe, language, t

_STYLE = Path(__file__).resolve().with_name("style.css")
_LEVEL_ICONS = {"info": ":material/info:", "warning": ":material/build:", "error": ":material/error:"}


def apply_style() -> None:
    """Add our own static style sheet, and the words of boxes and the uploader, which Streamlit cannot translate."""
    st.html(_STYLE)
    words = {
        "upload-button": t("upload.button"),
        "upload-drop": t("upload.drop"),
        "upload-folder-button": t("upload.folder_button"),
        "upload-folder-drop": t("upload.folder_drop"),
        "upload-refused": t("upload.refused"),
        "enter": t("app.enter"),
        "enter-with-control": t("app.enter_with_control"),
    }
    rules = "".join(f'--kb-{name}: "{text}";' for name, text in words.items())
    st.html(f"<style>:root {{ {rules} }}</style>")


def error_box(error: ErrorInfo | KBAppError | IngestionError) -> None:
    """Show what went wrong in one sentence, and what to do in the next."""
    message, hint = describe(error)
    st.error(f"**{plain(message)}**" + (f"  \n{plain(hint)}" if hint else ""), icon=":material/error:")


def show_notice(notice: Notice) -> None:
    """Show one thing the app did or found by itself."""
    text, icon = plain(notice_text(language(), notice)), _LEVEL_ICONS[notice.level]
    {"info": st.info, "warning": st.warning, "error": st.error}[notice.level](text, icon=icon)


def flash(sentence: str) -> None:
    """Say ``sentence`` in the next run: a toast right before a rerun would never be seen."""
    FLASH.set(sentence)


def flash_error(error: KBAppError | IngestionError) -> None:
    """Say in the next run what went wrong and what to do."""
    flash(" ".join(describe(error)))


def show_flash() -> None:
    """Show the sentence left by the previous run."""
    sentence = FLASH.pop()
    if sentence:
        st.toast(plain(sentence))


def open_dialog(name: str) -> None:
    """Ask for the dialog ``name`` in the next run (for ``on_click``)."""
    DIALOG.set(name)


def close_dialog() -> None:
    """Forget which dialog is open, and what was wrong in it."""
    DIALOG.pop()
    FORM_ERROR.pop()


# Clicks are taken by callbacks, never by `if st.button(...)`: the tick of a live fragment can end the run in
# which the button is true before that line is reached, and the click would be lost.


def confirm(title: str, text: str, action: str, on_confirm: Callable[[], None]) -> None:
    """Ask before something that cannot be undone; on yes, run ``on_confirm`` and redraw the page."""

    def confirmed() -> None:
        close_dialog()
        on_confirm()

    @st.dialog(title, on_dismiss=close_dialog)
    def ask() -> None:
        if not DIALOG.get():
            st.rerun()
        st.markdown(text)
        with st.container(horizontal=True, horizontal_alignment="right"):
            st.button(t("common.cancel"), key="confirm_no", on_click=close_dialog)
            st.button(action, key="confirm_yes", type="primary", on_click=confirmed)

    ask()


def form_dialog(title: str, submit: str, fields: Callable[[], None], on_submit: Callable[[], None]) -> None:
    """Show a form; ``on_submit`` reads the widgets that ``fields`` drew. It stays open on a KBAppError, and says it."""

    def submitted() -> None:
        FORM_ERROR.pop()
        try:
            on_submit()
        except KBAppError as error:
            FORM_ERROR.set(error_info(error))
        else:
            close_dialog()

    @st.dialog(title, on_dismiss=close_dialog)
    def show() -> None:
        if not DIALOG.get():
            st.rerun()
        with st.form("dialog_form", border=False):
            fields()
            st.form_submit_button(submit, type="primary", key="dialog_submit", on_click=submitted)
        failure = FORM_ERROR.get()
        if failure is not None:
            error_box(failure)

    show()
