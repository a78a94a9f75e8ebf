"""How well a search finds the right passages, and how well an answer cites them."""

import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

from ingestion.analyzer import fold

#: Two passages are the same place when this share of the shorter one's runs of four characters is in the longer one.
SAME_SHARE = 0.7


class Passage(NamedTuple):
    """A passage as it is compared: ``document`` is a name; empty where it is not known, which fits any."""

    document: str
    text: str


def same_place(one: Passage, other: Passage) -> bool:
    """Return whether both show the same place of a document, even if it was cut otherwise in the meantime.

    Either text stands in the other, or ``SAME_SHARE`` of the shorter one's runs of four characters do.
    """
    if one.document and other.document and one.document != other.document:
        return False
    shorter, longer = sorted((_characters(one.text), _characters(other.text)), key=len)
    if not shorter:
        return False
    if shorter in longer:
        return True
    found = _shingles(shorter) & _shingles(longer)
    return len(found) >= SAME_SHARE * len(_shingles(shorter))


def matches(found: Sequence[Passage], wanted: Sequence[Passage]) -> list[frozenset[int]]:
    """Return for each passage ``found`` which of those ``wanted`` it shows, by their positions."""
    return [frozenset(place for place, right in enumerate(wanted) if same_place(passage, right)) for passage in found]


def hit_at(matched: Sequence[Collection[int]], k: int) -> float:
    """Return 1.0 if one of the first ``k`` passages is a right one, else 0.0."""
    return float(any(matched[:k]))


def reciprocal_rank(matched: Sequence[Collection[int]]) -> float:
    """Return 1 / rank of the first right passage, 0.0 without one; its mean over questions is the MRR."""
    return next((1 / rank for rank, shown in enumerate(matched, start=1) if shown), 0.0)


def ndcg_at(matched: Sequence[Collection[int]], wanted_count: int, k: int) -> float:
    """Return nDCG over the first ``k`` passages with gain 1 for each that shows a wanted passage not shown before.

    Source: Järvelin and Kekäläinen 2002, discount log2(rank + 1).
    """
    seen: set[int] = set()
    gained = 0.0
    for rank, shown in enumerate(matched[:k], start=1):
        if seen.issuperset(shown):
            continue
        seen.update(shown)
        gained += 1 / math.log2(rank + 1)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(wanted_count, k) + 1))
    return gained / ideal if ideal else 0.0


def citation_precision(cited: Sequence[Collection[int]]) -> float:
    """Return the share of the cited passages that are right ones; 0.0 when nothing is cited."""
    return sum(map(bool, cited)) / len(cited) if cited else 0.0


def citation_recall(cited: Sequence[Collection[int]], wanted_count: int) -> float:
    """Return the share of the ``wanted_count`` right passages that are cited."""
    return len({place for shown in cited for place in shown}) / wanted_count if wanted_count else 0.0


def _characters(text: str) -> str:
    return "".join(char for char in fold(text).lower() if char.isalnum())


def _shingles(text: str, size: int = 4) -> set[str]:
    return {text[start : start + size] for start in range(max(1, len(text) - size + 1))}
