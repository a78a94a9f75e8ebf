"""Settings of one knowledge base: passage sizes, cleaning rules, the watched folder; and what a change asks for."""

import streamlit as st

from ingestion.load.ocr import is_ocr_available
from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.models import KnowledgeBase
from kb_app.services.documents.options import SIZE_RANGE, rule_names
from kb_app.ui.base_models import model_fields, save_models
from kb_app.ui.components import flash, flash_error, form_dialog
from kb_app.ui.jobs import is_busy
from kb_app.ui.markup import plain
from kb_app.ui.state import widget
from kb_app.ui.text import local_time, t

SETTINGS_DIALOG = "base_settings"
_SIZE, _OVERLAP, _OCR, _FOLDER = "base_chunk_size", "base_chunk_overlap", "base_ocr", "base_watch_folder"
_CHANGES_SHOWN = 30
#: As Git marks them.
_MARKS = {"added": "A", "changed": "M", "removed": "D", "refused": "!"}


def settings_dialog(app: App, base: KnowledgeBase) -> None:
    """Show the form of a base's settings."""
    form_dialog(t("settings.title"), t("common.save"), lambda: _fields(app, base), lambda: _save(app, base))


def _fields(app: App, base: KnowledgeBase) -> None:
    low, high = SIZE_RANGE
    with st.container(horizontal=True):
        st.number_input(t("settings.size"), low, high, base.chunk_size_units, 50, key=_SIZE, help=t("settings.units"))
        st.number_input(t("settings.overlap"), 0, high // 2, base.chunk_overlap_units, 10, key=_OVERLAP)
    st.caption(t("settings.rules"))
    with st.container(gap=None):
        for name in rule_names():
            st.checkbox(t(f"settings.rule_{name}"), value=name not in base.rules_off, key=f"rule_{name}")
    available = is_ocr_available()
    st.checkbox(
        t("settings.ocr"),
        value=base.ocr,
        key=_OCR,
        disabled=not available and not base.ocr,
        help=t("documents.ocr_help" if available else "documents.ocr_missing"),
    )
    st.text_input(
        t("settings.folder"),
        value=base.watch_folder,
        placeholder=t("settings.folder_hint"),
        help=t("settings.folder_help"),
        key=_FOLDER,
    )
    model_fields(app, base)


def _save(app: App, base: KnowledgeBase) -> None:
    folder = str(widget(_FOLDER) or "").strip()
    if folder != base.watch_folder:
        app.watching.set_folder(base.id, folder)
    save_models(app, base)
    app.library.configure(
        base.id,
        chunk_size_units=_number(_SIZE, base.chunk_size_units),
        chunk_overlap_units=_number(_OVERLAP, base.chunk_overlap_units),
        rules_off=[name for name in rule_names() if widget(f"rule_{name}") is False],
        ocr=widget(_OCR) is True,
    )
    flash(t("settings.saved"))


def _number(key: str, default: int) -> int:
    value = widget(key)
    return int(value) if isinstance(value, int | float) else default


def outdated_notice(app: App, base: KnowledgeBase) -> None:
    """Say how many documents were read with other settings, and offer to index them anew."""
    count = app.library.outdated(base.id)
    if not count or is_busy(app, base.id):
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="outdated"):
        st.markdown(f":material/autorenew: {t('settings.outdated', count=count)}", width="stretch")
        st.button(t("bases.reindex"), key="reindex_outdated", on_click=_reindex, args=(app, base.id))


def _reindex(app: App, base_id: str) -> None:
    try:
        app.library.reindex(base_id)
    except KBAppError as error:
        flash_error(error)


def watched_folder(app: App, base: KnowledgeBase) -> None:
    """Show which folder the base follows, and what changed there last."""
    if not base.watch_folder:
        return
    changes = app.watching.changes(base.id, _CHANGES_SHOWN)
    with st.expander(t("settings.watching", folder=plain(base.watch_folder)), icon=":material/folder_eye:"):
        if not changes:
            st.caption(t("settings.no_changes"))
        for file in changes:
            what = t(f"settings.change_{file.change}")
            st.markdown(
                f"`{_MARKS[file.change]}` {plain(file.name)} :gray[{what} · {plain(local_time(file.changed_at))}]"
            )
