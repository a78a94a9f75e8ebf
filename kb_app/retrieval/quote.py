"""The sentences that answer a question, quoted exactly.

The weights were trained once; where and on what is written in ``data/weights.toml``.
"""

import functools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from operator import mul

from ingestion.sentences import count_units
from kb_app.models import Source
from kb_app.retrieval.analyzer import Question, analyse, canonical
from kb_app.retrieval.answer_type import AnswerType, answer_type, may_answer
from kb_app.retrieval.scoring import Needle, Statistics, WeightedQuestion, coverage, weigh
from kb_app.retrieval.sentences import is_table_row, quotable_spans

#: Names of a sentence's features, in the order of ``Candidate.values``.
FEATURES = (
    "passage",  # the passage's score relative to the best
    "best_passage",  # the passage is the best one
    "beyond_title",  # share of what the title does not say
    "pairs",  # share of adjacent pairs beyond the title
    "window_units",  # beyond the title, with the sentence before
    "window_pairs",
    "with_title",  # share of the question's weight in the sentence or the title
    "answer_type",  # may hold an answer of the kind asked for
    "new_words",  # has enough in it that the question does not say
    "length",  # longer sentences, up to 100 units
    "is_sentence",  # ends like one: not a heading or a fragment
)
#: Hand-set, as the training data holds no tables: a row is quoted when nothing else answers.
_TABLE_ROW_PENALTY = 3.0
#: Only so many passages are quoted from.
_PASSAGES = 5
#: A quote shorter than this (units) takes its neighbour along, so that it can be understood.
_SHORT_UNITS = 35
_SENTENCE_ENDS = tuple("。！？；.!?;…")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A quotation: ``text`` is ``passage.text[start:end]`` of the passage with this ``marker``."""

    marker: int
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A sentence of a passage with its features."""

    passage: Source
    position: int
    start: int
    end: int
    values: tuple[float, ...]


@functools.cache
def _weights() -> tuple[float, ...]:
    raw = resources.files("kb_app.retrieval").joinpath("data/weights.toml").read_text(encoding="utf-8")
    table = tomllib.loads(raw)["quote"]
    return tuple(float(table[name]) for name in FEATURES)


def select_quotes(question: str, passages: Sequence[Source], limit: int = 3) -> list[Quote]:
    """Return up to ``limit`` quotations, the most likely answer first; empty when nothing can be quoted."""
    ranked = sorted(candidates(question, passages), key=lambda found: -score(found))
    quotes: list[Quote] = []
    for found in ranked:
        quote = _quote(found)
        if any(quote.text in other.text or other.text in quote.text for other in quotes):
            continue
        quotes.append(quote)
        if len(quotes) == limit:
            break
    return quotes


def score(found: Candidate) -> float:
    """Return the weighted sum of a sentence's features."""
    text = found.passage.text[found.start : found.end]
    return float(sum(map(mul, _weights(), found.values))) - _TABLE_ROW_PENALTY * is_table_row(text)


def candidates(question: str, passages: Sequence[Source]) -> list[Candidate]:
    """Return every sentence that could be quoted, passage by passage."""
    analysed = analyse(question)
    weighted = weigh(analysed, _statistics(analysed, passages))
    kind = answer_type(question)
    best = max((passage.score for passage in passages), default=0.0) or 1.0
    return [
        candidate
        for passage in passages[:_PASSAGES]
        for candidate in _sentences(weighted, kind, passage, passage.score / best)
    ]


def _statistics(question: Question, passages: Sequence[Source]) -> Statistics:
    """Count in how many of the passages each term occurs: what all of them hold tells them apart least."""
    texts = [canonical(passage.text) for passage in passages]
    frequencies = {
        term: sum(item in text for text in texts)
        for term in question.terms
        for item in [f" {term} " if term[0] < "\u1100" else term]
    }
    return Statistics(chunk_count=len(texts), average_length=1.0, frequencies=frequencies)


def _sentences(weighted: WeightedQuestion, kind: AnswerType, passage: Source, share: float) -> list[Candidate]:
    title = canonical(passage.title)
    units = _beyond(weighted.units, title)
    pairs = _beyond(weighted.pairs, title)
    in_title = coverage(weighted.units, title)
    other_units = [item for item in weighted.units if item[0] not in title]
    found: list[Candidate] = []
    before = ""
    for position, (start, end) in enumerate(quotable_spans(passage.text)):
        text = passage.text[start:end]
        sentence = canonical(text)
        window = before + "\n" + sentence
        values = (
            share,
            float(share == 1.0),
            _ratio(coverage(units, sentence), _mass(units)),
            _ratio(coverage(pairs, sentence), _mass(pairs)),
            _ratio(coverage(units, window), _mass(units)),
            _ratio(coverage(pairs, window), _mass(pairs)),
            _ratio(in_title + coverage(other_units, sentence), weighted.unit_mass),
            float(may_answer(kind, text)),
            _novelty(weighted, sentence),
            min(1.0, count_units(text) / 100),
            float(text.rstrip("”’」』）)]*_`\"'")[-1:] in _SENTENCE_ENDS),
        )
        found.append(Candidate(passage=passage, position=position, start=start, end=end, values=values))
        before = sentence
    return found


def _beyond(needles: Sequence[Needle], title: str) -> Sequence[Needle]:
    """Return what the title does not say; when it says all of the question, everything."""
    return [item for item in needles if item[0] not in title] or needles


def _mass(needles: Sequence[Needle]) -> float:
    return sum(weight for _, weight in needles)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _novelty(weighted: WeightedQuestion, sentence: str) -> float:
    """Return how much the sentence says beyond the question, full at some 20 characters."""
    said = sum(len(item) for item, _ in weighted.units if item in sentence)
    return min(1.0, max(0, len(sentence.replace("\n", "")) - said) / 20)


def _quote(found: Candidate) -> Quote:
    """Return the sentence, joined by the next one of its line when it is too short to be understood."""
    start, end = found.start, found.end
    spans = quotable_spans(found.passage.text)
    text = found.passage.text
    for following in spans[found.position + 1 :]:
        if following[0] < end:
            continue  # an item of the list that the quotation holds
        if count_units(text[start:end]) >= _SHORT_UNITS or "\n" in text[end : following[0]]:
            break
        end = following[1]
    return Quote(marker=found.passage.marker, text=text[start:end], start=start, end=end)
