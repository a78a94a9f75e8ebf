"""Markers such as ``[2]`` or ``【1，3】`` in an answer: which passages it cites, and which it invented."""

import re
from typing import NamedTuple

from ingestion.sentences import Span
from kb_app.models import Source

_NUMBERS = r"\d{1,3}(?:\s*[-–~]\s*\d{1,3})?"
#: With the space before it; also as small models write it: ``[来源1]``, ``[Source 2]``, ``[^3]``, ``[1-3]``.
_MARKER = re.compile(
    r"(?P<space>(?<![ \t])[ \t]+)?(?P<open>[\[【])(?:\^|(?:来源|资料|文献|sources?)\s*)?"
    rf"(?P<numbers>{_NUMBERS}(?:\s*[,，、;；]\s*{_NUMBERS})*)[\]】](?!\()",  # "[1](url)" is a link and none
    re.IGNORECASE,
)
#: A marker as :func:`resolve` writes it.
MARKER = re.compile(r"\[(\d{1,3})\]")
_SEPARATOR = re.compile(r"\s*[,，、;；]\s*")
_RANGE = re.compile(r"\s*[-–~]\s*")
#: Code and formulas, in which brackets have a meaning of their own.
VERBATIM = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]+\$)", re.DOTALL)

_QUOTATION = re.compile(r"(?:^>.*(?:\n|\Z))+", re.MULTILINE)
_QUOTE_MARK = re.compile(r"^> ?", re.MULTILINE)
_LAST_MARKER = re.compile(r"\[(\d{1,3})\]\s*\Z")
_ESCAPED_BRACKET = re.compile(r"\\([\[\]])")


class Cited(NamedTuple):
    """An answer whose markers all point at a passage, and those markers in ascending order."""

    text: str
    markers: tuple[int, ...]


def resolve(text: str, source_count: int) -> Cited:
    """Write every marker as ``[n]`` and drop those outside 1..``source_count``.

    Brackets that are none stay as they are: in code and formulas, intervals such as ``[0, 1]``, and an index
    such as ``arr[10]`` that no passage could be meant by.
    """
    used: set[int] = set()

    def keep(match: re.Match[str]) -> str:
        numbers = _numbers(match["numbers"])
        real = [number for number in numbers if 1 <= number <= source_count]
        if _RANGE.search(match["numbers"]) and len(real) < len(numbers):  # from 1 to 12, but not of the passages
            return match[0]
        before = match.string[match.start("open") - 1 : match.start("open")]
        is_index = before.isascii() and (before.isalnum() or before == "_")
        if 0 in numbers or (is_index and len(real) < len(numbers)):
            return match[0]
        used.update(real)
        return (match["space"] or "") + "".join(f"[{number}]" for number in real) if real else ""

    # Splitting at the verbatim parts keeps them at the odd places.
    parts = VERBATIM.split(text)
    resolved = "".join(part if place % 2 else _MARKER.sub(keep, part) for place, part in enumerate(parts))
    return Cited(resolved, tuple(sorted(used)))


def _numbers(listed: str) -> list[int]:
    """Return the numbers of a list such as ``1, 3-5``; a range that runs backwards counts as its ends."""
    numbers: list[int] = []
    for part in _SEPARATOR.split(listed):
        first, last = int(_RANGE.split(part)[0]), int(_RANGE.split(part)[-1])
        numbers += range(first, last + 1) if first <= last else (first, last)
    return numbers


def quoted(text: str, source: Source) -> tuple[Span, ...]:
    """Return where in a passage the Markdown quotations stand that an answer ends in the passage's marker."""
    found: set[Span] = set()
    for block in _QUOTATION.finditer(text):
        words = _QUOTE_MARK.sub("", block[0]).strip()
        marker = _LAST_MARKER.search(words)
        if marker is not None and int(marker[1]) == source.marker:
            span = _place(_ESCAPED_BRACKET.sub(r"\1", words[: marker.start()]).strip(), source.text)
            found.update([span] if span else ())
    return tuple(sorted(found))


def _place(words: str, passage: str) -> Span | None:
    """Return where ``words`` stand in the passage; of a table row below its header, where the row stands."""
    for candidate in (words, words.rsplit("\n", 1)[-1]):
        if candidate.strip():
            pattern = r"\s+".join(map(re.escape, candidate.split()))
            if found := re.search(pattern, passage):
                return found.span()
    return None


def without_markers(text: str, source_count: int) -> str:
    """Return an answer without the markers of its ``source_count`` passages, for readers who do not see those."""

    def drop(match: re.Match[str]) -> str:
        numbers = _numbers(match["numbers"])
        return "" if all(1 <= number <= source_count for number in numbers) else match[0]

    parts = VERBATIM.split(text)
    return "".join(part if place % 2 else _MARKER.sub(drop, part) for place, part in enumerate(parts))
