from collections.abc import Callable, Collection, Mapping, Sequence

import pytest

from ingestion.protocols import Vectors
from kb_app.models import StoredChunk


class MemoryChunks:
    """The truth about chunks, in a dictionary a test can change."""

    def __init__(self) -> None:
        self.held: dict[str, StoredChunk] = {}

    def chunks(self, chunk_ids: Collection[str]) -> Mapping[str, StoredChunk]:
        return {name: self.held[name] for name in chunk_ids if name in self.held}


class ExactVectors:
    """A vector index that compares with every vector."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, Vectors]] = {}

    def add(self, base_id: str, chunk_ids: Sequence[str], vectors: Vectors) -> None:
        self.held.setdefault(base_id, {}).update(zip(chunk_ids, vectors, strict=True))

    def delete(self, base_id: str, chunk_ids: Collection[str]) -> None:
        for name in chunk_ids:
            self.held.get(base_id, {}).pop(name, None)

    def drop(self, base_id: str) -> None:
        self.held.pop(base_id, None)

    def ids(self, base_id: str) -> set[str]:
        return set(self.held.get(base_id, {}))

    def query(
        self, base_id: str, vector: Vectors, top_k: int, document_ids: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        cosines = [(name, float(held @ vector)) for name, held in self.held.get(base_id, {}).items()]
        return sorted(cosines, key=lambda item: -item[1])[:top_k]


@pytest.fixture
def make_chunk() -> Callable[..., StoredChunk]:
    def make(text: str, document_id: str = "d1", index: int = 0, **changes: object) -> StoredChunk:
        values: dict[str, object] = {
            "id": f"{document_id}:{index}",
            "base_id": "base",
            "document_id": document_id,
            "document_name": f"{document_id}.md",
            "title": "",
            "index": index,
            "text": text,
            "search_text": text,
            "start": 0,
            "end": len(text),
            "page": None,
            "heading": (),
        }
        return StoredChunk(**{**values, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture
def truth() -> MemoryChunks:
    return MemoryChunks()


@pytest.fixture
def vectors() -> ExactVectors:
    return ExactVectors()
