"""Further ways to add: a page of the web, and a look at how a file would be cut before it is added."""

import streamlit as st

from ingestion.errors import IngestionError
from ingestion.models import Chunk, PreparedDocument
from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.models import PASSWORD_CODES, KnowledgeBase
from kb_app.services.documents.library import Upload
from kb_app.services.documents.options import prepared_with
from kb_app.ui.components import error_box, flash, flash_error
from kb_app.ui.document_facts import unreadable_text, warning_texts
from kb_app.ui.markup import plain
from kb_app.ui.state import UPLOAD_GENERATION, set_widget, widget
from kb_app.ui.text import t

_URL, _PASSWORD, _FIRST = "page_url", "preview_password", "preview_first"
_CHUNKS_SHOWN = 10
_NUMBER_WIDTH = 240
_KEPT_S = 600


def more_ways(app: App, base: KnowledgeBase) -> None:
    """Draw the further ways, folded."""
    with st.expander(t("adding.more"), icon=":material/add_link:", key="more_ways"):
        with (
            st.form("page_form", border=False, clear_on_submit=False),
            st.container(horizontal=True, vertical_alignment="bottom"),
        ):
            st.text_input(t("adding.url"), key=_URL, placeholder="https://", max_chars=2000)
            st.form_submit_button(t("adding.fetch"), key="fetch_page", on_click=_fetch, args=(app, base.id))
        _preview(app, base)


def _fetch(app: App, base_id: str) -> None:
    try:
        app.library.add_page(base_id, str(widget(_URL) or ""))
    except KBAppError as error:
        flash_error(error)
    else:
        set_widget(_URL, "")
        flash(t("adding.fetching"))


def _preview(app: App, base: KnowledgeBase) -> None:
    file = st.file_uploader(
        t("adding.preview"),
        key=f"preview_{base.id}_{UPLOAD_GENERATION.get()}",
        help=t("adding.preview_help"),
    )
    if file is None:
        return
    data = file.getvalue()
    password = str(widget(_PASSWORD) or "") or None
    prepared, failure = None, None
    try:
        with st.spinner(t("adding.reading")):
            prepared = _prepared(app, data, file.name, base.id, prepared_with(base), password)
    except (IngestionError, KBAppError) as error:
        failure = error
        error_box(error)
    if password or (failure is not None and failure.code in PASSWORD_CODES):
        st.text_input(t("documents.password"), type="password", key=_PASSWORD, help=t("documents.password_help"))
    if prepared is None:
        return
    _verdict(prepared)
    st.button(
        t("adding.add"),
        key="add_previewed",
        type="primary",
        icon=":material/add:",
        on_click=_add,
        args=(app, base.id, Upload(name=file.name, data=data), password),
    )
    _chunks(prepared.chunks)


@st.cache_data(max_entries=4, ttl=_KEPT_S, show_spinner=False)
def _prepared(
    _app: App, data: bytes, name: str, base_id: str, _options: str, _password: str | None
) -> PreparedDocument:
    """Return the preview; a rerun for another page of it reads nothing again."""
    return _app.library.preview(data, name, base_id, password=_password)


def _verdict(prepared: PreparedDocument) -> None:
    loaded, document = prepared.loaded, prepared.document
    parts = [t("jobs.chunks", count=len(prepared.chunks)), t("adding.characters", count=len(document.text))]
    if document.pages:
        parts.insert(0, t("jobs.pages", count=len(document.pages)))
    if loaded.encoding:
        parts.append(loaded.encoding)
    if document.title:
        parts.append(document.title)
    st.markdown(f":green[:material/check_circle:] {plain(' · '.join(parts))}")
    problems = warning_texts(loaded.warnings, loaded.encoding)
    if loaded.unreadable_pages:
        problems.append(unreadable_text(loaded.unreadable_pages))
    for problem in problems:
        st.warning(plain(problem))


def _chunks(chunks: tuple[Chunk, ...]) -> None:
    first = 0
    if len(chunks) > _CHUNKS_SHOWN:
        from_what = t("adding.from", count=len(chunks))
        first = int(st.number_input(from_what, 1, len(chunks), 1, _CHUNKS_SHOWN, key=_FIRST, width=_NUMBER_WIDTH)) - 1
    for chunk in chunks[first : first + _CHUNKS_SHOWN]:
        where = [f"{chunk.index + 1}"]
        if chunk.page is not None:
            where.append(t("sources.page", page=chunk.page))
        if chunk.heading:
            where.append(" › ".join(chunk.heading))
        where.append(t("adding.characters", count=len(chunk.text)))
        with st.container(border=True, gap="small"):
            st.caption(plain(" · ".join(where)))
            st.markdown(plain(chunk.text))


def _add(app: App, base_id: str, upload: Upload, password: str | None) -> None:
    try:
        app.library.add_files(base_id, [upload], password=password)
    except KBAppError as error:
        flash_error(error)
    else:
        UPLOAD_GENERATION.set(UPLOAD_GENERATION.get() + 1)
        flash(t("upload.started", count=1))
