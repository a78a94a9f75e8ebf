"""Markers such as ``[2]`` or ``【1，3】`` in an answer: which passages it cites, and which it invented."""

import re
from typing import NamedTuple

_MARKER = re.compile(r"[\[【](\d{1,3}(?:\s*[,，、]\s*\d{1,3})*)[\]】](?!\()")  # "[1](url)" is a link, not a marker
_SEPARATOR = re.compile(r"\s*[,，、]\s*")
#: Code and formulas, in which brackets have a meaning of their own.
_VERBATIM = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]+\$)", re.DOTALL)


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
        numbers = [int(number) for number in _SEPARATOR.split(match[1])]
        real = [number for number in numbers if 1 <= number <= source_count]
        before = match.string[match.start() - 1 : match.start()]
        is_index = before.isascii() and (before.isalnum() or before == "_")
        if 0 in numbers or (is_index and len(real) < len(numbers)):
            return match[0]
        used.update(real)
        return "".join(f"[{number}]" for number in real)

    # Splitting at the verbatim parts keeps them at the odd places.
    parts = _VERBATIM.split(text)
    resolved = "".join(part if place % 2 else _MARKER.sub(keep, part) for place, part in enumerate(parts))
    return Cited(resolved, tuple(sorted(used)))
