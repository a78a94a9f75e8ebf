"""Protected documents: ask for the password and read them again."""

from collections.abc import Sequence

import streamlit as st

from kb_app.app import App
from kb_app.models import DocumentRecord
from kb_app.ui.components import form_dialog, open_dialog
from kb_app.ui.state import DIALOG, widget
from kb_app.ui.text import t

PASSWORD_DIALOG = "document_password"
_PASSWORD = "document_password_text"
PASSWORD_CODES = ("password_needed", "password_wrong")


def password_button(documents: Sequence[DocumentRecord]) -> None:
    """Offer to unlock, where some documents are protected."""
    count = len(_protected(documents))
    if count:
        st.button(
            t("documents.unlock", count=count),
            key="unlock_documents",
            icon=":material/lock_open:",
            on_click=open_dialog,
            args=(PASSWORD_DIALOG,),
        )


def password_dialog(app: App, documents: Sequence[DocumentRecord]) -> None:
    """Show the dialog that asks for the password, if it was asked for; ``documents`` are those it may be for."""
    protected = _protected(documents)
    if DIALOG.get() == PASSWORD_DIALOG and protected:
        form_dialog(
            t("documents.unlock_title", count=len(protected)),
            t("documents.unlock_submit"),
            _field,
            lambda: _unlock(app, protected),
        )


def _protected(documents: Sequence[DocumentRecord]) -> list[DocumentRecord]:
    return [document for document in documents if document.error is not None and document.error.code in PASSWORD_CODES]


def _field() -> None:
    st.text_input(t("documents.password"), type="password", key=_PASSWORD, help=t("documents.password_help"))


def _unlock(app: App, documents: Sequence[DocumentRecord]) -> None:
    password = str(widget(_PASSWORD) or "")
    if password:
        app.library.retry([document.id for document in documents], password=password)
