"""Exact lexical scores of the candidates: what each field holds of the question, weighed by rarity.

Works on canonical strings (``analyzer.canonical``), so that counting a term is one substring search and a
prepared chunk takes about as much memory as its text.
"""

import functools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources

from ingestion.analyzer import CJK
from ingestion.canonical import SENTENCE_MARK, canonical, canonical_sentences
from kb_app.models import StoredChunk
from kb_app.retrieval.analyzer import Question, heading_text, title_text

#: What to look for in a canonical string, and its weight.
Needle = tuple[str, float]

#: BM25 constants, better here than the engine's fixed 1.2 and 0.75 (benchmarks/retrieval/README.md).
K1 = 0.9
B = 0.5
#: A small base says little about how rare a term is: this many passages of general text are added, in which a common
#: term occurs as often as ``data/common_terms.tsv`` says, and any other with the rate after it.
PRIOR_CHUNKS = 200
_RARE_RATE = 0.0005
#: The same for numbers of one digit, two, and more; the table holds none.
_NUMBER_RATES = (0.3, 0.15, 0.03)
_CJK_RUN = re.compile(f"[{CJK}]+")
#: How much of an unknown word's weight the word it was probably meant to be stands for.
_GUESS_SHARE = 0.7
_TITLE_WEIGHT = 1.0
_HEADING_WEIGHT = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What an index knows about terms: chunks holding each, chunks in all, and their mean length in terms."""

    chunk_count: int
    average_length: float
    frequencies: Mapping[str, int] = field(default_factory=dict)


def merged(parts: Sequence[Statistics]) -> Statistics:
    """Return the statistics of several bases as if they were one."""
    count = sum(part.chunk_count for part in parts)
    length = sum(part.average_length * part.chunk_count for part in parts)
    frequencies: dict[str, int] = {}
    for part in parts:
        for term, frequency in part.frequencies.items():
            frequencies[term] = frequencies.get(term, 0) + frequency
    return Statistics(chunk_count=count, average_length=length / count if count else 1.0, frequencies=frequencies)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedChunk:
    """A chunk in canonical form: its fields, the body sentence by sentence, and the body's length in terms."""

    chunk: StoredChunk
    title: str
    heading: str
    body: str
    sentences: tuple[str, ...]
    length: int


def prepare(chunk: StoredChunk) -> PreparedChunk:
    """Return ``chunk`` ready for scoring."""
    body = chunk.canonical or canonical_sentences(chunk.search_text)
    return PreparedChunk(
        chunk=chunk,
        title=_name(title_text(chunk)),
        heading=_name(heading_text(chunk)),
        body=body,
        sentences=tuple(body.split(SENTENCE_MARK)),
        length=_length(body),
    )


#: Of a document's passages all have one title, and many one heading.
_name = functools.lru_cache(maxsize=5_000)(canonical)


def _length(body: str) -> int:
    """Count terms: a Chinese run of n characters has 2n - 1, a word stands between two blanks."""
    words = body.count(" ") // 2
    if body.isascii():
        return words
    runs = _CJK_RUN.findall(body)
    return words + 2 * len("".join(runs)) - len(runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedQuestion:
    """A question with the weight (idf) of each needle; a needle is what to look for in a canonical string.

    ``units`` are characters and words, ``pairs`` adjacent characters or words. ``scored`` are those that BM25
    counts: everything an index can hold.
    """

    units: tuple[Needle, ...]
    pairs: tuple[Needle, ...]
    scored: tuple[Needle, ...]
    unit_mass: float
    pair_mass: float
    scored_mass: float


def needle(term: str) -> str:
    """Return what to look for in a canonical string to find ``term``."""
    return f" {term} " if term[0] < "\u1100" else term


@functools.cache
def _common_rates() -> dict[str, float]:
    """Return term -> share of the passages of general text that hold it."""
    raw = resources.files("kb_app.retrieval").joinpath("data/common_terms.tsv").read_text(encoding="utf-8")
    lines = (line.split("\t") for line in raw.splitlines())
    return {term: float(rate) for rate, terms in lines for term in terms.split()}


def _general_rate(term: str) -> float:
    if term.isdecimal():
        return _NUMBER_RATES[min(len(term), len(_NUMBER_RATES)) - 1]
    return _common_rates().get(term, _RARE_RATE)


def is_common(term: str) -> bool:
    """Whether general text holds ``term`` so often that it is one."""
    return term in _common_rates()


def idf(frequency: int, chunk_count: int, term: str) -> float:
    """Return the BM25 idf of ``term`` with the prior of general text counted in; always above 0."""
    known = min(frequency, chunk_count) + PRIOR_CHUNKS * _general_rate(term)
    total = chunk_count + PRIOR_CHUNKS
    return math.log(1 + (total - known + 0.5) / (known + 0.5))


def weigh(question: Question, statistics: Statistics) -> WeightedQuestion:
    """Return the question's needles with their weights in a base of these ``statistics``."""

    def weight(term: str) -> float:
        return idf(statistics.frequencies.get(term, 0), statistics.chunk_count, term)

    meant = dict(question.meant)
    units = tuple(
        item
        for term in question.units
        for item in (_guess(term, weight(term), meant[term]) if term in meant else ((needle(term), weight(term)),))
    )
    cjk_pairs = tuple((pair, weight(pair)) for pair in question.cjk_pairs)
    word_pairs = tuple(
        (
            needle(meant.get(first, first)) + needle(meant.get(second, second)),
            (weight(first) + weight(second)) / 2,
        )
        for first, second in question.word_pairs
    )
    scored = units + cjk_pairs
    pairs = cjk_pairs + word_pairs
    return WeightedQuestion(
        units=units,
        pairs=pairs,
        scored=scored,
        unit_mass=_mass(units),
        pair_mass=_mass(pairs),
        scored_mass=_mass(scored),
    )


def _guess(term: str, weight: float, meant: str) -> tuple[Needle, Needle]:
    """Return what to look for where ``meant`` was probably meant: it cannot make up for all of an unknown word."""
    return (needle(meant), _GUESS_SHARE * weight), (needle(term), (1 - _GUESS_SHARE) * weight)


def _mass(needles: Sequence[Needle]) -> float:
    return sum(weight for _, weight in needles)


def coverage(needles: Sequence[Needle], text: str) -> float:
    """Return the weight of the needles that occur in canonical ``text``."""
    return sum(weight for item, weight in needles if item in text)


def bm25_share(question: WeightedQuestion, prepared: PreparedChunk, average_length: float) -> float:
    """Return z: BM25 over title, heading and body, divided by the most this question could score, in [0, 1].

    Terms the base does not know count in the divisor, so z falls when the question is about something else.
    """
    if not question.scored_mass:
        return 0.0
    norm = K1 * (1 - B + B * prepared.length / average_length)
    total = 0.0
    for item, weight in question.scored:
        count = (
            prepared.body.count(item)
            + _TITLE_WEIGHT * (item in prepared.title)
            + _HEADING_WEIGHT * (item in prepared.heading)
        )
        if count:
            total += weight * count / (count + norm)
    return total / question.scored_mass
