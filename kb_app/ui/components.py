"""Small parts several pages share: error box, notices, confirmation, flash."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from ingestion.errors import IngestionError
from kb_app.errors import KBAppError
from kb_app.messages import notice_text
from kb_app.models import ErrorInfo, Notice
from kb_app.ui.markup import plain
from kb_app.ui.state import DIALOG, FLASH
from kb_app.ui.text import describe, language, t

_STYLE = Path(__file__).resolve().with_name("style.css")
_LEVEL_ICONS = {"info": ":material/info:", "warning": ":material/build:", "error": ":material/error:"}


def apply_style() -> None:
    """Add our own static style sheet, and the uploader's words, which Streamlit cannot translate itself."""
    st.html(_STYLE)
    words = {"button": t("upload.button"), "drop": t("upload.drop")}
    rules = "".join(f'--kb-upload-{name}: "{text}";' for name, text in words.items())
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
    """Forget which dialog is open."""
    DIALOG.pop()


def confirm(title: str, text: str, action: str, on_confirm: Callable[[], None]) -> None:
    """Ask before something that cannot be undone; on yes, run ``on_confirm`` and redraw the page."""

    @st.dialog(title, on_dismiss=close_dialog)
    def ask() -> None:
        st.markdown(text)
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(t("common.cancel"), key="confirm_no"):
                close_dialog()
                st.rerun()
            if st.button(action, key="confirm_yes", type="primary"):
                close_dialog()
                on_confirm()
                st.rerun()

    ask()
