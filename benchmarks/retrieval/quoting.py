"""Share of questions whose first quotation, and first three, hold the answer.

python -m benchmarks.retrieval.quoting DATA.json
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.retrieval.corpus import Query, build_retriever, load_corpus, squash
from benchmarks.retrieval.train import is_train
from kb_app.models import Hit, Source
from kb_app.retrieval.quote import select_quotes
from kb_app.retrieval.retriever import Retriever

_PASSAGES = 8


def source(marker: int, hit: Hit) -> Source:
    """Return the hit as the quote model gets it."""
    chunk = hit.chunk
    return Source(
        marker=marker,
        base_id=chunk.base_id,
        document_id=chunk.document_id,
        document=chunk.document_name,
        chunk_id=chunk.id,
        text=chunk.text,
        score=hit.score,
        page=chunk.page,
        heading=chunk.heading,
        start=chunk.start,
        end=chunk.end,
        title=chunk.title,
    )


def right(retriever: Retriever, query: Query) -> list[bool]:
    """Return for each of the three quotations whether it holds the answer and comes from the right file."""
    hits = retriever.retrieve(query.text, ["base"], top_k=_PASSAGES).hits
    sources = [source(marker, hit) for marker, hit in enumerate(hits, 1)]
    answers = [squash(answer) for answer in query.answers]
    return [
        sources[quote.marker - 1].document == query.document and any(a in squash(quote.text) for a in answers)
        for quote in select_quotes(query.text, sources)
    ]


def main() -> int:
    """Print one JSON object for all questions and for each half."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="SQuAD-style JSON")
    data = parser.parse_args().data
    corpus = load_corpus(data, "base")
    with tempfile.TemporaryDirectory() as folder:
        retriever = build_retriever([corpus], Path(folder))
        outcomes = [(is_train(query), right(retriever, query)) for query in corpus.queries]
    for name, kept in (("all", (True, False)), ("train", (True,)), ("held out", (False,))):
        part = [outcome for is_training, outcome in outcomes if is_training in kept]
        first = 100 * sum(bool(outcome and outcome[0]) for outcome in part) / len(part)
        three = 100 * sum(any(outcome) for outcome in part) / len(part)
        print(json.dumps({"part": name, "first": round(first, 1), "three": round(three, 1), "queries": len(part)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
