"""Cleaning rules for PDF text, one function each, in the order they are applied.

They work on lines. Never use them on Markdown: they break most of its code and tables.
"""

import re
import statistics
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

Pages = list[list[str]]

_HYPHEN = re.compile(r"\x02\n?|(?<=[a-z])-\n(?=[a-z])")
_LAST_LETTERS = re.compile(r"[^\W\d_]+$")
_FIRST_LETTERS = re.compile(r"[^\W\d_]+")
_MAX_WORD_CHARS = 40
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_CONTROL = re.compile("[\u0001-\u0008\u000e-\u001f]")
_MAX_CONTROL_SHARE = 0.01

_VARYING = re.compile(r"\d+|\b[ivxlcdm]+\b", re.IGNORECASE)
_COUNTER = re.compile(r"(?<!\d)\d{1,4}(?!\d)")
_COUNTING_MIN_SHARE = 0.5
_FURNITURE_LINES = 3
_FURNITURE_MIN_PAGES = 4
_FURNITURE_MIN_SHARE = 0.3
_FURNITURE_MIN_REST = 0.2
_PAGE_NUMBER = re.compile(
    r"[-–—\s]*(?:\d{1,4}|[ivxlc]{1,6}|第\s*\d+\s*页(?:\s*[,，/]?\s*共\s*\d+\s*页)?|page\s+\d+(?:\s+of\s+\d+)?"
    r"|\d{1,4}\s*/\s*\d{1,4})[-–—\s]*",
    re.IGNORECASE,
)

_LEADERS = re.compile(r"\s*(?:(?:[.．·‥…]\s*){4,}|…{2,})\s*(\d*|[ivxlc]*)\s*$")
_LEADER = re.compile(r"[.．·‥…]\s*[.．·‥…]")
_LEADERS_REACH = 200
_TOC_MIN_SHARE = 0.4
_TOC_MIN_LINES = 4

_SPACED_HAN = re.compile("(?<!\\S)[\u4e00-\u9fff](?:[ \t]+[\u4e00-\u9fff]){2,}(?!\\S)")

_STARTS_ITEM = re.compile(
    r"\s*(?:[•●○▪■◆►‣*·▶✓]|[-–—]\s|\d{1,3}(?:\.\d{1,3})+\s|\d{1,3}[.)）、．]\s*\D|[（(]\d{1,3}[)）]"
    r"|第\s*[\d一二三四五六七八九十百]+\s*[章节部篇条讲]|[图表]\s*\d|[①-⑳⃝]|(?:Figure|Table|Fig\.)\s+\d)"
)
_FULL_LINE_SHARE = 0.82
_PAGE_QUANTILE = 0.75
_DOCUMENT_QUANTILE = 0.85
_PAGE_MIN_SHARE = 0.6
# No column is narrower; shorter lines are headings, list items and slides.
_MIN_COLUMN_WIDTH = 30
_WIDE = re.compile("[\u2e80-\u303f\u3040-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]")

_NOT_LETTERS = re.compile(r"[\W_]+")

_STACK_MIN_LINES = 3
_STACK_MAX_CHARS = 3


@dataclass(slots=True, kw_only=True)
class Line:
    """A line of the cleaned document. ``page_starts`` are (offset in text, page number) inside the line."""

    text: str
    page: int
    heading: tuple[str, ...] | None = None
    is_toc: bool = False
    page_starts: tuple[tuple[int, int], ...] = ()


def rejoin_hyphens(texts: Sequence[str]) -> list[str]:
    """Return the page texts with words joined that were hyphenated at a line end.

    pdfium writes U+0002 for the hyphen it removed. The hyphen comes back where the document writes the word
    with it elsewhere. On a page full of control characters the mark means nothing and becomes a blank.
    """
    texts = [_without_stray_marks(text) for text in texts]
    words = Counter(word.lower() for text in texts for word in _WORD.findall(text))

    def join(match: re.Match[str]) -> str:
        text = match.string
        first = _LAST_LETTERS.search(text[max(0, match.start() - _MAX_WORD_CHARS) : match.start()])
        second = _FIRST_LETTERS.match(text[match.end() : match.end() + _MAX_WORD_CHARS])
        if first is None or second is None:
            return "-"
        parts = first.group().lower(), second.group().lower()
        return "-" if words["-".join(parts)] > words["".join(parts)] else ""

    return [_HYPHEN.sub(join, text) for text in texts]


def _without_stray_marks(text: str) -> str:
    is_noise = len(_CONTROL.findall(text)) > max(_MAX_CONTROL_SHARE * len(text), 12)
    has_other = is_noise and text.count("\x02") * 2 < len(_CONTROL.findall(text))
    return text.replace("\x02", " ") if has_other else text


def drop_furniture(pages: Pages) -> Pages:
    """Return the pages without running headers, footers and page numbers.

    Where that would take nearly all of the text, the repeated lines are the text, and everything stays.
    """
    kept = pages
    if len(pages) >= _FURNITURE_MIN_PAGES:
        repeated = _repeated(pages)
        kept = [_without_repeated(page, repeated) for page in pages]
    kept = [_without_page_number(page) for page in kept] if len(pages) > 1 else kept
    return kept if _char_count(kept) > _FURNITURE_MIN_REST * _char_count(pages) else pages


def _repeated(pages: Pages) -> set[str]:
    """Return the masked lines that stand at the edge of many pages and are either all the same or count the pages.

    Lines that only look alike, as the numbers and totals of a batch of invoices do, are what a reader asks for.
    """
    places: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, page in enumerate(pages):
        for key, line in {_mask(page[i]): page[i].strip() for i in _edge(page)}.items():
            places[key].append((number, line))
    least = max(_FURNITURE_LINES, _FURNITURE_MIN_SHARE * len(pages))
    return {key for key, lines in places.items() if key and len(lines) >= least and _is_furniture(lines, least)}


def _is_furniture(lines: Sequence[tuple[int, str]], least: float) -> bool:
    """Whether as many lines as count are the same, or numbers in them grow as the pages do in half of the steps.

    ``lines`` are (page, text) in order. A sheet may hold two pages. Roman numerals pass.
    """
    if Counter(text for _, text in lines).most_common(1)[0][1] >= least:
        return True
    numbers = [(page, [int(digits) for digits in _COUNTER.findall(text)]) for page, text in lines]
    if not any(values for _, values in numbers):
        return True
    steps = [
        any(b - a in (second - first, 2 * (second - first)) for a, b in zip(one, other, strict=False))
        for (first, one), (second, other) in pairwise(numbers)
    ]
    return sum(steps) >= _COUNTING_MIN_SHARE * len(steps)


def _without_repeated(page: Sequence[str], repeated: set[str]) -> list[str]:
    edge = _edge(page)
    return [line for i, line in enumerate(page) if i not in edge or _mask(line) not in repeated]


def _char_count(pages: Pages) -> int:
    return sum(len(line) for page in pages for line in page)


def _edge(page: Sequence[str]) -> set[int]:
    """Return the indices of the first and last lines of a page."""
    count = len(page)
    return {*range(min(_FURNITURE_LINES, count)), *range(max(0, count - _FURNITURE_LINES), count)}


def _mask(line: str) -> str:
    return _VARYING.sub("#", line.strip())


def _without_page_number(page: list[str]) -> list[str]:
    if len(page) > 1 and _PAGE_NUMBER.fullmatch(page[-1]):
        page = page[:-1]
    if len(page) > 1 and _PAGE_NUMBER.fullmatch(page[0]):
        page = page[1:]
    return page


def is_toc(page: Sequence[str]) -> bool:
    """Whether the page is a table of contents: many lines end in dot leaders."""
    with_leaders = sum(1 for line in page if _LEADER.search(line) and _LEADERS.search(line[-_LEADERS_REACH:]))
    return len(page) >= _TOC_MIN_LINES and with_leaders >= _TOC_MIN_SHARE * len(page)


def strip_leaders(line: str) -> str:
    """Return a contents line without its dot leaders: title and page number."""
    return _LEADERS.sub(r" \1", line).rstrip()


def close_spaced_han(page: Sequence[str]) -> list[str]:
    """Return the lines with letter-spaced Chinese closed up: three or more single characters between blanks."""
    text = "\n".join(page)  # a match ends with its line, and one search is faster than a hundred
    return _SPACED_HAN.sub(lambda match: re.sub(r"\s+", "", match.group()), text).split("\n")


def join_lines(lines: Iterable[Line]) -> list[Line]:
    """Return the lines with those joined that were broken for their width, across page breaks too.

    A line was broken if it is nearly as wide as its page's lines are; the document's own width keeps pages of
    short lines from passing for narrow columns.
    """
    lines = list(lines)
    typical = _typical_widths(lines)
    joined: list[Line] = []
    last_width = 0
    for line in lines:
        previous = joined[-1] if joined else None
        if previous is not None and _is_broken(previous, line, last_width, typical):
            _append(previous, line)
        else:
            joined.append(line)
        last_width = display_width(line.text)
    return joined


def lines_page(line: Line) -> int:
    """Return the page the line ends on."""
    return line.page_starts[-1][1] if line.page_starts else line.page


def _is_broken(previous: Line, line: Line, width: int, typical: dict[int, float]) -> bool:
    """Whether ``line`` goes on with what ``previous``, whose last printed line is ``width`` wide, began."""
    if width < _FULL_LINE_SHARE * typical[lines_page(previous)]:
        return False
    if previous.heading is not None or line.heading is not None or previous.is_toc or line.is_toc:
        return False
    return bool(line.text) and not _STARTS_ITEM.match(line.text)


def _append(line: Line, following: Line) -> None:
    glue = "" if _WIDE.match(line.text[-1:]) and _WIDE.match(following.text) else " "
    start = len(line.text) + len(glue)
    if following.page != lines_page(line):
        line.page_starts += ((start, following.page),)
    line.text += glue + following.text


def _typical_widths(lines: Sequence[Line]) -> dict[int, float]:
    by_page: dict[int, list[int]] = {}
    for line in lines:
        by_page.setdefault(line.page, []).append(display_width(line.text))
    everywhere = [width for widths in by_page.values() for width in widths]
    least = max(_MIN_COLUMN_WIDTH, _PAGE_MIN_SHARE * _quantile(everywhere, _DOCUMENT_QUANTILE))
    return {page: max(least, _quantile(widths, _PAGE_QUANTILE)) for page, widths in by_page.items()}


def _quantile(widths: list[int], share: float) -> float:
    if len(widths) < 2:
        return float(sum(widths))
    return statistics.quantiles(widths, n=20, method="inclusive")[round(share * 20) - 1]


def display_width(text: str) -> int:
    """Return the width of a line in columns: a CJK character takes two."""
    return len(text) if text.isascii() else len(text) + len(_WIDE.findall(text))


def collapse_stacks(lines: Iterable[Line]) -> list[Line]:
    """Return the lines with stacks of very short ones, which formulas leave behind, put on one line each."""
    collapsed: list[Line] = []
    stack: list[Line] = []

    def flush() -> None:
        if len(stack) >= _STACK_MIN_LINES:
            for following in stack[1:]:
                _append(stack[0], following)
            collapsed.append(stack[0])
        else:
            collapsed.extend(stack)
        stack.clear()

    for line in lines:
        if _is_splinter(line):
            stack.append(line)
        else:
            flush()
            collapsed.append(line)
    flush()
    return collapsed


def _is_splinter(line: Line) -> bool:
    text = line.text.strip()
    is_short = 0 < len(text) <= _STACK_MAX_CHARS
    return is_short and line.heading is None and not line.is_toc and not _WIDE.search(text)


def comparable(text: str) -> str:
    """Return ``text`` reduced to its letters and digits, for comparing a bookmark with a line."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _NOT_LETTERS.sub("", text.casefold())
