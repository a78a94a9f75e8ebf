"""Markers such as ``[2]`` or ``【1，3】`` in an answer: which passages it cites, and which it invented."""

import re
from typing import NamedTuple

_MARKER = re.compile(r"[\[【](\d{1,3}(?:\s*[,，、]\s*\d{1,3})*)[\]】](?!\()")  # "[1](url)" is a link, not a marker
_SEPARATOR = re.compile(r"\s*[,，、]\s*")


class Cited(NamedTuple):
    """An answer whose markers all point at a passage, and those markers in ascending order."""

    text: str
    markers: tuple[int, ...]


def resolve(text: str, source_count: int) -> Cited:
    """Write every marker as ``[n]`` and drop those outside 1..``source_count``, code blocks excepted."""
    used: set[int] = set()

    def keep(match: re.Match[str]) -> str:
        numbers = [int(number) for number in _SEPARATOR.split(match[1])]
        real = [number for number in numbers if 1 <= number <= source_count]
        used.update(real)
        return "".join(f"[{number}]" for number in real)

    parts = re.split(r"(```.*?(?:```|\Z)|`[^`\n]*`)", text, flags=re.DOTALL)
    resolved = "".join(part if part.startswith("`") else _MARKER.sub(keep, part) for part in parts)
    return Cited(resolved, tuple(sorted(used)))
