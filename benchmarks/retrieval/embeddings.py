"""LangChain embeddings for measuring through the app: a real English model, and two that know nothing.

Named in ``kb.toml``, such as ``[langchain.minilm] class_path = "benchmarks.retrieval.embeddings:MiniLMEmbeddings"``.
"""

import zlib

import numpy as np
from langchain_core.embeddings import Embeddings

from benchmarks.retrieval.minilm import MiniLM

_DIMENSION = 384


class MiniLMEmbeddings(Embeddings):
    """all-MiniLM-L6-v2."""

    def __init__(self) -> None:
        """Read the weights."""
        self._model = MiniLM()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return unit vectors."""
        return self._model.embed_documents(texts).tolist()

    def embed_query(self, text: str) -> list[float]:
        """Return a unit vector."""
        return self._model.embed_query(text).tolist()


class RandomEmbeddings(Embeddings):
    """A vector of noise for every text, the same for the same text."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return vectors."""
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """Return a vector."""
        return np.random.default_rng(zlib.crc32(text.encode())).standard_normal(_DIMENSION).tolist()


class ConstantEmbeddings(Embeddings):
    """The same vector for every text."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return vectors."""
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """Return a vector."""
        return [1.0, *[0.0] * (_DIMENSION - 1)]
