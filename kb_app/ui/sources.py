"""The sources of an answer: cards below it that open the passage in its document."""

from collections.abc import Sequence

import streamlit as st

from kb_app.models import Message, Source
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
