"""Corrections from a file: what it holds is shown before anything is saved."""

from collections.abc import Sequence

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.models import KnowledgeBase
from kb_app.services.corrections.files import FileContent, import_corrections, read_corrections
from kb_app.ui.components import error_box, flash, flash_error
from kb_app.ui.corrections_queue import base_filter
from kb_app.ui.corrections_state import AUTHOR, STATUS_FILTER, VIEW
from kb_app.ui.markup import plain
from kb_app.ui.text import t

_SHOWN = 20


def importing(app: App, bases: Sequence[KnowledgeBase]) -> None:
    """Draw the upload and the preview."""
    base_id = base_filter(bases, "import", needs_one=True)
    if base_id is None:
        st.info(t("chat.no_bases"), icon=":material/library_add:")
        return
    st.caption(t("corrections.import_text", name=plain(app.library.base(base_id).name)))
    file = st.file_uploader(t("corrections.file"), type=["csv", "tsv", "json", "jsonl"], key="corrections_file")
    if file is None:
        return
    data, name = file.getvalue(), file.name
    try:
        content = read_corrections(data, name, base_id, AUTHOR.get(), app.corrections.all(base_id))
    except KBAppError as error:
        error_box(error)
        return
    _preview(content)
    st.button(
        t("corrections.import_all", count=len(content.corrections)),
        key="import_corrections",
        type="primary",
        icon=":material/download_done:",
        disabled=not content.corrections,
        on_click=_import,
        args=(app, data, name, base_id),
    )


def _preview(content: FileContent) -> None:
    st.markdown(t("corrections.found", count=len(content.corrections), duplicates=content.duplicates))
    rows = [
        {t("corrections.question"): one.question, t("corrections.corrected"): one.chosen}
        for one in content.corrections[:_SHOWN]
    ]
    if rows:
        st.dataframe(rows, hide_index=True)


def _import(app: App, data: bytes, name: str, base_id: str) -> None:
    try:
        content = import_corrections(app.corrections, data, name, base_id, AUTHOR.get())
    except KBAppError as error:
        flash_error(error)
        return
    STATUS_FILTER.set("draft")
    VIEW.set("all")
    flash(t("corrections.imported", count=len(content.corrections), duplicates=content.duplicates))
