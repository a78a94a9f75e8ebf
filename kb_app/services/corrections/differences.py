"""What changed between two texts, word by word; a Chinese character is a word."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from ingestion.analyzer import CJK

_WORD = re.compile(rf"[{CJK}]|[^\W{CJK}]+|\s+|[^\w\s]")


class Piece(NamedTuple):
    """A stretch of text that both have, or only one of them."""

    kind: Literal["same", "removed", "added"]
    text: str


def differences(before: str, after: str) -> Iterator[Piece]:
    """Yield what is left of ``before``, what is gone from it and what is new in ``after``, in reading order."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Piece("same", "".join(old[i:j]))
            continue
        if i < j:
            yield Piece("removed", "".join(old[i:j]))
        if k < m:
            yield Piece("added", "".join(new[k:m]))
