"""Exact nearest vectors straight from the database: for processes that may not open Chroma, and during a rebuild."""

import heapq
from collections.abc import Collection, Iterable

from ingestion.protocols import Vectors
from kb_app.storage.chunks import ChunkRepository, document_of

#: More documents than this are not asked for by name: SQLite allows 32,766 parameters in one statement.
_ASKED_FOR = 10_000


class ExactVectorIndex:
    """Reads the vectors of the chunks themselves, so there is nothing to add, delete or repair."""

    def __init__(self, chunks: ChunkRepository) -> None:
        """Search the vectors of ``chunks``."""
        self._chunks = chunks

    def query(
        self, base_id: str, vector: Vectors, top_k: int, document_ids: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return the ``top_k`` best (chunk id, cosine) of the base, or of these documents, scanning in batches."""
        asked = document_ids if document_ids is not None and len(document_ids) <= _ASKED_FOR else None
        best: list[tuple[float, str]] = []
        for ids, vectors in self._chunks.iter_vectors(base_id, batch=4000, document_ids=asked):
            scored: Iterable[tuple[float, str]] = zip((vectors @ vector).tolist(), ids, strict=True)
            if document_ids is not None and asked is None:
                scored = ((score, found) for score, found in scored if document_of(found) in document_ids)
            best = heapq.nlargest(top_k, [*best, *scored])
        return [(found, score) for score, found in best]
