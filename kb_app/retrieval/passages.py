"""From chunks to passages: neighbours joined so that a passage reads well, near duplicates folded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from ingestion.sentences import count_units
from kb_app.models import CARD_INDEX, StoredChunk

#: A passage grows to at most this length (units of ``ingestion.models.ChunkOptions``): two chunks of the usual size.
PASSAGE_UNITS = 600
#: Two passages sharing this much of their character triples are the same text.
_SAME = 0.9
_SHINGLE = 3
_SKETCH, _SKETCH_SHARE = 32, 3
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


def neighbour_ids(chunk: StoredChunk) -> tuple[str, ...]:
    """Return the ids of the chunks after and before ``chunk``; chunk ids end in ``:index``."""
    stem = chunk.id.removesuffix(f":{chunk.index}")
    if stem == chunk.id or chunk.index == CARD_INDEX:
        return ()
    following = f"{stem}:{chunk.index + 1}"
    return (following, f"{stem}:{chunk.index - 1}") if chunk.index else (following,)


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
        names = sorted(neighbour_ids(chunk), key=lambda name: order.get(name, len(order)))
        members = {chunk.id}
        whole = chunk
        for name in names:
            other = known.get(name)
            grown = None if other is None or name in taken else _join(whole, other)
            if grown is not None and count_units(grown.text) <= size_units:
                whole = grown
                members.add(name)
        taken |= members
        joined = replace(whole, id=chunk.id, index=chunk.index, heading=chunk.heading)
        passages.append(Passage(chunk=joined, members=frozenset(members)))
    return passages


def _join(one: StoredChunk, other: StoredChunk) -> StoredChunk | None:
    """Return both as one piece of the document's text, or None when they are no neighbours in one section."""
    first, second = (one, other) if one.start <= other.start else (other, one)
    gap = second.start - first.end
    if gap > _LARGEST_GAP or second.end <= first.end or first.heading != second.heading:
        return None
    return replace(
        first,
        text=first.text + "\n" * max(gap, 0) + second.text[max(-gap, 0) :],
        search_text=_join_search_text(first.search_text, second.search_text, -gap),
        end=second.end,
    )


def _join_search_text(first: str, second: str, overlap: int) -> str:
    """Return both without repeating what they share at the seam, ``overlap`` characters at most."""
    for size in range(min(overlap, len(first), len(second)), 0, -1):
        if first.endswith(second[:size]):
            return first + second[size:]
    return f"{first}\n{second}"


def fold_duplicates(ranked: Sequence[_T], text: Callable[[_T], str]) -> list[_T]:
    """Return ``ranked`` without those whose text is nearly that of a better one."""
    kept: list[_T] = []
    seen: list[tuple[str, frozenset[int]]] = []
    for item in ranked:
        squashed = "".join(text(item).split()).lower()
        sketch = _sketch(squashed)
        # Two texts that are nearly the same have nearly the same sketch; only those are counted out.
        alike = (other for other, theirs in seen if len(sketch & theirs) * _SKETCH_SHARE >= len(sketch))
        if not any(_is_same(_shingles(squashed), _shingles(other)) for other in alike):
            kept.append(item)
            seen.append((squashed, sketch))
    return kept


def _sketch(text: str) -> frozenset[int]:
    """Return the ``_SKETCH`` smallest hashes of the text's character triples (Broder 1997, bottom-k sketch)."""
    codes = np.frombuffer(text.encode("utf-32-le", "replace").ljust(4 * _SHINGLE, b"\0"), dtype=np.uint32)
    mixed = codes[:-2] * np.uint32(0x9E3779B1) + codes[1:-1] * np.uint32(0x85EBCA77) + codes[2:] * np.uint32(0xC2B2AE3D)
    return frozenset(np.unique(mixed)[:_SKETCH].tolist())


def _shingles(text: str) -> set[str]:
    return {text[i : i + _SHINGLE] for i in range(max(1, len(text) - _SHINGLE + 1))}


def _is_same(one: set[str], other: set[str]) -> bool:
    smaller, larger = sorted((len(one), len(other)))
    return smaller >= _SAME * larger and len(one & other) >= _SAME * len(one | other)
