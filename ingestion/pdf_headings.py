"""The outline of a PDF matched to the lines it points at."""

import re
from collections.abc import Sequence

from ingestion.models import OutlineEntry
from ingestion.pdf_rules import Line, comparable

_NUMBERING = re.compile(
    r"(?:第?[\d一二三四五六七八九十百零ivxlc]+[章节部篇讲条]?|chapter\d+|section\d+|part\w{1,4}|附录\w?|appendix\w?|[a-z]\d*)",
)
_MAX_TITLE_LINES = 3


def heading_paths(outline: Sequence[OutlineEntry]) -> list[tuple[str, ...]]:
    """Return the path of titles of every entry, outermost first; skipped levels are allowed."""
    stack: list[tuple[int, str]] = []
    paths = []
    for entry in outline:
        while stack and stack[-1][0] >= entry.level:
            stack.pop()
        stack.append((entry.level, entry.title))
        paths.append(tuple(title for _, title in stack))
    return paths


def mark_headings(lines: list[Line], outline: Sequence[OutlineEntry]) -> list[Line]:
    """Return the lines with the heading path set on those the outline points at.

    An entry without a line of its own becomes an empty line at the top of its page, or after the page's
    previous heading, so that what follows carries its path.
    """
    first_of_page: dict[int, int] = {}
    for index, line in enumerate(lines):
        first_of_page.setdefault(line.page, index)
    keys = [comparable(line.text) for line in lines]
    inserted: list[tuple[int, Line]] = []
    searched: dict[int, int] = {}
    for entry, path in zip(outline, heading_paths(outline), strict=True):
        start = searched.get(entry.page, first_of_page.get(entry.page))
        if start is None:
            start = min((i for page, i in first_of_page.items() if page > entry.page), default=len(lines))
            inserted.append((start, Line(text="", page=entry.page, heading=path)))
            continue
        found = _find(lines, keys, start, entry)
        if found is None:
            inserted.append((start, Line(text="", page=entry.page, heading=path)))
            continue
        index, count = found
        _mark(lines, index, count, path)
        searched[entry.page] = index + count
    return _without_consumed(lines, inserted)


def _find(lines: list[Line], keys: list[str], start: int, entry: OutlineEntry) -> tuple[int, int] | None:
    """Return (index, number of lines) of the entry's title on its page at or after ``start``."""
    title = comparable(entry.title)
    if not title:
        return None
    index = start
    while index < len(lines) and lines[index].page == entry.page:
        joined = ""
        for count in range(1, _MAX_TITLE_LINES + 1):
            if index + count > len(lines) or lines[index].heading is not None or lines[index].is_toc:
                break
            joined += keys[index + count - 1]
            if _is_title(joined, title):
                return index, count
            if len(joined) > len(title):
                break
        index += 1
    return None


def _is_title(line: str, title: str) -> bool:
    """Whether the line is the title, perhaps with its number before it (or the title's left out)."""
    if line == title:
        return True
    longer, shorter = (line, title) if len(line) > len(title) else (title, line)
    return bool(shorter) and longer.endswith(shorter) and _NUMBERING.fullmatch(longer[: -len(shorter)]) is not None


def _mark(lines: list[Line], index: int, count: int, path: tuple[str, ...]) -> None:
    line = lines[index]
    line.heading = path
    for following in lines[index + 1 : index + count]:
        line.text = f"{line.text} {following.text}".strip()
        following.text = ""
        following.heading = path


def _without_consumed(lines: list[Line], inserted: list[tuple[int, Line]]) -> list[Line]:
    """Return the lines without those merged into a title, and with the inserted ones in their places."""
    result: list[Line] = []
    waiting = sorted(inserted, key=lambda pair: pair[0])
    at = 0
    for index, line in enumerate(lines):
        while at < len(waiting) and waiting[at][0] <= index:
            result.append(waiting[at][1])
            at += 1
        if line.text:
            result.append(line)
    return result + [line for _, line in waiting[at:]]
