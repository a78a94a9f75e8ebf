"""The passage behind a citation, shown in its document: text, Markdown, or the page itself."""

from collections.abc import Iterable, Sequence
from html import escape

import streamlit as st

from kb_app.app import App
from kb_app.errors import NotFoundError
from kb_app.models import Message, Source
from kb_app.retrieval.analyzer import analyse
from kb_app.services.answers.citations import quoted
from kb_app.services.answers.support import evidence
from kb_app.services.documents.library import DocumentText
from kb_app.ui.excerpt import Excerpt, Span, excerpt, excerpt_html, heading_at, locate, markdown_parts
from kb_app.ui.highlight import matched
from kb_app.ui.markup import label, plain
from kb_app.ui.page_route import page_address
from kb_app.ui.sources import where_text
from kb_app.ui.state import CONTEXT_CHARS, PASSAGE
from kb_app.ui.text import t

_MARKDOWN, _PDF = "text/markdown", "application/pdf"
_WHOLE_CHARS = 1_000_000
_MOST_CHARS = 150_000


def passage_dialog(app: App, messages: Iterable[Message]) -> None:
    """Show the passage the reader opened, if any, in a dialog over the page."""
    opened = PASSAGE.get()
    if opened is None:
        return
    for message in messages:
        for source in message.sources:
            if message.id == opened.message_id and source.marker == opened.marker:
                _open(app, message, source)
                return


def _open(app: App, message: Message, source: Source) -> None:
    try:
        content = app.library.text(source.document_id)
    except NotFoundError:
        content = None
    has_pages = content is not None and content.document.media_type == _PDF
    dialog = st.dialog(
        t("passage.title"),
        width="large" if has_pages else "medium",
        position="center" if has_pages else "right",
        icon=":material/find_in_page:",
        on_dismiss=PASSAGE.reset,
    )
    dialog(_passage)(app, message, source, content)


def _passage(app: App, message: Message, source: Source, content: DocumentText | None) -> None:
    span = None if content is None else locate(content.text, source)
    marks = [] if content is None or span is None else _marks(message, source, span)
    _head(source, content, marks[0][0] if marks else source.start)
    if content is None or span is None:
        st.info(t("passage.gone" if content is None else "passage.changed"), icon=":material/history:")
        st.markdown(plain(source.text))
    else:
        _document(message, source, content, span, marks)
    if content is not None:
        _buttons(app, source, content, span)


def _head(source: Source, content: DocumentText | None, place: int) -> None:
    st.markdown(f":orange-badge[{source.marker}] **{label(source.document, 80)}**")
    is_markdown = content is not None and content.document.media_type == _MARKDOWN and not source.is_card
    where = where_text(source, heading_at(content.text, place) if content is not None and is_markdown else None)
    if where:
        st.caption(where)


def _marks(message: Message, source: Source, span: Span) -> list[Span]:
    """Return what the answer took from the passage, as spans of the document's text; else the whole passage."""
    if source.is_card:  # a summary stands nowhere in its document
        return []
    found = quoted(message.text, source) or evidence(message.text, source) or ((0, len(source.text)),)
    return [(span[0] + start, span[0] + end) for start, end in found]


def _document(message: Message, source: Source, content: DocumentText, span: Span, marks: Sequence[Span]) -> None:
    shown = excerpt(content.text, span, min(CONTEXT_CHARS.get(), _MOST_CHARS))
    if content.document.media_type == _PDF and source.page is not None:
        _beside_page(message, source, content, shown, marks)
    elif content.document.media_type == _MARKDOWN:
        views = {"formatted": t("passage.formatted"), "source": t("passage.source_text")}
        view = st.segmented_control(
            t("passage.view"),
            options=list(views),
            format_func=lambda name: views[name],
            default="formatted",
            required=True,
            key="passage_view",
            label_visibility="collapsed",
        )
        _markdown(shown, marks) if view == "formatted" else _text(message, content, shown, marks)
    else:
        _text(message, content, shown, marks)


def _beside_page(
    message: Message, source: Source, content: DocumentText, shown: Excerpt, marks: Sequence[Span]
) -> None:
    page, text = st.columns([3, 2])
    place = marks[0][0] if marks else shown.passage_start
    number = next((one.number for one in content.pages if one.start <= place < one.end), source.page or 1)
    address = page_address(source.document_id, number, tuple(marks))
    words = escape(t("passage.page_picture", page=number))
    with page, st.container(key="passage_page"):
        st.html(f'<img src="{address}" alt="{words}">')
    with text:
        _text(message, content, shown, marks)


def _text(message: Message, content: DocumentText, shown: Excerpt, marks: Sequence[Span]) -> None:
    labels = {page.number: t("passage.page_break", page=page.number) for page in content.pages}
    first, last = shown.passage_start, shown.passage_end
    matches = matched(content.text[first:last], analyse(message.query)) if message.query else []
    hits = {first + place for place, is_match in enumerate(matches) if is_match}
    with st.container(key="passage_text"):
        st.html(excerpt_html(shown, marks, hits, content.pages, labels))


def _markdown(shown: Excerpt, marks: Sequence[Span]) -> None:
    before, passage, after = markdown_parts(shown, marks)
    with st.container(key="passage_text", gap="small"):
        if before.strip():
            st.markdown(before)
        with st.container(key="passage_marked", gap="small"):
            st.markdown(passage)
        if after.strip():
            st.markdown(after)


def _buttons(app: App, source: Source, content: DocumentText, span: Span | None) -> None:
    path = app.library.original(source.document_id)
    with st.container(horizontal=True):
        is_whole = span is None or excerpt(content.text, span, CONTEXT_CHARS.get()).is_whole
        if not is_whole:
            st.button(t("passage.more"), key="passage_more", icon=":material/unfold_more:", on_click=_widen)
            st.button(
                t("passage.whole"),
                key="passage_whole",
                icon=":material/article:",
                on_click=CONTEXT_CHARS.set,
                args=(_WHOLE_CHARS,),
            )
        st.download_button(
            t("passage.download"),
            data=path.read_bytes,
            file_name=source.document,
            key="passage_download",
            icon=":material/download:",
            on_click="ignore",
        )


def _widen() -> None:
    CONTEXT_CHARS.set(CONTEXT_CHARS.get() * 4)
