"""Chunks -> vectors, and the built-in embedder that needs no model."""

import functools
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import numpy as np

from ingestion.analyzer import terms
from ingestion.errors import EmbeddingError
from ingestion.models import PreparedDocument
from ingestion.protocols import Embedder, Vectors

_BUILTIN_DIMENSION = 512
#: Term frequency saturates as in BM25: a term seen c times counts c / (c + 0.9).
_SATURATION = 0.9
#: Without statistics of a corpus, length tells common from rare: single Chinese characters and short words.
_COMMON_WEIGHT = 0.4
_SHORT_WORD = 3


class HashedEmbedder:
    """Bag of index terms, hashed into a fixed number of signed slots: deterministic, stateless, no download.

    It finds shared wording, not meaning. It exists so that every base has vectors of one shape; the keyword
    index ranks better on its own (benchmarks/retrieval/README.md), so these vectors have no vote.
    """

    model_id = "builtin"

    def __init__(self, dimension: int = _BUILTIN_DIMENSION) -> None:
        """Hash into ``dimension`` slots."""
        self._dimension = dimension

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        return self._dimension

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors of shape (len(texts), dimension); a text without terms gives the first axis."""
        sizes: list[int] = []
        tallies: list[int] = []
        codes: list[int] = []
        for text in texts:
            counts = Counter(terms(text))
            sizes.append(len(counts))
            tallies += counts.values()
            codes += map(_code, counts)
        row = np.repeat(np.arange(len(texts)), sizes)
        code, tally = np.asarray(codes, dtype=np.int64), np.asarray(tallies, dtype=np.float64)
        weight = np.where(code & 1, 1.0, -1.0) * np.where(code & 2, _COMMON_WEIGHT, 1.0)
        places = row * self._dimension + (code >> 2) % self._dimension
        summed = np.bincount(places, weight * tally / (tally + _SATURATION), len(texts) * self._dimension)
        return _unit(summed.reshape(len(texts), self._dimension))

    def embed_query(self, text: str) -> Vectors:
        """Return one unit vector of shape (dimension,)."""
        vector: Vectors = self.embed_documents([text])[0]
        return vector


@functools.lru_cache(maxsize=200_000)
def _code(term: str) -> int:
    """Return a number for ``term``: bit 0 is the sign of its weight, bit 1 whether it is common, the rest its slot."""
    code = zlib.crc32(term.encode())
    is_common = len(term) == 1 or (term.isascii() and len(term) <= _SHORT_WORD and term.isalpha())
    return code >> 1 << 2 | is_common << 1 | code & 1


def _unit(vectors: Iterable[Sequence[float]] | np.ndarray) -> Vectors:
    """Return float32 rows of length 1; a row of zeros becomes the first axis, so that every cosine exists."""
    array = np.array(vectors, dtype=np.float64)
    norms = np.linalg.norm(array, axis=1, keepdims=True)
    array[norms[:, 0] == 0, 0] = 1.0
    return (array / np.where(norms == 0, 1.0, norms)).astype(np.float32)


class Passage(Protocol):
    """What is needed of a chunk to embed it."""

    @property
    def search_text(self) -> str:
        """The passage itself."""

    @property
    def heading(self) -> tuple[str, ...]:
        """The titles above it, outermost first."""


def embedding_text(title: str, chunk: Passage) -> str:
    """Return what is embedded of a chunk: the document's title, the heading path and the passage, line by line."""
    context = [part for part in dict.fromkeys((title, *chunk.heading)) if part]
    return "\n".join((*context, chunk.search_text))


def embed_chunks(
    prepared: PreparedDocument,
    embedder: Embedder,
    *,
    batch_size: int = 64,
    on_progress: Callable[[int, int], None] | None = None,
) -> Vectors:
    """Return the unit vectors of the document's chunks, shape (chunks, dimension).

    ``on_progress`` is called with (done, total) after each batch.

    Raises:
        EmbeddingError: the embedder returned another number or length of vectors, or values that are not finite.
    """
    texts = [embedding_text(prepared.document.title, chunk) for chunk in prepared.chunks]
    return embed_texts(texts, embedder, batch_size=batch_size, on_progress=on_progress)


def embed_texts(
    texts: Sequence[str],
    embedder: Embedder,
    *,
    batch_size: int = 64,
    on_progress: Callable[[int, int], None] | None = None,
) -> Vectors:
    """Return the unit vectors of ``texts``, shape (texts, dimension); as :func:`embed_chunks` does of chunks."""
    parts: list[Vectors] = []
    for first in range(0, len(texts), batch_size):
        batch = texts[first : first + batch_size]
        parts.append(_checked(embedder.embed_documents(batch), len(batch), embedder))
        if on_progress is not None:
            on_progress(first + len(batch), len(texts))
    return np.concatenate(parts) if parts else np.empty((0, embedder.dimension), dtype=np.float32)


def _checked(vectors: Vectors, count: int, embedder: Embedder) -> Vectors:
    array = np.asarray(vectors)
    expected = (count, embedder.dimension)
    if array.shape != expected:
        raise EmbeddingError(
            f"{embedder.model_id} returned shape {array.shape}, not {expected}", embedder=embedder.model_id
        )
    if not np.isfinite(array).all():
        raise EmbeddingError(f"{embedder.model_id} returned values that are not finite", embedder=embedder.model_id)
    return _unit(array)
