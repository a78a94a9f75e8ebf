"""Search figures, the same as ``retrieval_bench.py`` gives.

python -m benchmarks.retrieval.search DATA.json [--only QUERIES.jsonl]
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.retrieval.corpus import Query, build_retriever, load_corpus, squash
from kb_app.models import Hit


def outcome(query: Query, hits: Sequence[Hit], budget: int = 1500) -> tuple[int | None, bool]:
    """Return the rank of the first right hit, and whether the answer lies within ``budget`` characters."""
    answers = [squash(answer) for answer in query.answers]
    rank, used, inside = None, 0, False
    for position, hit in enumerate(hits[:10], 1):
        text = hit.chunk.text
        is_right_file = hit.chunk.document_name == query.document
        if rank is None and is_right_file and any(a in squash(text) for a in answers):
            rank = position
        if used < budget and is_right_file and any(a in squash(text[: budget - used]) for a in answers):
            inside = True
        used += len(text)
    return rank, inside


def measure(queries: Sequence[Query], search) -> dict[str, float]:
    """Return the figures over ``queries``; ``search`` gives the hits of a text."""
    ranks, inside, lengths, seconds = [], 0, [], []
    for query in queries:
        retrieval = search(query.text)
        rank, within = outcome(query, retrieval.hits)
        ranks.append(rank)
        inside += within
        lengths += [len(hit.chunk.text) for hit in retrieval.hits]
        seconds.append(retrieval.elapsed_s)
    count = len(queries)
    seconds.sort()
    at = {f"hit@{k}": round(100 * sum(r is not None and r <= k for r in ranks) / count, 2) for k in (1, 3, 5, 10)}
    return at | {
        "mrr@10": round(100 * sum(1 / r for r in ranks if r) / count, 2),
        "budget1500": round(100 * inside / count, 2),
        "queries": count,
        "hit_chars_mean": round(statistics.mean(lengths), 1),
        "ms_p50": round(1000 * seconds[count // 2], 2),
        "ms_p95": round(1000 * seconds[int(0.95 * (count - 1))], 2),
    }


def main() -> int:
    """Print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", type=Path)
    arguments = parser.parse_args()
    corpus = load_corpus(arguments.data, "base")
    queries = corpus.queries
    if arguments.only:
        known = {query.id: query for query in queries}
        rows = [json.loads(line) for line in arguments.only.read_text(encoding="utf-8").splitlines() if line.strip()]
        queries = [Query(row["id"], row["query"], known[row["id"]].document, known[row["id"]].answers) for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        retriever = build_retriever([corpus], Path(folder))
        print(json.dumps(measure(queries, lambda text: retriever.retrieve(text, ["base"], top_k=10))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
