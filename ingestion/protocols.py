"""What ingestion needs from elsewhere, as narrow protocols."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingestion.models import PreparedDocument
from ingestion.models import Progress as Progress

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into unit vectors. Implementations are safe to share between threads."""

    @property
    def model_id(self) -> str:
        """Id stored with each knowledge base, such as ``builtin`` or ``ollama/bge-m3``."""

    @property
    def dimension(self) -> int:
        """Length of every vector."""

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return float32 vectors of shape (len(texts), dimension), L2-normalised, in the same order."""

    def embed_query(self, text: str) -> Vectors:
        """Return one float32 vector of shape (dimension,), L2-normalised."""


class DocumentStore(Protocol):
    """Where a prepared document goes in the last step."""

    def store(self, prepared: PreparedDocument, vectors: Vectors) -> str:
        """Save the document, its chunks and their vectors at once and return the document's id."""
