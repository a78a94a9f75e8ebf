"""The sources of an answer: cards below it that open the passage in its document."""

from collections.abc import Sequence

import streamlit as st

from kb_app.models import Message, Source
from kb_app.ui.markup import label, plain, readable
from kb_app.ui.state import CONTEXT_CHARS, COPY, PASSAGE, OpenPassage
from kb_app.ui.text import t

_MARKDOWN = (".md", ".markdown")


def source_list(message: Message) -> None:
    """Show the sources an answer cites in one expander; where it cites none, those it was offered."""
    if not message.sources:
        return
    unused = message.status == "no_sources"
    cited = [source for source in message.sources if source.marker in message.cited]
    main = cited or list(message.sources)
    title = t(f"sources.{'nearest' if unused else 'title' if cited else 'offered'}", count=len(main))
    key = f"sources_{message.id}"
    names = label(", ".join(dict.fromkeys(source.document for source in main)), 60)
    with st.expander(f"{title} :gray[{names}]", icon=":material/format_quote:", key=key, on_change="rerun") as panel:
        for source in main if panel.open else ():
            _card(message.id, source)


def copy_button(message: Message) -> None:
    """Draw the button that copies an answer and the numbered list of the sources it cites."""
    if message.text:
        st.button(
            "",
            key=f"copy_{message.id}",
            type="tertiary",
            icon=":material/content_copy:",
            help=t("answer.copy"),
            on_click=COPY.set,
            args=(with_sources(message),),
        )


def with_sources(message: Message) -> str:
    """Return an answer as plain text, followed by the sources it cites: number, document, page, heading."""
    lines = []
    for source in message.sources:
        if source.marker in message.cited:
            page = "" if source.page is None else t("sources.page", page=source.page)
            lines.append(f"[{source.marker}] " + " · ".join(filter(None, (source.document, page, *source.heading))))
    return "\n".join([message.text, "", *lines]) if lines else message.text


def _card(message_id: str, source: Source) -> None:
    with st.container(key=f"source_{message_id}_{source.marker}", gap="xsmall"):
        st.markdown(f":orange-badge[{source.marker}] **{label(source.document, 80)}**")
        where = where_text(source)
        if where:
            st.caption(where)
        st.markdown(passage_text(source))
        open_button(message_id, source)


def passage_text(source: Source) -> str:
    """Return the passage of a source as Markdown that shows it: as it reads where its document is Markdown itself."""
    is_markdown = source.document.lower().endswith(_MARKDOWN) and not source.is_card
    return readable(source.text) if is_markdown else plain(source.text)


def open_button(message_id: str, source: Source) -> None:
    """Draw the button that opens a source at its place in the document."""
    st.button(
        t("sources.open"),
        key=f"open_{message_id}_{source.marker}",
        type="tertiary",
        icon=":material/find_in_page:",
        on_click=open_passage,
        args=(message_id, source.marker),
    )


def where_text(source: Source, heading: Sequence[str] | None = None) -> str:
    """Return page and headings of a source as a Markdown label; ``heading`` where it is known more exactly."""
    parts = [] if source.page is None else [t("sources.page", page=source.page)]
    if source.is_card:
        parts.append(t("summaries.source"))
    path = heading or source.heading
    if path:
        parts.append(label(" › ".join(path), 120))
    return " · ".join(parts)


def open_passage(message_id: str, marker: int) -> None:
    """Ask for the dialog with this source in the next run (for ``on_click``)."""
    PASSAGE.set(OpenPassage(message_id=message_id, marker=marker))
    CONTEXT_CHARS.pop()
