"""The sources of an answer: cards below it, and the passage shown in its document."""

from collections.abc import Sequence

import streamlit as st

from kb_app.app import App
from kb_app.errors import NotFoundError
from kb_app.models import Message, Source
from kb_app.ui.excerpt import excerpt, excerpt_html, locate
from kb_app.ui.markup import label, plain
from kb_app.ui.state import CONTEXT_CHARS, PASSAGE, OpenPassage
from kb_app.ui.text import t

_PREVIEW_CHARS = 120


def source_list(message: Message) -> None:
    """Show the sources of an answer in one expander: those it cites first, then those it was offered."""
    if not message.sources:
        return
    unused = message.status == "no_sources"
    cited = [source for source in message.sources if source.marker in message.cited]
    main = cited or list(message.sources)
    title = t("sources.nearest" if unused else "sources.title", count=len(main))
    with st.expander(title, icon=":material/format_quote:", key=f"sources_{message.id}"):
        for source in main:
            _card(message.id, source)
        others = [source for source in message.sources if source not in main]
        if others:
            st.caption(t("sources.others"))
        for source in others:
            _card(message.id, source, limit=_PREVIEW_CHARS)


def _card(message_id: str, source: Source, limit: int | None = None) -> None:
    text = source.text if limit is None or len(source.text) <= limit else f"{source.text[:limit]}…"
    with st.container(key=f"source_{message_id}_{source.marker}", gap="xsmall"):
        st.markdown(f":orange-badge[{source.marker}] **{label(source.document, 80)}**")
        where = where_text(source)
        if where:
            st.caption(where)
        st.markdown(plain(text))
        st.button(
            t("sources.open"),
            key=f"open_{message_id}_{source.marker}",
            type="tertiary",
            icon=":material/find_in_page:",
            on_click=open_passage,
            args=(message_id, source.marker),
        )


def where_text(source: Source) -> str:
    """Return page and headings of a source as a Markdown label."""
    parts = [] if source.page is None else [t("sources.page", page=source.page)]
    if source.is_card:
        parts.append(t("summaries.source"))
    if source.heading:
        parts.append(label(" › ".join(source.heading), 120))
    return " · ".join(parts)


def open_passage(message_id: str, marker: int) -> None:
    """Ask for the dialog with this source in the next run (for ``on_click``)."""
    PASSAGE.set(OpenPassage(message_id=message_id, marker=marker))
    CONTEXT_CHARS.pop()


def _close() -> None:
    PASSAGE.pop()


def passage_dialog(app: App, messages: Sequence[Message]) -> None:
    """Show the passage the reader opened, if any, in a dialog over the page."""
    opened = PASSAGE.get()
    if opened is None:
        return
    for message in messages:
        for source in message.sources:
            if message.id == opened.message_id and source.marker == opened.marker:
                dialog = st.dialog(
                    t("passage.title"), width="medium", icon=":material/find_in_page:", on_dismiss=_close
                )
                dialog(_passage)(app, source)
                return


def _passage(app: App, source: Source) -> None:
    where = where_text(source)
    st.markdown(f":orange-badge[{source.marker}] **{label(source.document, 80)}**")
    if where:
        st.caption(where)
    try:
        content = app.library.text(source.document_id)
    except NotFoundError:
        st.info(t("passage.gone"), icon=":material/history:")
        st.markdown(plain(source.text))
        return
    span = locate(content.text, source)
    if span is None:
        st.info(t("passage.changed"), icon=":material/history:")
        st.markdown(plain(source.text))
    else:
        shown = excerpt(content.text, span, CONTEXT_CHARS.get())
        labels = {page.number: t("passage.page_break", page=page.number) for page in content.pages}
        with st.container(key="passage_text"):
            st.html(excerpt_html(shown, content.pages, labels))
        if not shown.is_whole:
            st.button(t("passage.more"), key="passage_more", icon=":material/unfold_more:", on_click=_widen)
    _download(app, source)


def _widen() -> None:
    CONTEXT_CHARS.set(CONTEXT_CHARS.get() * 4)


def _download(app: App, source: Source) -> None:
    path = app.library.original(source.document_id)
    st.download_button(
        t("passage.download"),
        data=path.read_bytes,
        file_name=source.document,
        key="passage_download",
        icon=":material/download:",
        on_click="ignore",
    )
