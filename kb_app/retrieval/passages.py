"""From chunks to passages: neighbours joined so that a passage reads well, near duplicates folded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple, TypeVar

import numpy as np

from ingestion.canonical import SENTENCE_MARK
from ingestion.sentences import count_units
from kb_app.models import StoredChunk

#: A passage grows to at most this length (units of ``ingestion.models.ChunkOptions``): two chunks of the usual size.
PASSAGE_UNITS = 600
#: Two passages sharing this much of their character triples are the same text.
_SAME = 0.9
_SHINGLE = 3
_SKETCH, _SKETCH_SHARE = 32, 0.5
#: The chunker leaves out blanks between chunks, no more than this many.
_LARGEST_GAP = 4

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One or several neighbouring chunks as one piece of text.

    ``chunk`` has the id of the chunk that was found and the text, offsets and page of the whole; ``members`` are
    the ids of all chunks in it.
    """

    chunk: StoredChunk
    members: frozenset[str]


def neighbour_ids(chunk_id: str) -> tuple[str, ...]:
    """Return the ids of the chunks after and before this one; chunk ids end in ``:index``. A card has none."""
    stem, _, number = chunk_id.rpartition(":")
    if not number.isdecimal():
        return ()
    index = int(number)
    following = f"{stem}:{index + 1}"
    return (following, f"{stem}:{index - 1}") if index else (following,)


def join_neighbours(
    ranked: Sequence[StoredChunk], known: Mapping[str, StoredChunk], size_units: float = PASSAGE_UNITS
) -> list[Passage]:
    """Return passages grown from ``ranked``, best first, each chunk in one of them.

    A chunk takes its better ranked neighbour first. ``known`` holds the neighbours that exist.
    """
    order = {chunk.id: place for place, chunk in enumerate(ranked)}
    taken: set[str] = set()
    passages: list[Passage] = []
    for chunk in ranked:
        if chunk.id in taken:
            continue
        names = sorted(neighbour_ids(chunk.id), key=lambda name: order.get(name, len(order)))
        members = {chunk.id}
        whole = chunk
        for name in names:
            other = known.get(name)
            grown = None if other is None or name in taken else _join(whole, other, size_units)
            if grown is not None:
                whole = grown
                members.add(name)
        taken |= members
        if whole is not chunk:
            whole = replace(whole, id=chunk.id, index=chunk.index)
        passages.append(Passage(chunk=whole, members=frozenset(members)))
    return passages


def _join(one: StoredChunk, other: StoredChunk, size_units: float) -> StoredChunk | None:
    """Return both as one piece of the document's text, or None when it is too long or they are of two sections."""
    first, second = (one, other) if one.start <= other.start else (other, one)
    gap = second.start - first.end
    if gap > _LARGEST_GAP or second.end <= first.end or first.heading != second.heading:
        return None
    text = first.text + "\n" * max(gap, 0) + second.text[max(-gap, 0) :]
    if count_units(text) > size_units:
        return None
    shared = _shared(first.search_text, second.search_text, -gap)
    return replace(
        first,
        text=text,
        search_text=first.search_text + ("" if shared else "\n") + second.search_text[shared:],
        canonical=_join_canonical(first.canonical, second.canonical, is_overlapping=shared > 0),
        end=second.end,
    )


def _shared(first: str, second: str, most: int) -> int:
    """Return how many characters, at most so many, ``first`` ends and ``second`` begins with."""
    sizes = range(min(most, len(first), len(second)), 0, -1)
    return next((size for size in sizes if first.endswith(second[:size])), 0)


def _join_canonical(first: str, second: str, *, is_overlapping: bool) -> str:
    """Return both without the sentences they share; empty, so that it is made anew, where a seam is inside one."""
    if not first or not second:
        return ""
    if not is_overlapping:
        return first + SENTENCE_MARK + second
    marked = SENTENCE_MARK + first
    seam = len(second)
    while seam >= 0:
        if marked.endswith(SENTENCE_MARK + second[:seam]):
            return first + second[seam:]
        seam = second.rfind(SENTENCE_MARK, 0, seam)
    return ""


def fold_duplicates(ranked: Sequence[_T], text: Callable[[_T], str]) -> list[_T]:
    """Return ``ranked`` without those whose text is nearly that of a better one."""
    kept: list[_T] = []
    seen: list[_Squashed] = []
    for item in ranked:
        mine = _squashed(text(item))
        # Two texts that are nearly the same have nearly the same sketch; only those are counted out.
        alike = (theirs for theirs in seen if len(mine.sketch & theirs.sketch) >= _SKETCH_SHARE * len(mine.sketch))
        if not any(_is_same(_shingles(mine.text), _shingles(theirs.text)) for theirs in alike):
            kept.append(item)
            seen.append(mine)
    return kept


class _Squashed(NamedTuple):
    """A text without blanks, and the ``_SKETCH`` smallest hashes of its character triples (Broder 1997)."""

    text: str
    sketch: frozenset[int]


@lru_cache(maxsize=1_000)
def _squashed(text: str) -> _Squashed:
    squashed = "".join(text.split()).lower()
    codes = np.frombuffer(squashed.encode("utf-32-le", "replace").ljust(4 * _SHINGLE, b"\0"), dtype=np.uint32)
    mixed = codes[:-2] * np.uint32(0x9E3779B1) + codes[1:-1] * np.uint32(0x85EBCA77) + codes[2:] * np.uint32(0xC2B2AE3D)
    ordered = np.sort(mixed)
    distinct = ordered[np.append(True, ordered[1:] != ordered[:-1])]  # eight times as fast as np.unique
    return _Squashed(squashed, frozenset(distinct[:_SKETCH].tolist()))


@lru_cache(maxsize=100)
def _shingles(text: str) -> frozenset[str]:
    return frozenset(text[i : i + _SHINGLE] for i in range(max(1, len(text) - _SHINGLE + 1)))


def _is_same(one: frozenset[str], other: frozenset[str]) -> bool:
    smaller, larger = sorted((len(one), len(other)))
    return smaller >= _SAME * larger and len(one & other) >= _SAME * len(one | other)
