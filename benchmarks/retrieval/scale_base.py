"""Bases of any size for ``scale.py``: generated passages in real storage, and random vectors in Chroma."""

import functools
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert

from benchmarks.retrieval.corpus import articles
from ingestion.canonical import canonical_sentences
from ingestion.embed import HashedEmbedder
from ingestion.protocols import Vectors
from ingestion.sentences import count_units, split_sentences
from kb_app.models import StoredChunk
from kb_app.retrieval.keyword import KeywordIndex
from kb_app.services.documents.versions import base_versions
from kb_app.storage.bases import BaseRepository
from kb_app.storage.chroma import ChromaVectorIndex
from kb_app.storage.chunks import ChunkRepository, vector_bytes
from kb_app.storage.database import Database
from kb_app.storage.migrate import migrate
from kb_app.storage.tables import ChunkRow, DocumentRow

_CHUNKS_PER_DOCUMENT = 20
_UNITS = 300
_BATCH = 1_000
_DIMENSION = 384
_TEXT_ENDINGS = {".md", ".txt"}


def sentences_and_questions(paths: Sequence[Path]) -> tuple[list[str], list[str]]:
    """Return every sentence of the texts, and the questions of the sets."""
    texts: list[str] = []
    questions: list[str] = []
    for path in paths:
        if path.suffix == ".json":
            for _, text, asked in articles(path):
                texts.append(text)
                questions += [query.text for query in asked]
        else:
            files = [path] if path.is_file() else sorted(path.rglob("*"))
            texts += [one.read_text(encoding="utf-8") for one in files if one.suffix in _TEXT_ENDINGS]
    found = (text[start:end] for text in texts for start, end in split_sentences(text))
    return [sentence for sentence in found if count_units(sentence) >= 8], questions


def passages(sentences: Sequence[str], seed: int) -> Iterator[str]:
    """Yield passages of usual size without end."""
    source = random.Random(seed)
    while True:
        parts: list[str] = []
        while sum(map(count_units, parts)) < _UNITS * 0.9:
            sentence = source.choice(sentences)
            parts.append(_varied(sentence, sentences, source) if source.random() < 0.1 else sentence)
        yield "\n".join(parts)


def _varied(sentence: str, sentences: Sequence[str], source: random.Random) -> str:
    """Return the sentence with every third word, or character, taken from another one."""
    other = source.choice(sentences)
    apart = " " if " " in sentence else ""
    mine, theirs = (list(text.split(" ") if apart else text) for text in (sentence, other))
    for place in range(0, len(mine), 3):
        mine[place] = source.choice(theirs)
    return apart.join(mine)


def chunks(base_id: str, texts: Iterator[str], count: int) -> Iterator[list[StoredChunk]]:
    """Yield ``count`` chunks, a whole number of documents at a time."""
    for first in range(0, count, _BATCH):
        batch = []
        for number in range(first, min(first + _BATCH, count)):
            document, index = divmod(number, _CHUNKS_PER_DOCUMENT)
            text = next(texts)
            chunk = StoredChunk(
                id=f"d{document}:{index}",
                base_id=base_id,
                document_id=f"d{document}",
                document_name=f"d{document}.{'md' if document % 10 else 'txt'}",
                title=f"d{document}",
                index=index,
                text=text,
                search_text=text,
                start=1000 * index,
                end=1000 * index + len(text),
                page=None,
                heading=(),
            )
            batch.append(chunk)
        yield batch


def store(database: Database, batch: Sequence[StoredChunk], vectors: np.ndarray) -> None:
    """Insert chunks and their documents."""
    documents = {chunk.document_id: chunk for chunk in batch}
    with database.write() as session:
        session.execute(insert(DocumentRow), [_document(chunk) for chunk in documents.values()])
        session.execute(insert(ChunkRow), [_row(chunk, vector) for chunk, vector in zip(batch, vectors, strict=True)])


def _document(chunk: StoredChunk) -> dict[str, Any]:
    facts = {"sha256": chunk.document_id, "byte_count": 1, "status": "ready", "created_at": "2026-01-01"}
    return {
        "id": chunk.document_id,
        "base_id": chunk.base_id,
        "name": chunk.document_name,
        "title": chunk.title,
        "chunk_count": _CHUNKS_PER_DOCUMENT,
        **facts,
    }


def _row(chunk: StoredChunk, vector: np.ndarray) -> dict[str, Any]:
    names = ("id", "base_id", "document_id", "text", "search_text", "canonical", "start", "end")
    columns = {name: getattr(chunk, name) for name in names}
    return {**columns, "position": chunk.index, "heading": [], "vector": vector_bytes(vector)}


class Timer:
    """Adds up what its blocks take, in seconds of the clock and of the processor."""

    def __init__(self) -> None:
        """Start at 0."""
        self.wall_s = self.cpu_s = 0.0

    def __enter__(self) -> None:
        """Start."""
        self.wall_s -= time.perf_counter()
        self.cpu_s -= time.process_time()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.wall_s += time.perf_counter()
        self.cpu_s += time.process_time()


class RandomEmbedder:
    """Random unit vectors, which take no time to make; it may vote."""

    model_id = "random"
    dimension = _DIMENSION

    def __init__(self) -> None:
        """Give the same vectors in every run."""
        self._source = np.random.default_rng(0)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return one a text, shape (len(texts), dimension)."""
        vectors = self._source.standard_normal((len(texts), self.dimension), dtype=np.float32)
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def embed_query(self, text: str) -> Vectors:
        """Return one of shape (dimension,)."""
        # A generator must not be shared between threads.
        return np.random.default_rng(len(text)).permutation(self._query)

    @functools.cached_property
    def _query(self) -> Vectors:
        one: Vectors = self.embed_documents([""])[0]
        return one


def build(folder: Path, size: int, sentences: Sequence[str]) -> dict[str, Any]:
    """Make a base of ``size`` chunks under ``folder`` and return what that took."""
    database = Database(folder / "kb.sqlite3")
    migrate(database)
    row = {"name": "base", "embedder": "builtin", "dimension": 512, "chunk_size_units": 300, "chunk_overlap_units": 60}
    base = BaseRepository(database).add({**row, **base_versions()}, "base")
    keyword = KeywordIndex(folder / "keyword")
    timers = {name: Timer() for name in ("analysis", "database", "keyword")}
    noise = np.random.default_rng(0).standard_normal((_BATCH, HashedEmbedder().dimension)).astype(np.float32)
    for plain in chunks(base.id, passages(sentences, size), size):
        with timers["analysis"]:
            batch = [replace(chunk, canonical=canonical_sentences(chunk.search_text)) for chunk in plain]
        with timers["database"]:
            store(database, batch, noise[: len(batch)])
        with timers["keyword"]:
            keyword.add(base.id, batch)
    database.close()
    return seconds(timers)


def add_vectors(folder: Path) -> dict[str, Any]:
    """Give every chunk of the base under ``folder`` a random vector in Chroma and return what that took."""
    database, chroma = Database(folder / "kb.sqlite3"), ChromaVectorIndex(folder / "chroma")
    base_id = BaseRepository(database).all()[0].id
    ids, embedder, timer = sorted(ChunkRepository(database).ids(base_id)), RandomEmbedder(), Timer()
    for first in range(0, len(ids), _BATCH):
        batch = ids[first : first + _BATCH]
        vectors = embedder.embed_documents(batch)
        with timer:
            chroma.add(base_id, batch, vectors)
    chroma.close()
    database.close()
    return seconds({"chroma": timer})


def seconds(timers: Mapping[str, Timer]) -> dict[str, float]:
    """Return what the timers show."""
    return {
        f"{name}_{kind}": round(getattr(timer, kind), 1)
        for name, timer in timers.items()
        for kind in ("wall_s", "cpu_s")
    }
