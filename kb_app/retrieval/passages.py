"""From ranked chunks to passages: duplicates folded, neighbours joined so that a passage reads well."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from ingestion.sentences import count_units
from kb_app.models import Hit, StoredChunk

#: A passage is joined up to about this length (units of ``ingestion.models.ChunkOptions``).
PASSAGE_UNITS = 450
#: Two chunks sharing this much of their character triples are the same text.
_SAME = 0.9
_SHINGLE = 3
#: The chunker leaves out blanks between chunks, no more than this many.
_LARGEST_GAP = 4


def fold_duplicates(hits: Sequence[Hit]) -> list[Hit]:
    """Return ``hits`` without those whose text is nearly that of a better one."""
    kept: list[Hit] = []
    seen: list[set[str]] = []
    for hit in hits:
        shingles = _shingles(hit.chunk.search_text)
        if not any(_is_same(shingles, other) for other in seen):
            kept.append(hit)
            seen.append(shingles)
    return kept


def _shingles(text: str) -> set[str]:
    squashed = "".join(text.split()).lower()
    return {squashed[i : i + _SHINGLE] for i in range(max(1, len(squashed) - _SHINGLE + 1))}


def _is_same(one: set[str], other: set[str]) -> bool:
    smaller, larger = sorted((len(one), len(other)))
    return smaller >= _SAME * larger and len(one & other) >= _SAME * len(one | other)


def join_neighbours(
    hits: Sequence[Hit],
    chunks: Callable[[Collection[str]], Mapping[str, StoredChunk]],
    size_units: float = PASSAGE_UNITS,
) -> list[Hit]:
    """Return ``hits`` with their chunks grown by neighbours up to ``size_units``.

    A hit that lies in a better one's passage is dropped; the passage keeps the id of the chunk that was found.
    """
    wanted = {name for hit in hits for name in neighbour_ids(hit.chunk)}
    neighbours = chunks(wanted)
    joined: list[Hit] = []
    taken: set[str] = set()
    for hit in hits:
        if hit.chunk.id in taken:
            continue
        passage, members = _grow(hit.chunk, neighbours, taken, size_units)
        taken |= members
        joined.append(replace(hit, chunk=passage))
    return joined


def neighbour_ids(chunk: StoredChunk) -> tuple[str, ...]:
    """Return the ids of the chunks after and before ``chunk``; chunk ids end in ``:index``."""
    stem = chunk.id.removesuffix(f":{chunk.index}")
    if stem == chunk.id:
        return ()
    following = f"{stem}:{chunk.index + 1}"
    return (following, f"{stem}:{chunk.index - 1}") if chunk.index else (following,)


def _grow(
    chunk: StoredChunk, neighbours: Mapping[str, StoredChunk], taken: Collection[str], size_units: float
) -> tuple[StoredChunk, set[str]]:
    passage, members = chunk, {chunk.id}
    for name in neighbour_ids(chunk):
        other = neighbours.get(name)
        if other is None or name in taken or other.heading != chunk.heading:
            continue
        grown = _join(passage, other) if other.index > chunk.index else _join(other, passage)
        if grown is not None and count_units(grown.text) <= size_units:
            passage = replace(
                chunk,
                text=grown.text,
                search_text=grown.search_text,
                start=grown.start,
                end=grown.end,
                page=grown.page,
            )
            members.add(name)
    return passage, members


def _join(first: StoredChunk, second: StoredChunk) -> StoredChunk | None:
    """Return both as one piece of the document's text, or None when something stands between them."""
    gap = second.start - first.end
    if gap > _LARGEST_GAP or second.end <= first.end:
        return None
    return replace(
        first,
        text=first.text + "\n" * max(gap, 0) + second.text[max(-gap, 0) :],
        search_text=first.search_text + "\n" + second.search_text,
        end=second.end,
    )
