"""Texts to unit vectors through a server: batches, retries, and every answer checked."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import numpy as np
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from ingestion.protocols import Vectors
from kb_app.errors import BadResponseError, ProviderError, RateLimitError, ServerError
from kb_app.providers.endpoint import Origin

#: Sends one batch and returns its vectors in the order of the texts.
EmbedBatch = Callable[[Sequence[str]], Sequence[Sequence[float]]]

_ATTEMPTS = 3
#: Wait before the second try where the server names none; doubled for the third.
BACKOFF_S = 0.5
_LONGEST_WAIT_S = 30.0


class DimensionChangedError(BadResponseError):
    """All vectors have one length, and it is not the one they had before."""


class ServerEmbedder(ABC):
    """An embedder whose dimension only its server knows. Safe to share between threads."""

    def __init__(self) -> None:
        """Ask for nothing yet."""
        self._dimension: int | None = None
        self._lock = threading.Lock()

    @property
    def dimension(self) -> int:
        """Length of every vector, learnt from the first answer. Raises ProviderError."""
        with self._lock:
            if self._dimension is None:
                self._dimension = self._embed(["dimension"], None).shape[1]
            return self._dimension

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors of shape (len(texts), dimension). Raises ProviderError."""
        return self._of_known_dimension(texts)

    def embed_query(self, text: str) -> Vectors:
        """Return a unit vector of shape (dimension,). Raises ProviderError."""
        vector: Vectors = self._of_known_dimension([text], query=True)[0]
        return vector

    def _of_known_dimension(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        try:
            return self._embed(texts, self.dimension, query=query)
        except DimensionChangedError:
            with self._lock:  # the server has another model now: learn it anew, so that a re-index can use it
                self._dimension = None
            raise

    @abstractmethod
    def _embed(self, texts: Sequence[str], dimension: int | None, *, query: bool = False) -> Vectors:
        """Return unit vectors; ``query`` is for models that embed a question in a way of its own."""


def _wait_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = float(error.params.get("retry_after_s", 0)) if isinstance(error, ProviderError) else 0.0
    return min(asked or BACKOFF_S * 2.0 ** (state.attempt_number - 1), _LONGEST_WAIT_S)


def embed_in_batches(
    texts: Sequence[str], *, batch_size: int, send: EmbedBatch, origin: Origin, dimension: int | None
) -> Vectors:
    """Return float32 unit vectors of shape (len(texts), dimension) in the order of ``texts``.

    Busy and failing servers are tried three times, waiting as long as they ask (30 s at most).

    Args:
        texts: What to embed; none may be blank, since servers refuse the whole batch then.
        batch_size: Most texts in a request.
        send: Sends one batch.
        origin: For the errors.
        dimension: Length every vector must have; None takes that of the first.

    Raises:
        ProviderError: the server failed, or sent vectors of wrong number, length or value.
        ValueError: a text is blank.
    """
    if any(not text.strip() for text in texts):
        raise ValueError("a text to embed is blank")
    parts: list[Vectors] = []
    for start in range(0, len(texts), batch_size):
        batch = texts[start : start + batch_size]
        vectors = _checked(_send_patiently(send, batch), len(batch), dimension, origin)
        dimension = vectors.shape[1]
        parts.append(vectors)
    return np.concatenate(parts) if parts else np.zeros((0, dimension or 0), dtype=np.float32)


def _send_patiently(send: EmbedBatch, batch: Sequence[str]) -> Sequence[Sequence[float]]:
    again = retry_if_exception_type((RateLimitError, ServerError))
    retrying = Retrying(retry=again, wait=_wait_s, stop=stop_after_attempt(_ATTEMPTS), reraise=True)
    return retrying(send, batch)


def _checked(rows: Sequence[Sequence[float]], count: int, dimension: int | None, origin: Origin) -> Vectors:
    if len(rows) != count:
        raise origin.error(BadResponseError, f"{count} texts were sent, {len(rows)} vectors came back")
    lengths = {len(row) for row in rows}
    wanted = dimension or len(rows[0])
    if lengths != {wanted} or not wanted:
        raise origin.error(
            DimensionChangedError if len(lengths) == 1 else BadResponseError,
            f"vectors of length {sorted(lengths)} instead of {wanted}",
        )
    vectors = np.asarray(rows, dtype=np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(norms).all() or not norms.all():
        raise origin.error(BadResponseError, "a vector is zero or not finite")
    return np.asarray(vectors / norms, dtype=np.float32)
