"""Rejection figures of the shipped weights: python -m benchmarks.retrieval.rejection DATA.json...

Half of the articles (and 3, 10 and 50 of them) indexed, held-out questions about them and about the others asked.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.retrieval.corpus import Corpus, build_retriever, load_corpus
from benchmarks.retrieval.train import auc, half_of, is_train


def figures(corpus: Corpus, count: int, draws: int) -> dict[str, float]:
    """Return AUC and the shares declined, over ``draws`` choices of ``count`` articles."""
    scores, labels, found = [], [], []
    for seed in range(100, 100 + draws):
        part = half_of(corpus, count, seed)
        inside = {chunk.document_name for chunk in part.chunks}
        queries = [query for query in corpus.queries if not is_train(query)]
        own = [query for query in queries if query.document in inside]
        foreign = [query for query in queries if query.document not in inside][: max(100, len(own))]
        with tempfile.TemporaryDirectory() as folder:
            retriever = build_retriever([part], Path(folder))
            for query in own + foreign:
                result = retriever.retrieve(query.text, ["base"], top_k=1)
                scores.append(result.confidence)
                found.append(result.found)
                labels.append(query.document in inside)
    mask = np.array(labels)
    answered = np.array(found)
    return {
        "articles": count,
        "auc": round(auc(np.array(scores), mask.astype(float)), 4),
        "foreign_declined": round(100 * float((~answered[~mask]).mean()), 1),
        "own_declined": round(100 * float((~answered[mask]).mean()), 1),
        "own": int(mask.sum()),
        "foreign": int((~mask).sum()),
    }


def main() -> int:
    """Print one JSON object per base size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+", help="SQuAD-style JSON")
    data = parser.parse_args().data
    for argument in data:
        corpus = load_corpus(argument, "base")
        total = len({query.document for query in corpus.queries})
        for count, draws in ((total // 2, 2), (50, 4), (10, 8), (3, 16)):
            if count < total:
                print(json.dumps({"data": argument.name, **figures(corpus, count, draws)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
