"""Question sets as knowledge bases in memory: an exact vector index and a chunk source, for measuring.

Reads SQuAD-style JSON. The chunks come from the product's own steps (``ingestion``), one text file per article as
``retrieval_bench.py prepare`` would write it.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ingestion.embed import HashedEmbedder
from ingestion.models import PreparedDocument
from ingestion.prepare import prepare
from ingestion.protocols import Embedder, Vectors
from kb_app.models import StoredChunk
from kb_app.retrieval.keyword import KeywordIndex
from kb_app.retrieval.retriever import Retriever


@dataclass(frozen=True)
class Query:
    """A question with the file that answers it and the accepted answers."""

    id: str
    text: str
    document: str
    answers: tuple[str, ...]


@dataclass
class Corpus:
    """Chunks of one base and the questions about them."""

    base_id: str
    chunks: list[StoredChunk]
    queries: list[Query]


class MemoryChunks:
    """A ``ChunkSource`` over a dictionary."""

    def __init__(self, chunks: Sequence[StoredChunk]) -> None:
        """Serve ``chunks``."""
        self._chunks = {chunk.id: chunk for chunk in chunks}

    def chunks(self, chunk_ids: Collection[str]) -> Mapping[str, StoredChunk]:
        """Return those that exist."""
        return {name: self._chunks[name] for name in chunk_ids if name in self._chunks}


@dataclass
class ExactVectors:
    """A ``VectorSearch`` that compares with every vector."""

    _held: dict[str, dict[str, Vectors]] = field(default_factory=dict)

    def add(self, base_id: str, chunk_ids: Sequence[str], vectors: Vectors) -> None:
        """Insert or overwrite."""
        self._held.setdefault(base_id, {}).update(zip(chunk_ids, vectors, strict=True))

    def delete(self, base_id: str, chunk_ids: Collection[str]) -> None:
        """Forget these chunks."""
        for name in chunk_ids:
            self._held.get(base_id, {}).pop(name, None)

    def drop(self, base_id: str) -> None:
        """Forget a base."""
        self._held.pop(base_id, None)

    def ids(self, base_id: str) -> set[str]:
        """Return every chunk id held."""
        return set(self._held.get(base_id, {}))

    def query(
        self, base_id: str, vector: Vectors, top_k: int, document_ids: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return the nearest by exact cosine."""
        held = self._held.get(base_id)
        if not held:
            return []
        names = list(held)
        cosines = np.stack([held[name] for name in names]) @ vector
        return [(names[i], float(cosines[i])) for i in np.argsort(-cosines)[:top_k]]


def squash(text: str) -> str:
    """Remove all white space, as the benchmark does before it looks for an answer."""
    return re.sub(r"\s+", "", text)


def articles(path: Path) -> Iterator[tuple[str, str, list[Query]]]:
    """Yield (file name, text, questions) for each article."""
    for number, article in enumerate(json.loads(path.read_text(encoding="utf-8"))["data"]):
        name = f"a{number:05d}.txt"
        title = article.get("title", "")
        parts = [paragraph["context"] for paragraph in article["paragraphs"]]
        text = "\n\n".join(([title] if title else []) + parts) + "\n"
        queries = [
            Query(qa["id"], qa["question"], name, tuple(sorted({a["text"] for a in qa["answers"]})))
            for paragraph in article["paragraphs"]
            for qa in paragraph["qas"]
        ]
        yield name, text, queries


def load_corpus(path: Path, base_id: str, wanted: Collection[str] | None = None) -> Corpus:
    """Return the articles of ``path`` as chunks, and their questions; ``wanted`` limits the file names."""
    chunks: list[StoredChunk] = []
    queries: list[Query] = []
    for name, text, asked in articles(path):
        if wanted is not None and name not in wanted:
            continue
        chunks += stored_chunks(prepare(text.encode(), name), base_id, f"{base_id}.{name}")
        queries += asked
    return Corpus(base_id, chunks, queries)


def stored_chunks(prepared: PreparedDocument, base_id: str, document_id: str) -> list[StoredChunk]:
    """Return a prepared document's chunks as the database would hold them."""
    return [
        StoredChunk(
            id=f"{document_id}:{chunk.index}",
            base_id=base_id,
            document_id=document_id,
            document_name=prepared.document.name,
            title=prepared.document.title,
            index=chunk.index,
            text=chunk.text,
            search_text=chunk.search_text,
            canonical=chunk.canonical,
            start=chunk.start,
            end=chunk.end,
            page=chunk.page,
            heading=chunk.heading,
        )
        for chunk in prepared.chunks
    ]


def build_retriever(corpora: Sequence[Corpus], folder: Path, embedder: Embedder | None = None) -> Retriever:
    """Return a Retriever over these corpora with a real keyword index under ``folder``."""
    keyword = KeywordIndex(folder)
    vectors = ExactVectors()
    chosen = embedder or HashedEmbedder()
    for corpus in corpora:
        keyword.drop(corpus.base_id)
        keyword.add(corpus.base_id, corpus.chunks)
        if embedder is not None:
            texts = ["\n".join((c.title, *c.heading, c.search_text)) for c in corpus.chunks]
            vectors.add(corpus.base_id, [c.id for c in corpus.chunks], chosen.embed_documents(texts))
    truth = MemoryChunks([chunk for corpus in corpora for chunk in corpus.chunks])
    return Retriever(truth, keyword, vectors, lambda base_id: chosen)
