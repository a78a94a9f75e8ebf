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
from kb_app.retrieval.scoring import Needle, PreparedChunk, WeightedQuestion, bm25_share, coverage

#: Names of the features, each in [0, 1], in the order of ``Evidence.values``.
FEATURES = (
    "bm25",  # z of scoring.bm25_share
    "units",  # share of the question's weight in title, heading and body
    "pairs",  # the same of its adjacent pairs
    "sentence_units",  # share in the best sentence or the title
    "sentence_pairs",  # best sentence, what the one before it covers counting half
    "title",  # share of the question's weight that the title holds
    "title_named",  # share of the title's length that the question names
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """All candidate passages of a question, best first: evidence, fused score and dense vote of each."""

    question: Question
    weighted: WeightedQuestion
    chunk_count: int
    evidence: tuple[Evidence, ...]
    scores: tuple[float, ...]
    votes: tuple[float, ...]


@functools.cache
def weights() -> tuple[float, ...]:
    """Return the trained weights in the order of ``FEATURES``; a feature without one weighs nothing."""
    raw = resources.files("kb_app.retrieval").joinpath("data/weights.toml").read_text(encoding="utf-8")
    table = tomllib.loads(raw)["rerank"]
    return tuple(float(table.get(name, 0.0)) for name in FEATURES)


def gather(
    weighted: WeightedQuestion,
    candidates: Sequence[PreparedChunk],
    average_length: float,
) -> list[Evidence]:
    """Return the evidence for each candidate, in the same order."""
    found = []
    for candidate in candidates:
        values = (bm25_share(weighted, candidate, average_length), *_local(weighted, candidate))
        found.append(Evidence(prepared=candidate, values=values, score=sum(map(mul, weights(), values))))
    return found


def _local(weighted: WeightedQuestion, prepared: PreparedChunk) -> tuple[float, ...]:
    """Return the features after the first."""
    title, context = prepared.title, prepared.title + "\n" + prepared.heading
    units = [item for item in weighted.units if item[0] in prepared.body]
    pairs = [item for item in weighted.pairs if item[0] in prepared.body]
    beyond = [item for item in units if item[0] not in title]
    in_title = coverage(weighted.units, title)
    unit_mass = weighted.unit_mass or 1.0
    pair_mass = weighted.pair_mass or 1.0
    return (
        (coverage(weighted.units, context) + sum(w for n, w in units if n not in context)) / unit_mass,
        (coverage(weighted.pairs, context) + sum(w for n, w in pairs if n not in context)) / pair_mass,
        (in_title + max((coverage(beyond, sentence) for sentence in prepared.sentences), default=0.0)) / unit_mass,
        _best_window(pairs, prepared.sentences) / pair_mass,
        in_title / unit_mass,
        _named(weighted, title),
    )


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
