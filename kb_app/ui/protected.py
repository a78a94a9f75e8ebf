"""Documents that need help to be read: the password of protected ones, OCR for pictures of text."""

from collections.abc import Sequence

import streamlit as st

from ingestion.load.ocr import OCR_WARNING, is_ocr_available
from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.models import OCR_CODES, PASSWORD_CODES, DocumentRecord, Job
from kb_app.ui.components import flash_error, form_dialog, open_dialog
from kb_app.ui.state import DIALOG, widget
from kb_app.ui.text import t

PASSWORD_DIALOG, ARCHIVE_DIALOG = "document_password", "archive_password"
_PASSWORD = "document_password_text"


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


def ocr_button(app: App, documents: Sequence[DocumentRecord]) -> None:
    """Offer to recognise the text of scanned and garbled documents, where Tesseract is installed; say how where not."""
    pictures = [document for document in documents if _needs_ocr(document)]
    if not pictures:
        return
    available = is_ocr_available()
    st.button(
        t("documents.ocr", count=len(pictures)),
        key="ocr_documents",
        icon=":material/document_scanner:",
        help=t("documents.ocr_help" if available else "documents.ocr_missing"),
        disabled=not available,
        on_click=_recognise,
        args=(app, [document.id for document in pictures]),
    )


def locked_archives(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs of ZIP files that take a password."""
    return [job for job in jobs if job.kind == "expand" and job.error is not None and job.error.code in PASSWORD_CODES]


def archive_button(count: int) -> None:
    """Offer to give the password of ZIP files."""
    st.button(
        t("documents.unlock", count=count),
        key="unlock_archives",
        icon=":material/lock_open:",
        type="tertiary",
        on_click=open_dialog,
        args=(ARCHIVE_DIALOG,),
    )


def archive_dialog(app: App, base_id: str) -> None:
    """Show the dialog that asks for the password of ZIP files, if it was asked for."""
    if DIALOG.get() == ARCHIVE_DIALOG:
        form_dialog(
            t("documents.unlock_archive"),
            t("documents.unlock_submit"),
            _field,
            lambda: _unlock_archives(app, base_id),
        )


def _unlock_archives(app: App, base_id: str) -> None:
    password = str(widget(_PASSWORD) or "")
    if password:
        app.library.unlock_archives(base_id, password)


def _needs_ocr(document: DocumentRecord) -> bool:
    if document.error is not None:
        return document.error.code in OCR_CODES
    return bool(document.unreadable_pages) and OCR_WARNING not in document.warnings


def _recognise(app: App, document_ids: Sequence[str]) -> None:
    try:
        app.library.retry(document_ids, ocr=True)
    except KBAppError as error:
        flash_error(error)


def _protected(documents: Sequence[DocumentRecord]) -> list[DocumentRecord]:
    return [document for document in documents if document.error is not None and document.error.code in PASSWORD_CODES]


def _field() -> None:
    st.text_input(t("documents.password"), type="password", key=_PASSWORD, help=t("documents.password_help"))


def _unlock(app: App, documents: Sequence[DocumentRecord]) -> None:
    password = str(widget(_PASSWORD) or "")
    if password:
        app.library.retry([document.id for document in documents], password=password)
