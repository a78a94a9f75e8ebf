"""Seams with more than one implementation. A fake counts as one."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from ingestion.protocols import Embedder, Vectors
from kb_app.models import ChatRequest, ModelEvent, ModelInfo, SearchFilters, StoredChunk


class ModelStream(Protocol):
    """The events of one answer, ending with exactly one ``Finished``."""

    def __iter__(self) -> Iterator[ModelEvent]:
        """Return the events. Raises ProviderError for every failure, also in mid-stream."""

    def close(self) -> None:
        """Close the connection, so that the server stops computing. Any thread may call this at any time."""


class ChatModel(Protocol):
    """One model that can answer."""

    @property
    def model_id(self) -> str:
        """Id such as ``quote`` or ``ollama/qwen3:8b``."""

    @property
    def context_tokens(self) -> int:
        """Window for prompt and answer together that this model will really be given."""

    @property
    def prompted(self) -> bool:
        """Whether it reads ``messages`` (language models) or only ``question`` and ``sources`` (quote)."""

    def stream(self, request: ChatRequest) -> ModelStream:
        """Begin an answer. An end without the protocol's terminal marker is an InterruptedStreamError."""


class Provider(Protocol):
    """One family of models, registered in ``kb_app.providers``."""

    @property
    def name(self) -> str:
        """First part of the ids of its models."""

    def models(self) -> list[ModelInfo]:
        """List chat and embedding models with their state; never raises, an unreachable server is a state."""

    def chat_model(self, model: str) -> ChatModel:
        """Return the chat model named ``model`` (the id without the provider)."""

    def embedder(self, model: str) -> Embedder:
        """Return the embedder named ``model``. Raises ModelNotFoundError where there is none."""


class Reranker(Protocol):
    """Reads a question and the best passages together and says how well each answers it."""

    @property
    def model_id(self) -> str:
        """Id such as ``reranker/bge-reranker-v2-m3``."""

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        """Return a score in [0, 1] for each passage, in their order. Raises ProviderError."""


class VectorSearch(Protocol):
    """Nearest vectors of a base. Scores are cosine similarity in [-1, 1], higher is better."""

    def query(
        self, base_id: str, vector: Vectors, top_k: int, document_ids: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return up to ``top_k`` (chunk id, cosine), best first; a base never seen gives an empty list.

        With ``document_ids`` only chunks of these documents, as many as there are.
        """


class ChunkSource(Protocol):
    """The truth about chunks; indexes may lag behind it, so every hit is looked up here."""

    def chunks(self, chunk_ids: Collection[str]) -> Mapping[str, StoredChunk]:
        """Return those of the chunks that exist, belong to a ready document and a living base."""

    def documents(self, base_ids: Collection[str], filters: SearchFilters) -> frozenset[str]:
        """Return the ids of the bases' ready documents that pass ``filters``."""
