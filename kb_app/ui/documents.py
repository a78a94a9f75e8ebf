"""The documents of a knowledge base: find, select, remove, retry."""

from collections.abc import Sequence

import streamlit as st

from kb_app.app import App
from kb_app.errors import KBAppError
from kb_app.models import DocumentRecord, KnowledgeBase, SummaryCard
from kb_app.ui.components import confirm, flash, flash_error, open_dialog
from kb_app.ui.document_facts import fact_lines
from kb_app.ui.jobs import is_busy
from kb_app.ui.markup import label
from kb_app.ui.protected import ocr_button, password_button, password_dialog
from kb_app.ui.state import (
    DIALOG,
    DOCUMENT_PAGE,
    SELECTED_DOCUMENTS,
    set_widget,
    widget,
)
from kb_app.ui.tags import tags_button, tags_dialog
from kb_app.ui.text import t

REMOVE_DIALOG = "remove_documents"
_PAGE_SIZE = 25


def document_list(app: App, base: KnowledgeBase) -> None:
    """Draw the documents with a search box, a status filter, and what can be done with the selected ones."""
    documents = app.library.documents(base.id)
    st.subheader(t("documents.title"), anchor=False)
    if not documents:
        st.caption(t("documents.none"))
        return
    shown = _filtered(documents)
    _actions(app, base, documents, shown)
    if not shown:
        st.caption(t("documents.no_match"))
        return
    first = min(DOCUMENT_PAGE.get(), (len(shown) - 1) // _PAGE_SIZE) * _PAGE_SIZE
    page = shown[first : first + _PAGE_SIZE]
    cards = app.summaries.of_documents([document.id for document in page])
    with st.container(key="documents", gap=None):
        for document in page:
            _row(document, cards.get(document.id))
    _pager(first, len(shown))


def _has_problem(document: DocumentRecord) -> bool:
    return document.status == "failed" or bool(document.unreadable_pages)


def _filtered(documents: Sequence[DocumentRecord]) -> list[DocumentRecord]:
    problems = [document for document in documents if _has_problem(document)]
    fine = [document for document in documents if not _has_problem(document)]
    groups = {"all": list(documents), "ready": fine, "failed": problems}
    with st.container(horizontal=True, vertical_alignment="center", key="document_filter"):
        words = st.text_input(
            t("documents.search"),
            key="document_search",
            icon=":material/search:",
            placeholder=t("documents.search"),
            label_visibility="collapsed",
            on_change=DOCUMENT_PAGE.reset,
        )
        group = "all"
        if problems:
            group = st.segmented_control(
                t("documents.title"),
                options=list(groups),
                format_func=lambda name: t(f"documents.{name}", count=len(groups[name])),
                default="all",
                required=True,
                key="document_group",
                label_visibility="collapsed",
                on_change=DOCUMENT_PAGE.reset,
            )
    wanted = (words or "").casefold().strip()
    return [document for document in groups[group or "all"] if _matches(document, wanted)]


def _matches(document: DocumentRecord, words: str) -> bool:
    return any(words in text.casefold() for text in (document.name, *document.tags))


def _actions(
    app: App, base: KnowledgeBase, documents: Sequence[DocumentRecord], shown: Sequence[DocumentRecord]
) -> None:
    selected = SELECTED_DOCUMENTS.get() & {document.id for document in documents}
    failed = [document.id for document in documents if document.status == "failed"]
    shown_ids = frozenset(document.id for document in shown)
    chosen = [document for document in documents if not selected or document.id in selected]
    with st.container(horizontal=True, vertical_alignment="center", key="document_actions"):
        if shown:
            set_widget("select_all", shown_ids <= selected)
            st.checkbox(
                t("documents.select_all", count=len(shown)),
                key="select_all",
                on_change=_select_all,
                args=(shown_ids,),
            )
        if selected:
            tags_button(len(selected))
            st.button(
                t("documents.remove", count=len(selected)),
                key="remove_documents",
                icon=":material/delete:",
                on_click=open_dialog,
                args=(REMOVE_DIALOG,),
            )
        password_button(chosen)
        if not is_busy(app, base.id):
            ocr_button(app, chosen)
        if failed and not is_busy(app, base.id):
            st.button(
                t("documents.retry", count=len(failed)),
                key="retry_documents",
                icon=":material/refresh:",
                on_click=_retry,
                args=(app, failed),
            )
    _remove_dialog(app, base, selected)
    tags_dialog(app, base, [document for document in documents if document.id in selected])
    password_dialog(app, chosen)


def _retry(app: App, document_ids: Sequence[str]) -> None:
    try:
        app.library.retry(document_ids)
    except KBAppError as error:
        flash_error(error)


def _select_all(shown_ids: frozenset[str]) -> None:
    selected = SELECTED_DOCUMENTS.get()
    SELECTED_DOCUMENTS.set(selected | shown_ids if widget("select_all") else selected - shown_ids)


def _row(document: DocumentRecord, card: SummaryCard | None) -> None:
    key = f"document_{document.id}"
    with st.container(key=f"row_{document.id}", gap=None):
        with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
            set_widget(key, document.id in SELECTED_DOCUMENTS.get())
            st.checkbox(label(document.name, 90), key=key, width="stretch", on_change=_select, args=(document.id, key))
            if _has_problem(document):
                failed = document.status == "failed"
                st.badge(
                    t("documents.status_failed" if failed else "documents.status_partial"),
                    color="red" if failed else "orange",
                )
        with st.container(key=f"facts_{document.id}"):
            st.markdown("  \n".join(f":small[{line}]" for line in fact_lines(document, card)))


def _select(document_id: str, key: str) -> None:
    selected = SELECTED_DOCUMENTS.get()
    SELECTED_DOCUMENTS.set(selected | {document_id} if widget(key) else selected - {document_id})


def _pager(first: int, count: int) -> None:
    if count <= _PAGE_SIZE:
        return
    page, last = first // _PAGE_SIZE, min(first + _PAGE_SIZE, count)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="center"):
        _page_button(t("documents.previous"), ":material/chevron_left:", page - 1, disabled=page == 0)
        st.caption(t("documents.position", first=first + 1, last=last, count=count), width="content")
        _page_button(t("documents.next"), ":material/chevron_right:", page + 1, disabled=last == count)


def _page_button(text: str, icon: str, page: int, *, disabled: bool) -> None:
    st.button(
        text,
        key=f"documents_{icon}",
        icon=icon,
        type="tertiary",
        disabled=disabled,
        on_click=DOCUMENT_PAGE.set,
        args=(page,),
    )


def _remove_dialog(app: App, base: KnowledgeBase, selected: frozenset[str]) -> None:
    if DIALOG.get() != REMOVE_DIALOG or not selected:
        return

    def remove() -> None:
        try:
            count = app.library.remove(base.id, sorted(selected))
        except KBAppError as error:
            flash_error(error)
        else:
            SELECTED_DOCUMENTS.pop()
            flash(t("documents.removed", count=count))

    title = t("documents.remove_title", count=len(selected))
    confirm(title, t("documents.remove_text"), t("common.delete"), remove)
