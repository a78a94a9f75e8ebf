"""A passage shown inside its document: where it stands, what surrounds it, on which page. Pure functions."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from ingestion.models import PageSpan
from kb_app.models import Source
from kb_app.ui.markup import closed, safe

Span = tuple[int, int]
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_EMPTY_FENCE = re.compile(r"\A```\n\s*```[ \t]*\n?")
_CODE = re.compile(r"`[^`\n]*`|\$[^$\n]+\$")
#: What begins a line of Markdown and must stay outside a mark.
_LINE_HEAD = re.compile(r"\s*(?:>\s*)*(?:#{1,6}\s+|[-*+]\s+|\d{1,3}[.)]\s+)?")
_OPEN, _CLOSE = "\ue001", "\ue002"
_MARKED = re.compile(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")
_STRAY = re.compile(f"[{_OPEN}{_CLOSE}]")


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


def locate(text: str, source: Source) -> Span | None:
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


def excerpt(text: str, passage: Span, context_chars: int) -> Excerpt:
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


def excerpt_html(
    shown: Excerpt,
    marks: Sequence[Span],
    hits: Collection[int],
    pages: Sequence[PageSpan],
    page_label: Mapping[int, str],
) -> str:
    """Return the excerpt as HTML: all text escaped, the passage tinted, a rule where a page begins.

    Args:
        shown: what to show.
        marks: spans of the document's text that go into ``<mark>``.
        hits: places of the document's text that are set in bold: words of the question.
        pages: the document's pages; may be empty.
        page_label: page number -> its label in the reader's language.
    """
    breaks = {span.start: span.number for span in pages if shown.start <= span.start < shown.end}
    marked = {place for start, end in marks for place in range(max(start, shown.start), min(end, shown.end))}
    page = 0

    def look(place: int) -> tuple[int, bool, bool, bool]:
        nonlocal page
        page = breaks.get(place, page)
        return page, shown.passage_start <= place < shown.passage_end, place in marked, place in hits

    parts = ['<div class="kb-excerpt">']
    for (_, in_passage, is_marked, is_hit), places in groupby(range(shown.start, shown.end), key=look):
        run = list(places)
        if run[0] in breaks:
            parts.append(f'<span class="kb-page-break">{escape(page_label[breaks[run[0]]])}</span>')
        piece = escape(shown.text[run[0] : run[-1] + 1])
        piece = f"<b>{piece}</b>" if is_hit else piece
        piece = f"<mark>{piece}</mark>" if is_marked else piece
        parts.append(f'<span class="kb-passage">{piece}</span>' if in_passage else piece)
    parts.append("</div>")
    return "".join(parts)


def heading_at(text: str, position: int) -> tuple[str, ...]:
    """Return the path of Markdown headings that ``position`` stands under, outermost first."""
    path: list[tuple[int, str]] = []
    fence = ""
    start = 0
    while start <= position and start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        line = text[start:end]
        start = end + 1
        opened = _FENCE.match(line)
        if opened and (not fence or opened[1].startswith(fence)):
            fence = "" if fence else opened[1][:3]
        heading = None if fence else _HEADING.match(line)
        if heading:
            path = [*(one for one in path if one[0] < len(heading[1])), (len(heading[1]), heading[2])]
    return tuple(title for _, title in path)


def markdown_parts(shown: Excerpt, marks: Sequence[Span]) -> tuple[str, str, str]:
    """Return what stands before, in and after the passage as Markdown that is safe to draw, ``marks`` coloured."""
    cuts = (shown.start, shown.passage_start, shown.passage_end, shown.end)
    before, passage, after = (_markdown(shown.text, cuts[at], cuts[at + 1], marks) for at in range(3))
    return before, passage, after


def _markdown(text: str, start: int, end: int, marks: Sequence[Span]) -> str:
    pieces: list[str] = []
    in_fence = len(re.findall(r"^ {0,3}```", text[:start], re.MULTILINE)) % 2 == 1
    if in_fence:
        pieces.append("```\n")
    place = start
    for line in text[start:end].splitlines(keepends=True):
        is_fence = _FENCE.match(line) is not None
        in_fence ^= is_fence
        plain = in_fence or is_fence or line.lstrip().startswith("|")
        pieces.append(line if plain else _marked_line(line, place, marks))
        place += len(line)
    body = safe(closed(_EMPTY_FENCE.sub("", "".join(pieces))))
    return _STRAY.sub("", _MARKED.sub(_coloured, body))


def _marked_line(line: str, place: int, marks: Sequence[Span]) -> str:
    """Put the marks' ends into a line, around its words and not inside code or formulas."""
    head = _LINE_HEAD.match(line)
    first = head.end() if head else 0
    last = len(line.rstrip())
    for start, end in sorted(marks, reverse=True):
        left, right = max(first, start - place), min(last, end - place)
        cuts_code = any(code.start() < edge < code.end() for code in _CODE.finditer(line) for edge in (left, right))
        if left < right and not cuts_code:
            line = f"{line[:left]}{_OPEN}{line[left:right]}{_CLOSE}{line[right:]}"
    return line


def _coloured(match: re.Match[str]) -> str:
    words = match[1]
    depth = 0
    for bracket in re.findall(r"(?<!\\)[\[\]]", words):
        depth += 1 if bracket == "[" else -1
        if depth < 0:
            return words
    return words if depth or words.count("**") % 2 else f":orange-background[{words}]"
