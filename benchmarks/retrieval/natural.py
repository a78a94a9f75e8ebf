"""Which natural questions are answered, which declined: python -m benchmarks.retrieval.natural FOLDER [--each].

``natural_questions.jsonl`` holds questions as people type them: of the product's own ``examples/`` (base ``samples``)
and of a folder with a course, project descriptions and a book (base ``course``). Those without a document have no
answer there. Then every heading of both bases is asked as the app suggests it; none may be declined.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.retrieval.corpus import Corpus, build_retriever, stored_chunks
from benchmarks.retrieval.quoting import source
from ingestion.prepare import prepare
from kb_app.messages import translate
from kb_app.retrieval.quote import select_quotes
from kb_app.retrieval.retriever import Retriever
from kb_app.services.documents.suggestions import is_question, topics

_HERE = Path(__file__).resolve().parent
_EXAMPLES = _HERE.parents[1] / "examples"
_PASSAGES = 8
_ALL = 100_000


def base_of(paths: Sequence[Path]) -> Corpus:
    """Return these files as one base named ``base``."""
    chunks = [
        chunk
        for number, path in enumerate(paths)
        for chunk in stored_chunks(prepare(path.read_bytes(), path.name), "base", f"d{number}")
    ]
    return Corpus("base", chunks, [])


def asked(retriever: Retriever, row: dict[str, str]) -> dict[str, object]:
    """Return what came of one question; ``right`` is None where nothing is known to be right."""
    result = retriever.retrieve(row["question"], ["base"], top_k=_PASSAGES)
    sources = [source(marker, hit) for marker, hit in enumerate(result.hits, 1)]
    quotes = select_quotes(row["question"], sources)
    told = "\n".join(quote.text for quote in quotes)
    first = sources[0].document if sources else ""
    return {
        "id": row["id"],
        "answerable": bool(row["document"]),
        "found": result.found,
        "confidence": round(result.confidence, 3),
        "document_first": row["document"] in first if row["document"] else None,
        "right": row["holds"] in told if row.get("holds") else None,
        "quotes": [quote.text for quote in quotes],
    }


def suggested(corpus: Corpus) -> list[str]:
    """Return the questions the app would make of the headings, in both languages."""
    found = topics((part for chunk in corpus.chunks for part in chunk.heading), _ALL)
    return [
        topic if is_question(topic) else translate(language, "ui.suggest.about", heading=topic)
        for topic in found
        for language in ("zh", "en")
    ]


def _share(rows: Sequence[dict[str, object]]) -> str:
    return f"{sum(not row['found'] for row in rows)} of {len(rows)}"


def main() -> int:
    """Print one JSON object a base, and with ``--each`` one a question."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("course", type=Path, help="folder with the documents of the base 'course'")
    parser.add_argument("--each", action="store_true", help="print every question")
    given = parser.parse_args()
    lines = (_HERE / "natural_questions.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    for name, folder in (("samples", _EXAMPLES), ("course", given.course)):
        corpus = base_of(sorted(path for path in folder.rglob("*") if path.is_file() and "summary" not in path.name))
        with tempfile.TemporaryDirectory() as work:
            retriever = build_retriever([corpus], Path(work))
            results = [asked(retriever, row) for row in rows if row["base"] == name]
            questions = suggested(corpus)
            declined = [text for text in questions if not retriever.retrieve(text, ["base"], top_k=1).found]
        if given.each:
            for result in results:
                print(json.dumps(result, ensure_ascii=False))
            print(json.dumps({"declined_suggestions": declined}, ensure_ascii=False))
        own = [row for row in results if row["answerable"]]
        told = [row["right"] for row in own if row["right"] is not None]
        summary = {
            "base": name,
            "answerable_declined": _share(own),
            "foreign_declined": _share([row for row in results if not row["answerable"]]),
            "document_first": sum(bool(row["document_first"]) for row in own),
            "quote_right": f"{sum(map(bool, told))} of {len(told)}",
            "suggestions_declined": f"{len(declined)} of {len(questions)}",
        }
        print(json.dumps(summary), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
