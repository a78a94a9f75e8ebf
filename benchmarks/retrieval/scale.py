"""Search times, sizes, build times and memory at several sizes of a base, on real storage.

python -m benchmarks.retrieval.scale --sizes 1000 10000 100000 --work DIR [--vectors] TEXTS...

TEXTS are SQuAD-style sets and text files or folders of them. The base is made of their sentences, drawn at random into
new documents of 20 passages, every tenth with its characters or words exchanged for others of the texts, so that the
vocabulary grows as well. Asked are the sets' own questions, in random order, none twice. Prints one JSON object a size.

A base that DIR has already is only measured. With --vectors its chunks get random unit vectors of 384 dimensions in
Chroma, as many as a small neural model gives, and an embedder that takes no time of its own: what is measured is the
search with a second vote, from neighbours that have nothing in common with what the keywords find, its dearest case.
"""

import argparse
import functools
import json
import random
import resource
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.retrieval.scale_base import RandomEmbedder, add_vectors, build, sentences_and_questions
from ingestion.embed import HashedEmbedder
from ingestion.protocols import Embedder
from kb_app.models import SearchFilters
from kb_app.retrieval.keyword import KeywordIndex
from kb_app.retrieval.retriever import Retriever
from kb_app.storage.bases import BaseRepository
from kb_app.storage.chroma import ChromaVectorIndex
from kb_app.storage.chunks import ChunkRepository
from kb_app.storage.database import Database
from kb_app.storage.migrate import migrate

_QUESTIONS = 300
_USERS = 10
#: Searches before the first that counts: the first ones open files and fill the word cache.
_WARMING = 20


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


def measure(folder: Path, questions: Sequence[str], with_vectors: bool) -> dict[str, Any]:
    """Return the times of searches over the base under ``folder``."""
    database = Database(folder / "kb.sqlite3")
    migrate(database)  # a base that is used again may be of an older version
    bases = BaseRepository(database)
    base = bases.all()[0]
    silent, voting = HashedEmbedder(), RandomEmbedder()

    def embedder_for(base_id: str) -> Embedder:
        bases.embedder_of(base_id)  # as the app does
        return voting if with_vectors else silent

    keyword = KeywordIndex(folder / "keyword")
    retriever = Retriever(ChunkRepository(database), keyword, ChromaVectorIndex(folder / "chroma"), embedder_for)
    documents = base.document_count
    filters = {
        "one document": SearchFilters(document_ids=frozenset({f"d{documents // 2}"})),
        "1 in 10 documents": SearchFilters(endings=(".txt",)),
        "9 in 10 documents": SearchFilters(endings=(".md",)),
    }
    parts = [questions[start : start + _QUESTIONS] for start in range(0, len(questions), _QUESTIONS)]
    search = functools.partial(retriever.retrieve, base_ids=[base.id])
    for question in questions[-_WARMING:]:
        search(question)
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
    parser.add_argument("--vectors", action="store_true", help="let random vectors vote, too")
    arguments = parser.parse_args()
    sentences, questions = sentences_and_questions(arguments.texts)
    random.Random(0).shuffle(questions)
    for size in arguments.sizes:
        folder = arguments.work / str(size)
        figures = folder / "built.json"
        if not figures.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            figures.write_text(json.dumps(build(folder, size, sentences)), encoding="utf-8")
        built = json.loads(figures.read_text(encoding="utf-8"))
        if arguments.vectors and "chroma_wall_s" not in built:
            shutil.rmtree(folder / "chroma", ignore_errors=True)
            built |= add_vectors(folder)
            figures.write_text(json.dumps(built), encoding="utf-8")
        sizes = {f"{part}_mb": megabytes(folder / part) for part in ("kb.sqlite3", "keyword", "chroma")}
        found = measure(folder, questions, arguments.vectors)
        peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
        print(
            json.dumps({"chunks": size, "vectors": arguments.vectors, **built, **sizes, "peak_mb": peak, **found}),
            flush=True,
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
