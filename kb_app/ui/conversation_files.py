"""Conversations to files and from files."""

from collections.abc import Callable, Sequence

import streamlit as st

from kb_app.app import App
from kb_app.errors import BusyError
from kb_app.services.conversations.exporting import ExportFormat, file_name
from kb_app.services.conversations.importing import ImportProgress
from kb_app.ui.components import error_box, flash_error
from kb_app.ui.markup import label
from kb_app.ui.state import UPLOAD_GENERATION
from kb_app.ui.text import language, t

_ENDINGS: dict[ExportFormat, str] = {"markdown": "md", "html": "html", "json": "conversations.json"}
_REFRESH_S = 0.5


def export_buttons(app: App, conversation_ids: Callable[[], Sequence[str]], title: str, *, is_one: bool) -> None:
    """Draw a download for each format; the file is made when it is asked for."""
    with st.container(horizontal=True, gap="small"):
        for form, ending in _ENDINGS.items():
            name = file_name(title) if is_one else "kb-app"
            suffix = ending if is_one or form == "json" else "zip"
            st.download_button(
                t(f"history.export_{form}"),
                data=_file(app, conversation_ids, form),
                file_name=f"{name}.{suffix}",
                key=f"export_{form}_{'one' if is_one else title}",
                icon=":material/download:",
                on_click="ignore",
            )


def _file(app: App, conversation_ids: Callable[[], Sequence[str]], form: ExportFormat) -> Callable[[], bytes]:
    reader = language()  # asked now: the file is made where no session is known
    return lambda: app.exporter.export(conversation_ids(), form, reader).data


def files_menu(app: App) -> None:
    """Draw the popover for importing a file and exporting everything."""
    with st.popover(t("history.files"), icon=":material/import_export:", key="history_files"):
        file = st.file_uploader(
            t("history.import"),
            type=["json", "zip"],
            key=f"import_{UPLOAD_GENERATION.get()}",
            help=t("history.import_help"),
        )
        st.caption(t("history.import_note"))
        st.markdown(f"**{t('history.export_all')}**")
        export_buttons(app, app.exporter.all_ids, "all", is_one=False)
        st.caption(t("history.export_note"))
    if file is not None:
        try:
            app.importer.start(file.name, file.getvalue())
        except BusyError as error:
            flash_error(error)
        UPLOAD_GENERATION.set(UPLOAD_GENERATION.get() + 1)  # a new key empties the box
        st.rerun()


def import_progress(app: App) -> None:
    """Show how far the last file is, until the reader has seen its outcome."""
    progress = app.importer.progress
    if progress is not None:
        is_running = progress.state == "running"
        st.fragment(run_every=_REFRESH_S if is_running else None)(_import_progress)(app, is_running)


def _import_progress(app: App, was_running: bool) -> None:
    progress = app.importer.progress
    if progress is None or (was_running and progress.state != "running"):
        st.rerun()
    if progress.state == "running":
        share = progress.done / progress.total if progress.total else 0.0
        st.progress(share, text=label(t("history.importing", name=progress.name, done=progress.done)))
        return
    with st.container(key="import_outcome", horizontal=True, vertical_alignment="center"):
        with st.container():
            _outcome(progress)
        st.button("", key="import_seen", icon=":material/close:", type="tertiary", on_click=app.importer.forget)


def _outcome(progress: ImportProgress) -> None:
    if progress.error is not None:
        error_box(progress.error)
        return
    counts = {"added": progress.added, "updated": progress.updated, "unchanged": progress.unchanged}
    st.success(t("history.imported", **counts), icon=":material/check:")
