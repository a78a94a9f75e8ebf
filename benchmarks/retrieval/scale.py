"""Search times, sizes, build times and memory at several sizes of a base, on real storage.

python -m benchmarks.retrieval.scale --sizes 1000 10000 100000 --work DIR [--vectors] TEXTS...

TEXTS are SQuAD-style sets and text files or folders of them. The base is made of their sentences, drawn at random into
new documents of 20 passages, every tenth with its characters or words exchanged for others of the texts, so that the
vocabulary grows as well. Asked are the sets' own questions, in random order, none twice. Prints one JSON object a size.
"""

import argparse
import functools
import json
import random
import resource
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert

from benchmarks.retrieval.corpus import articles
from ingestion.canonical import canonical_sentences
from ingestion.embed import HashedEmbedder, embedding_text
from ingestion.sentences import count_units, split_sentences
from kb_app.models import SearchFilters, StoredChunk
from kb_app.retrieval.keyword import KeywordIndex
from kb_app.retrieval.retriever import Retriever
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
_QUESTIONS = 300
_USERS = 10
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
                canonical=canonical_sentences(text),
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


def build(folder: Path, size: int, sentences: Sequence[str], with_vectors: bool) -> dict[str, Any]:
    """Make a base of ``size`` chunks under ``folder`` and return what that took."""
    database = Database(folder / "kb.sqlite3")
    migrate(database)
    row = {"name": "base", "embedder": "builtin", "dimension": 512, "chunk_size_units": 300, "chunk_overlap_units": 60}
    base = BaseRepository(database).add({**row, **base_versions()}, "base")
    keyword, chroma = KeywordIndex(folder / "keyword"), ChromaVectorIndex(folder / "chroma")
    embedder = HashedEmbedder()
    timers = {name: Timer() for name in ("database", "keyword", "embedding", "chroma")}
    noise = np.random.default_rng(0).standard_normal((_BATCH, embedder.dimension)).astype(np.float32)
    for batch in chunks(base.id, passages(sentences, size), size):
        vectors = noise[: len(batch)]
        if with_vectors:
            with timers["embedding"]:
                vectors = embedder.embed_documents([embedding_text(chunk.title, chunk) for chunk in batch])
            with timers["chroma"]:
                chroma.add(base.id, [chunk.id for chunk in batch], vectors)
        with timers["database"]:
            store(database, batch, vectors)
        with timers["keyword"]:
            keyword.add(base.id, batch)
    chroma.close()
    database.close()
    return {
        f"{name}_{kind}": round(getattr(timer, kind), 1)
        for name, timer in timers.items()
        for kind in ("wall_s", "cpu_s")
        if timer.wall_s
    }


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return median and 95th percentile in milliseconds."""
    ordered = sorted(seconds)
    shares = {"p50": 0.5, "p95": 0.95}
    return {name: round(1000 * ordered[int(share * (len(ordered) - 1))], 1) for name, share in shares.items()}


def timed(search: Callable[[str], object], questions: Sequence[str]) -> dict[str, float]:
    """Return the times of one user's questions, one after the other, and the processor time each took."""
    taken = []
    before = time.process_time()
    for question in questions:
        started = time.perf_counter()
        search(question)
        taken.append(time.perf_counter() - started)
    return {**percentiles(taken), "cpu": round(1000 * (time.process_time() - before) / len(questions), 1)}


def together(search: Callable[[str], object], questions: Sequence[str]) -> dict[str, float]:
    """Return the times when ten users ask at the same moment, as often as the questions last."""
    barrier = threading.Barrier(_USERS)
    taken: list[float] = []

    def one(questions: Sequence[str]) -> None:
        try:
            for question in questions:
                barrier.wait()
                started = time.perf_counter()
                search(question)
                taken.append(time.perf_counter() - started)
        except BaseException:
            barrier.abort()  # the others would wait for ever
            raise

    with ThreadPoolExecutor(_USERS) as users:
        list(users.map(one, [questions[user::_USERS] for user in range(_USERS)]))
    return percentiles(taken)


def measure(folder: Path, questions: Sequence[str]) -> dict[str, Any]:
    """Return the times of searches over the base under ``folder``."""
    database = Database(folder / "kb.sqlite3")
    migrate(database)  # a base that is used again may be of an older version
    bases = BaseRepository(database)
    base = bases.all()[0]
    embedder = HashedEmbedder()

    def embedder_for(base_id: str) -> HashedEmbedder:
        bases.embedder_of(base_id)  # as the app does
        return embedder

    keyword = KeywordIndex(folder / "keyword")
    retriever = Retriever(ChunkRepository(database), keyword, ChromaVectorIndex(folder / "chroma"), embedder_for)
    documents = base.document_count
    filters = {
        "one document": SearchFilters(document_ids=frozenset({f"d{documents // 2}"})),
        "1 in 10 documents": SearchFilters(endings=(".txt",)),
        "9 in 10 documents": SearchFilters(endings=(".md",)),
    }
    parts = [questions[start : start + _QUESTIONS] for start in range(0, len(questions), _QUESTIONS)]
    retriever.retrieve(questions[-1], [base.id])
    search = functools.partial(retriever.retrieve, base_ids=[base.id])
    found = {"one user": timed(search, parts[0]), "ten at once": together(search, parts[1])}
    for number, (name, one) in enumerate(filters.items(), start=2):
        found[name] = timed(functools.partial(search, filters=one), parts[number][:100])
    database.close()
    return found


def megabytes(path: Path) -> float:
    """Return the size of a file or folder."""
    files = [path] if path.is_file() else path.rglob("*")
    return round(sum(one.stat().st_size for one in files if one.is_file()) / 1e6, 1)


def main() -> int:
    """Print one JSON object a size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path, nargs="+")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--work", type=Path, required=True, help="folder for the bases; what is there is used again")
    parser.add_argument("--vectors", action="store_true", help="embed and fill Chroma, too")
    arguments = parser.parse_args()
    sentences, questions = sentences_and_questions(arguments.texts)
    random.Random(0).shuffle(questions)
    for size in arguments.sizes:
        folder = arguments.work / f"{size}{'-vectors' if arguments.vectors else ''}"
        figures = folder / "built.json"
        if not figures.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            built = build(folder, size, sentences, arguments.vectors)
            figures.write_text(json.dumps(built), encoding="utf-8")
        built = json.loads(figures.read_text(encoding="utf-8"))
        sizes = {f"{part}_mb": megabytes(folder / part) for part in ("kb.sqlite3", "keyword", "chroma")}
        found = measure(folder, questions)
        peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
        print(json.dumps({"chunks": size, **built, **sizes, "peak_mb": peak, **found}), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
