"""What a question in the other Chinese script loses: simplified against traditional text, and back.

python -m benchmarks.retrieval.cross_script CMRC.json [--every N]

Converts with opencc-python-reimplemented (install it aside), phrases to Taiwan's, whose tables are not the analyzer's.
"""

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path

from opencc import OpenCC

from benchmarks.retrieval.corpus import Corpus, Query, build_retriever, load_corpus
from benchmarks.retrieval.search import measure


def converted(corpus: Corpus, converter: OpenCC) -> Corpus:
    """Return the corpus with its texts, titles and answers in the other script; the questions stay."""
    chunks = [
        replace(
            chunk,
            title=converter.convert(chunk.title),
            text=converter.convert(chunk.text),
            search_text=converter.convert(chunk.search_text),
        )
        for chunk in corpus.chunks
    ]
    queries = [
        Query(one.id, one.text, one.document, tuple(map(converter.convert, one.answers))) for one in corpus.queries
    ]
    return Corpus(corpus.base_id, chunks, queries)


def main() -> int:
    """Print one JSON object for each pair of scripts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="SQuAD-style JSON in simplified Chinese")
    parser.add_argument("--every", type=int, default=1, help="ask every Nth question only")
    arguments = parser.parse_args()
    converter = OpenCC("s2twp")
    simplified = load_corpus(arguments.data, "base")
    traditional = converted(simplified, converter)
    for name, corpus in (("simplified", simplified), ("traditional", traditional)):
        with tempfile.TemporaryDirectory() as folder:
            retriever = build_retriever([corpus], Path(folder))
            for script in ("simplified", "traditional"):
                asked = [
                    replace(query, text=converter.convert(query.text) if script == "traditional" else query.text)
                    for query in corpus.queries[:: arguments.every]
                ]
                found = measure(asked, lambda text, search=retriever.retrieve: search(text, ["base"], top_k=10))
                kept = {key: found[key] for key in ("hit@1", "hit@5", "queries")}
                print(json.dumps({"text": name, "question": script, **kept}), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
