"""A long answer cut into pieces that are drawn one by one. Pure functions.

The browser draws a piece anew only when its text has changed, and so does ``safe``: an answer that grows costs what
is new and not, four times a second, all there is of it.
"""

import re
from collections.abc import Collection, Iterator
from functools import lru_cache

from kb_app.ui.markup import closed, safe

#: A piece ends at the first place behind so many characters where it may.
_LEAST_CHARS = 1_000
_CURSOR = "▍"
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
#: A line that belongs to nothing above it: a heading, or a paragraph that begins at the margin.
_FRESH = re.compile(r"#|\*\*|[^\W\d]|[“「《（(]")


def pieces(text: str) -> list[str]:
    """Return Markdown in pieces that mean the same apart; those of a beginning of ``text`` are these, but the last."""
    return list(_cut(text)) or [""]


def _cut(text: str) -> Iterator[str]:
    start = place = 0
    fence, was_blank = "", False
    for line in text.splitlines(keepends=True):
        is_fresh = was_blank and not fence and _FRESH.match(line) is not None
        if is_fresh and place - start >= _LEAST_CHARS and not _in_formula(text[start:place]):
            yield text[start:place]
            start = place
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        was_blank = not line.strip()
        place += len(line)
    if start < place:
        yield text[start:]


def _in_formula(text: str) -> bool:
    return text.count("$$") % 2 == 1 or text.count("\\[") > text.count("\\]")


def drawn(text: str, markers: Collection[int], anchor: str) -> list[str]:
    """Return what ``safe`` makes of each piece of ``text``."""
    known = frozenset(markers)
    return [_safe(piece, known, anchor) for piece in pieces(text)]


def growing(text: str, markers: Collection[int], anchor: str) -> list[str]:
    """Return the same of text that grows: what it left open is closed, and behind its end stands a cursor."""
    *whole, last = pieces(text)
    known = frozenset(markers)
    line = last.rsplit("\n", 1)[-1]
    end = f"{last}\n\n{_CURSOR}" if _FENCE.match(line) else f"{last} {_CURSOR}"  # nothing may stand behind a fence
    return [*(_safe(piece, known, anchor) for piece in whole), safe(closed(end), known, anchor)]


@lru_cache(maxsize=1_000)
def _safe(piece: str, markers: frozenset[int], anchor: str) -> str:
    return safe(piece, markers, anchor)
