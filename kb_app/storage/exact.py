"""Exact nearest vectors straight from the database: for processes that may not open Chroma, and during a rebuild."""

import heapq
from collections.abc import Collection, Sequence

from ingestion.protocols import Vectors
from kb_app.storage.chunks import ChunkRepository


class ExactVectorIndex:
    """Reads the vectors of the chunks themselves, so there is nothing to add, delete or repair."""

    def __init__(self, chunks: ChunkRepository) -> None:
        """Search the vectors of ``chunks``."""
        self._chunks = chunks

    def add(self, base_id: str, chunk_ids: Sequence[str], vectors: Vectors) -> None:
        """Do nothing: the database already has them."""

    def delete(self, base_id: str, chunk_ids: Collection[str]) -> None:
        """Do nothing: the database has already forgotten them."""

    def drop(self, base_id: str) -> None:
        """Do nothing: the database has already forgotten it."""

    def ids(self, base_id: str) -> set[str]:
        """Return every chunk id of the base."""
        return self._chunks.ids(base_id)

    def query(self, base_id: str, vector: Vectors, top_k: int) -> list[tuple[str, float]]:
        """Return the ``top_k`` best (chunk id, cosine), scanning all unit vectors in batches."""
        best: list[tuple[float, str]] = []
        for ids, vectors in self._chunks.iter_vectors(base_id, batch=4000):
            scores = (vectors @ vector).tolist()
            best = heapq.nlargest(top_k, [*best, *zip(scores, ids, strict=True)])
        return [(found, score) for score, found in best]
