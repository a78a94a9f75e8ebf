"""Exact nearest vectors straight from the database: for processes that may not open Chroma, and during a rebuild."""

import heapq

from ingestion.protocols import Vectors
from kb_app.storage.chunks import ChunkRepository


class ExactVectorIndex:
    """Reads the vectors of the chunks themselves, so there is nothing to add, delete or repair."""

    def __init__(self, chunks: ChunkRepository) -> None:
        """Search the vectors of ``chunks``."""
        self._chunks = chunks

    def query(self, base_id: str, vector: Vectors, top_k: int) -> list[tuple[str, float]]:
        """Return the ``top_k`` best (chunk id, cosine), scanning all unit vectors in batches."""
        best: list[tuple[float, str]] = []
        for ids, vectors in self._chunks.iter_vectors(base_id, batch=4000):
            scores = (vectors @ vector).tolist()
            best = heapq.nlargest(top_k, [*best, *zip(scores, ids, strict=True)])
        return [(found, score) for score, found in best]
