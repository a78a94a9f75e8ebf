"""The box that takes files, or a whole folder with the files below it."""

from collections.abc import Sequence
from functools import cache

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ingestion.load import supported_extensions
from ingestion.load.sniff import CLOSED_EXTENSIONS, MEDIA_EXTENSIONS
from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.models import KnowledgeBase
from kb_app.services.documents.intake import ARCHIVE_EXTENSION, Upload, is_hidden
from kb_app.ui.components import flash, flash_error
from kb_app.ui.state import UPLOAD_FOLDER, UPLOAD_GENERATION, UPLOADED_FILES
from kb_app.ui.text import t


def upload_box(app: App, base: KnowledgeBase) -> None:
    """Draw the box that takes any number of files, or a folder, and hands them over as soon as they have arrived."""
    extensions = (*supported_extensions(), ARCHIVE_EXTENSION)
    names = ", ".join(extension.lstrip(".").upper() for extension in extensions)
    is_folder = UPLOAD_FOLDER.get()
    with st.container(key="upload_folder" if is_folder else "upload_files", gap="small"):
        files = st.file_uploader(
            t("upload.label"),
            type=_folder_extensions() if is_folder else None,
            accept_multiple_files="directory" if is_folder else True,
            key=f"upload_{base.id}_{UPLOAD_GENERATION.get()}",
            help=t("upload.folder_help") if is_folder else t("upload.help", extensions=names),
        )
        with st.container(horizontal=True, vertical_alignment="top", key="upload_foot"):
            st.caption(t("upload.limit", size=app.settings.max_upload_mb), width="stretch")
            st.button(
                t("upload.files" if is_folder else "upload.folder"),
                key="upload_other_way",
                icon=":material/description:" if is_folder else ":material/folder_open:",
                type="tertiary",
                on_click=UPLOAD_FOLDER.set,
                args=(not is_folder,),
            )
    if files:
        _add(app, base.id, files)
        UPLOAD_GENERATION.set(UPLOAD_GENERATION.get() + 1)  # a new key empties the box
        st.rerun()


@cache
def _folder_extensions() -> tuple[str, ...]:
    """Return the endings of the files of a folder that are sent, without dots.

    Among them are sound and documents that cannot be read, so that the outcome names them and says what to do; of
    single files all are taken, for somebody chose each. What the box itself refuses, it refuses in English and forgets.
    """
    every = (*supported_extensions(), ARCHIVE_EXTENSION, *sorted(MEDIA_EXTENSIONS), *sorted(CLOSED_EXTENSIONS))
    return tuple(extension.lstrip(".") for extension in every)


def _add(app: App, base_id: str, files: Sequence[UploadedFile]) -> None:
    """Add every file once, but for those in hidden folders.

    Streamlit may break a run, and a callback, off at any access to its session state to start the next run, which
    finds the same files in the box. So the files are noted in place, with no such access before they are added.
    """
    known = UPLOADED_FILES.get()
    if known is None:
        known = set()
        UPLOADED_FILES.set(known)
    new = [file for file in files if file.file_id not in known]
    if not new:
        return
    known.update(file.file_id for file in new)
    wanted = [file for file in new if not is_hidden(file.name)]
    try:
        app.library.add_files(base_id, [Upload(name=file.name, data=file.getvalue()) for file in wanted])
    except KBAppError as error:
        flash_error(error)
        return
    sentences = [t("upload.started", count=len(wanted))] if wanted else []
    if len(new) > len(wanted):
        sentences.append(t("upload.hidden", count=len(new) - len(wanted)))
    flash(" ".join(sentences))
