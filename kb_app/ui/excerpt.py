"""A passage shown inside its document: where it stands, what surrounds it, on which page. Pure functions."""

from dataclasses import dataclass
from html import escape
from itertools import pairwise

from ingestion.models import PageSpan
from kb_app.models import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Part of a document's text ``[start, end)`` with the passage ``[passage_start, passage_end)`` in it."""

    text: str
    start: int
    end: int
    passage_start: int
    passage_end: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the document is left out."""
        return self.start == 0 and self.end == len(self.text)


def locate(text: str, source: Source) -> tuple[int, int] | None:
    """Return where the source's passage stands in ``text``: at its offsets, else the nearest equal text.

    None when the document no longer holds the passage. A summary card stands nowhere in it: its beginning is shown.
    """
    if source.is_card:
        return 0, 0
    if source.text and text[source.start : source.end] == source.text:
        return source.start, source.end
    found, nearest = text.find(source.text), None
    while source.text and found >= 0:
        if nearest is None or abs(found - source.start) < abs(nearest - source.start):
            nearest = found
        found = text.find(source.text, found + 1)
    return None if nearest is None else (nearest, nearest + len(source.text))


def excerpt(text: str, passage: tuple[int, int], context_chars: int) -> Excerpt:
    """Return the passage with up to ``context_chars`` after it and a quarter of that before it, cut at line ends.

    Little stands before, so that the passage is in sight at once where the window cannot be scrolled to it.
    """
    passage_start, passage_end = passage
    start = max(0, passage_start - context_chars // 4)
    end = min(len(text), passage_end + context_chars)
    if start > 0:
        line_end = text.find("\n", start, passage_start)
        start = line_end + 1 if line_end >= 0 else start
    if end < len(text):
        line_end = text.rfind("\n", passage_end, end)
        end = line_end if line_end >= 0 else end
    return Excerpt(text=text, start=start, end=end, passage_start=passage_start, passage_end=passage_end)


def excerpt_html(shown: Excerpt, pages: tuple[PageSpan, ...], page_label: dict[int, str]) -> str:
    """Return the excerpt as HTML: all text escaped, the passage in ``<mark>``, a rule where a page begins.

    Args:
        shown: what to show.
        pages: the document's pages; may be empty.
        page_label: page number -> its label in the reader's language.
    """
    breaks = {span.start: span.number for span in pages if shown.start <= span.start < shown.end}
    cuts = sorted({shown.start, shown.end, shown.passage_start, shown.passage_end, *breaks})
    parts = ['<div class="kb-excerpt">']
    for start, end in pairwise(cuts):
        if start in breaks:
            parts.append(f'<span class="kb-page-break">{escape(page_label[breaks[start]])}</span>')
        piece = escape(shown.text[start:end])
        inside = shown.passage_start <= start < shown.passage_end
        parts.append(f"<mark>{piece}</mark>" if inside else piece)
    parts.append("</div>")
    return "".join(parts)
