"""Which questions a correction answers, helps or leaves alone.

``python -m benchmarks.corrections.reuse CMRC.json PARAPHRASES.jsonl [--foreign XQUAD.json]``

Corrects questions of CMRC 2018 (those that were reworded, those with near-misses, and 200 in all of the others), then
asks them with small edits, reworded, nearly but not quite, and asks everything else. See README.md.
"""

import argparse
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.retrieval.corpus import Corpus, Query, build_retriever, load_corpus, squash
from kb_app.models import Hit
from kb_app.retrieval.corrected import CorrectedQuestion, CorrectedQuestions, Fit, Span
from kb_app.retrieval.retriever import Retriever
from kb_app.services.corrections.reuse import EXACT, MOST_EXAMPLES, RELATED

NEAR_MISSES = Path(__file__).with_name("near_misses.jsonl")
OTHERS = 200
UNRELATED = 3_000
_QUESTION_WORD = re.compile("什么|哪|谁|几|多少|何")
_PUNCTUATION = "，。？！、：；“”‘’《》「」（）,?!:;\"'()"

Edit = Callable[[str], str]


def bare(text: str) -> str:
    """Return a question without the mark at its end."""
    return text.strip().rstrip("？?。")


def reordered(text: str) -> str:
    """Return the question with its clauses turned round, or with what 是 joins turned round; "" where neither is."""
    clauses = [part for part in re.split("[，,]", bare(text)) if part]
    if len(clauses) > 1:
        return "，".join((*clauses[1:], clauses[0])) + "？"
    before, _, after = bare(text).partition("是")
    return f"{after}是{before}？" if before and "是" not in after and _QUESTION_WORD.search(after) else ""


def unpunctuated(text: str) -> str:
    """Return the question without any punctuation that is not part of a number or a name."""
    return "".join(" " if char in _PUNCTUATION and char not in "'" else char for char in text)


EDITS: dict[str, Edit] = {
    "case": lambda text: text.upper() if text.upper() != text else text.lower(),
    "no punctuation": unpunctuated,
    "other punctuation": lambda text: bare(text).replace("，", ",") + "??",
    "word order": reordered,
    "请问…": lambda text: f"请问{text}",
    "你好，我想知道…，谢谢": lambda text: f"你好，我想知道{bare(text)}，谢谢！",
    "麻烦告诉我一下…": lambda text: f"麻烦告诉我一下，{bare(text)}呢",
    "能不能告诉我…": lambda text: f"你能不能告诉我{bare(text)}？",
}


class Bench:
    """Corrected questions of one corpus, and what asking finds."""

    def __init__(self, corpus: Corpus, retriever: Retriever, corrected: Sequence[Query]) -> None:
        """Correct ``corrected``; the passage that holds the answer supports it."""
        self.retriever = retriever
        self.base_id = corpus.base_id
        self.index = CorrectedQuestions([self._correction(query) for query in corrected])
        self.seconds: list[float] = []

    def _correction(self, query: Query) -> CorrectedQuestion:
        answers = [squash(answer) for answer in query.answers]
        hits = [hit for hit in self.find(query.text) if hit.chunk.document_name == query.document]
        right = [hit for hit in hits if any(answer in squash(hit.chunk.text) for answer in answers)]
        support = tuple(map(span, right[:1]))
        return CorrectedQuestion(id=query.id, version=1, question=query.text, support=support)

    def find(self, text: str) -> tuple[Hit, ...]:
        """Return what the question finds."""
        return self.retriever.retrieve(text, [self.base_id]).hits

    def likeness(self, text: str) -> tuple[float, str]:
        """Return how alike the most alike correction is that nothing blocks, and which."""
        started = time.perf_counter()
        fits = [fit for fit in self.index.alike(text) if not fit.likeness.blocked]
        self.seconds.append(time.perf_counter() - started)
        return (fits[0].likeness.score, fits[0].id) if fits else (0.0, "")

    def related(self, text: str) -> list[Fit]:
        """Return the related corrections, best first."""
        hits = self.find(text)
        started = time.perf_counter()
        fits = self.index.related(text, hits)
        self.seconds.append(time.perf_counter() - started)
        return fits


def span(hit: Hit) -> Span:
    """Return where a hit stands."""
    return Span(document_id=hit.chunk.document_id, start=hit.chunk.start, end=hit.chunk.end)


def edits(bench: Bench, corrected: Iterable[Query]) -> dict[str, object]:
    """Return the share of each kind of edit that the right correction answers, and those it does not."""
    shares: dict[str, object] = {}
    for name, edit in EDITS.items():
        asked = [(query, changed) for query in corrected if (changed := edit(query.text)) and changed != query.text]
        missed = [changed for query, changed in asked if not _is_right(bench.likeness(changed), query.id)]
        shares[name] = {"asked": len(asked), "right": round(1 - len(missed) / len(asked), 4), "missed": missed[:5]}
    return shares


def _is_right(found: tuple[float, str], wanted: str) -> bool:
    return found[0] >= EXACT and found[1] == wanted


def paraphrases(bench: Bench, asked: Sequence[tuple[str, str]]) -> dict[str, object]:
    """Return for each threshold the share that gets the right correction, at all and as the first example."""
    found = [(wanted, bench.likeness(text), bench.related(text)) for wanted, text in asked]
    curve = {}
    for least in (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7):
        reached = first = 0
        for wanted, alike, fits in found:
            given = [fit.id for fit in fits if fit.related >= least][:MOST_EXAMPLES]
            reached += _is_right(alike, wanted) or wanted in given
            first += given[:1] == [wanted]
        curve[least] = {"reached": round(reached / len(found), 4), "first": round(first / len(found), 4)}
    exact = sum(_is_right(alike, wanted) for wanted, alike, _ in found)
    return {"asked": len(found), "verbatim": exact, "by threshold": curve, "default": RELATED}


def others(bench: Bench, asked: Sequence[str]) -> dict[str, object]:
    """Return how many questions that were not corrected are answered verbatim or get an example, by threshold."""
    likeness = np.array([bench.likeness(text)[0] for text in asked])
    related = np.array([(fits[0].related if (fits := bench.related(text)) else 0.0) for text in asked])
    return {
        "asked": len(asked),
        "verbatim": {str(least): int((likeness >= least).sum()) for least in (0.8, 0.85, 0.9, 0.94, EXACT, 0.98)},
        "example": {str(least): round(float((related >= least).mean()), 4) for least in (0.3, 0.4, RELATED, 0.5, 0.6)},
        "wrong": [text for text, score in zip(asked, likeness, strict=True) if score >= EXACT],
    }


def main() -> int:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("paraphrases", type=Path)
    parser.add_argument("--foreign", type=Path, help="questions about something else, SQuAD form")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    corpus = load_corpus(args.data, "base")
    reworded = [(one["id"], one["query"]) for one in map(json.loads, args.paraphrases.open(encoding="utf-8"))]
    near = [json.loads(line) for line in NEAR_MISSES.open(encoding="utf-8")]
    fixed = {name for name, _ in reworded} | {one["id"] for one in near}
    rest = [query for query in corpus.queries if query.id not in fixed]
    count = OTHERS - len(fixed - {name for name, _ in reworded})
    chosen = fixed | {query.id for query in random.Random(args.seed).sample(rest, count)}
    corrected = [query for query in corpus.queries if query.id in chosen]
    documents = {query.document for query in corrected}
    same = [query.text for query in corpus.queries if query.id not in chosen and query.document in documents]
    apart = [query.text for query in corpus.queries if query.id not in chosen and query.document not in documents]
    foreign = [query.text for query in load_corpus(args.foreign, "foreign").queries] if args.foreign else []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(corpus, build_retriever([corpus], Path(folder)), corrected)
        report = {
            "corrected": len(corrected),
            "unsupported": sum(not one.support for one in bench.index.questions),
            "edits": edits(bench, corrected),
            "paraphrases": paraphrases(bench, reworded),
            "near-misses": others(bench, [one["query"] for one in near]),
            "same document": others(bench, same),
            "other documents": others(bench, apart),
            "foreign": others(bench, foreign[: UNRELATED - len(same) - len(apart)]),
            "milliseconds": round(1000 * float(np.mean(bench.seconds)), 2),
        }
    print(json.dumps(report, ensure_ascii=False, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
