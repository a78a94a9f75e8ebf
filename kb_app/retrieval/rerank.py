"""Lexical evidence about a candidate, and its weighted sum.

The weights were trained once; where and on what is written in ``data/weights.toml``.
"""

import functools
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from operator import mul

from kb_app.retrieval.analyzer import Question
from kb_app.retrieval.answer_type import AnswerType, answer_type, may_answer
from kb_app.retrieval.scoring import Needle, PreparedChunk, WeightedQuestion, bm25_share, coverage

_LEAST_MASS = 1e-6

#: Names of the features, each in [0, 1], in the order of ``Evidence.values``.
FEATURES = (
    "bm25",  # z of scoring.bm25_share
    "units",  # share of the question's weight in title, heading and body
    "pairs",  # the same of its adjacent pairs
    "body_pairs",  # pairs in the body alone
    "sentence_units",  # best sentence, with the title
    "sentence_pairs",  # best sentence with the one before it, without the title
    "beyond_title",  # best sentence: share of what the title does not say
    "beyond_title_pairs",  # the same of pairs, with the sentence before
    "title",  # share of the question's weight that the title holds
    "title_named",  # share of the title's terms that the question names
    "heading",  # share of what the title does not say that the heading path says
    "answer_type",  # the best sentence may hold an answer of the kind asked for
    "document",  # best z of another chunk of the document
    "first",  # the chunk opens its document
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Features of one candidate, in the order of ``FEATURES``; ``score`` is their weighted sum."""

    prepared: PreparedChunk
    values: tuple[float, ...]
    score: float

    @property
    def parts(self) -> Mapping[str, float]:
        """The features by name."""
        return dict(zip(FEATURES, self.values, strict=True))


@functools.cache
def weights() -> tuple[float, ...]:
    """Return the trained weights in the order of ``FEATURES``."""
    raw = resources.files("kb_app.retrieval").joinpath("data/weights.toml").read_text(encoding="utf-8")
    table = tomllib.loads(raw)["rerank"]
    return tuple(float(table[name]) for name in FEATURES)


def gather(
    question: Question,
    weighted: WeightedQuestion,
    candidates: Sequence[PreparedChunk],
    average_length: float,
) -> list[Evidence]:
    """Return the evidence for each candidate, in the same order."""
    shares = [bm25_share(weighted, candidate, average_length) for candidate in candidates]
    by_document: dict[str, list[float]] = {}
    for candidate, share in zip(candidates, shares, strict=True):
        by_document.setdefault(candidate.chunk.document_id, []).append(share)
    kind = answer_type(question.text)
    found = []
    for candidate, share in zip(candidates, shares, strict=True):
        values = (
            share,
            *_local(weighted, kind, candidate),
            _best_other(by_document[candidate.chunk.document_id], share),
            float(candidate.chunk.index == 0),
        )
        score = sum(map(mul, weights(), values))
        found.append(Evidence(prepared=candidate, values=values, score=score))
    return found


def _best_other(shares: Sequence[float], own: float) -> float:
    """Return the best of the document's shares without one occurrence of ``own``; 0 for a lone chunk."""
    top = sorted(shares, reverse=True)
    top.remove(own)
    return top[0] if top else 0.0


def _local(weighted: WeightedQuestion, kind: AnswerType, prepared: PreparedChunk) -> tuple[float, ...]:
    """Return the features from ``units`` to ``answer_type``."""
    title, body = prepared.title, prepared.body
    title_units = coverage(weighted.units, title)
    title_pairs = coverage(weighted.pairs, title)
    units = [item for item in weighted.units if item[0] in body]
    pairs = [item for item in weighted.pairs if item[0] in body]
    other_units = [item for item in units if item[0] not in title]
    other_pairs = [item for item in pairs if item[0] not in title]
    best, best_units = _best_sentence(other_units, prepared.sentences)
    unit_mass = weighted.unit_mass or 1.0
    pair_mass = weighted.pair_mass or 1.0
    beyond_units = max(weighted.unit_mass - title_units, _LEAST_MASS)
    beyond_pairs = max(weighted.pair_mass - title_pairs, _LEAST_MASS)
    heading = [item for item in weighted.units if item[0] in prepared.heading and item[0] not in title]
    return (
        (title_units + sum(w for _, w in other_units) + sum(w for n, w in heading if n not in body)) / unit_mass,
        (title_pairs + sum(w for _, w in other_pairs)) / pair_mass,
        sum(w for _, w in pairs) / pair_mass,
        (title_units + best_units) / unit_mass,
        _best_window(pairs, prepared.sentences) / pair_mass,
        best_units / beyond_units,
        _best_window(other_pairs, prepared.sentences) / beyond_pairs,
        title_units / unit_mass,
        _named(weighted, title),
        sum(w for _, w in heading) / beyond_units,
        float(best >= 0 and may_answer(kind, _sentence(prepared, best))),
    )


def _best_sentence(needles: Sequence[Needle], sentences: Sequence[str]) -> tuple[int, float]:
    """Return the sentence covering most of the needles, and how much; (-1, 0) when none covers any."""
    best, most = -1, 0.0
    for position, sentence in enumerate(sentences):
        mass = coverage(needles, sentence)
        if mass > most:
            best, most = position, mass
    return best, most


def _best_window(needles: Sequence[Needle], sentences: Sequence[str]) -> float:
    """Return the most any sentence covers, what the sentence before it covers counting half."""
    most = 0.0
    before: set[str] = set()
    for sentence in sentences:
        here = {item for item, _ in needles if item in sentence}
        if here:
            mass = sum(w if item in here else w / 2 for item, w in needles if item in here or item in before)
            most = max(most, mass)
        before = here
    return most


def _named(weighted: WeightedQuestion, title: str) -> float:
    """Return the share of the title that the question names, by length."""
    length = len(title.replace("\n", ""))
    return min(1.0, sum(len(item) for item, _ in weighted.units if item in title) / length) if length else 0.0


def _sentence(prepared: PreparedChunk, position: int) -> str:
    start, end = prepared.spans[position]
    return prepared.chunk.search_text[start:end]
