"""The sentences that answer a question, quoted exactly.

The weights were trained once; where and on what is written in ``data/weights.toml``.
"""

import functools
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from operator import mul
from typing import NamedTuple

from ingestion.analyzer import fold
from ingestion.sentences import count_units
from kb_app.models import Source
from kb_app.retrieval.analyzer import Question, analyse, canonical
from kb_app.retrieval.answer_type import AnswerType, answer_type, may_answer
from kb_app.retrieval.fitness import Wish, fitness, sameness, wish
from kb_app.retrieval.headings import letters, unnumbered
from kb_app.retrieval.scoring import Needle, Statistics, WeightedQuestion, coverage, weigh
from kb_app.retrieval.sentences import (
    is_table_row,
    is_whole,
    lists_under_headings,
    quotable_spans,
    table_cells,
    table_header,
    without_addresses,
)

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
#: Hand-set, as the training data holds no tables: a row the question does not name is quoted when nothing else answers.
_TABLE_ROW_PENALTY = 3.0
#: Hand-set as well: a row the question names, in a table whose header shares a word with the question, answers it.
_NAMED_ROW_BONUS = 2.0
#: And as well: a question that names a section is answered by how that begins.
_OPENING_BONUS, _OPENING_STEP = 3.0, 0.75
#: Only so many passages are quoted from.
_PASSAGES = 5
#: A quote shorter than this (units) takes its neighbour along, so that it can be understood.
_SHORT_UNITS = 35
_QUESTION_MARKS = ("?", "？")
#: The position of a list that is quoted whole.
_WHOLE = -1
#: A quote that scores lower than the best by more than this share of it is hardly about the question.
#: Measured on half of the CMRC questions: 2.4 quotes instead of 3, at 0.2 points.
_LARGEST_DROP = 0.3
_OTHER_NAMES = re.compile(r"[()（）/、,，;；]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A quotation: ``text`` is ``passage.text[start:end]`` of the passage with this ``marker``.

    ``header`` holds the header and the rule of the table that a quoted row stands in, else nothing.
    """

    marker: int
    text: str
    start: int
    end: int
    header: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A sentence of a passage with its features; ``bonus`` is what it gets for being a table row."""

    passage: Source
    position: int
    start: int
    end: int
    values: tuple[float, ...]
    bonus: float = 0.0


class _Asked(NamedTuple):
    """A question, its wishes and weights, and the canonical title of the passage it is put to."""

    kind: AnswerType
    wish: Wish
    weighted: WeightedQuestion
    title: str


class _Piece(NamedTuple):
    """A piece of a passage: what it stands under, the sentence before it, and whether the question names the row."""

    text: str
    context: str
    before: str
    is_named: bool


@functools.cache
def _weights() -> tuple[float, ...]:
    raw = resources.files("kb_app.retrieval").joinpath("data/weights.toml").read_text(encoding="utf-8")
    table = tomllib.loads(raw)["quote"]
    return tuple(float(table[name]) for name in FEATURES)


def select_quotes(question: str, passages: Sequence[Source], limit: int = 3) -> list[Quote]:
    """Return up to ``limit`` quotations, the most likely answer first; empty when nothing can be quoted.

    Those far below the best are left out.
    """
    ranked = sorted(candidates(question, passages), key=lambda found: -score(found))
    best = score(ranked[0]) if ranked else 0.0
    quotes: list[Quote] = []
    for found in ranked:
        if best - score(found) > _LARGEST_DROP * abs(best):
            break
        quote = _quote(found)
        if any(_repeats(quote, other) for other in quotes):
            continue
        quotes.append(quote)
        if len(quotes) == limit:
            break
    return quotes


def _repeats(quote: Quote, other: Quote) -> bool:
    """Whether two quotations say the same, or share a sentence of one passage."""
    is_overlapping = quote.marker == other.marker and quote.start < other.end and other.start < quote.end
    return is_overlapping or quote.text in other.text or other.text in quote.text


def score(found: Candidate) -> float:
    """Return the weighted sum of a sentence's features."""
    return float(sum(map(mul, _weights(), found.values))) + found.bonus


def candidates(question: str, passages: Sequence[Source]) -> list[Candidate]:
    """Return every sentence that could be quoted, passage by passage."""
    analysed = analyse(question)
    weighted = weigh(analysed, _statistics(analysed, passages))
    best = max((passage.score for passage in passages), default=0.0) or 1.0
    return [
        candidate
        for passage in passages[:_PASSAGES]
        for candidate in _sentences(question, weighted, passage, passage.score / best)
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


def _sentences(question: str, weighted: WeightedQuestion, passage: Source, share: float) -> list[Candidate]:
    asked = _Asked(answer_type(question), wish(question), weighted, canonical(passage.title))
    headings = {letters(unnumbered(name)) for name in (passage.title, *passage.heading)}
    is_section = not asked.wish.headings.isdisjoint(headings)
    found: list[Candidate] = []
    before = ""
    for position, (start, end) in enumerate(quotable_spans(passage.text)):
        text = passage.text[start:end]
        if letters(unnumbered(text)) in headings:
            continue
        is_row = is_table_row(text)
        # A row says what its header says of it, and nothing about the rows next to it.
        context = table_header(passage.text, start) if is_row else ""
        piece = _Piece(text, context, "" if is_row else before, is_row and _is_named(question, weighted, text))
        bonus = max(0.0, _OPENING_BONUS - _OPENING_STEP * position) if is_section else 0.0
        found.append(_candidate(asked, passage, share, (position, start, end), piece, bonus))
        before = "" if is_row else canonical(without_addresses(text))
    for heading, (start, end) in lists_under_headings(passage.text):
        is_asked = letters(unnumbered(heading)) in asked.wish.headings
        if asked.wish.items or is_asked:
            bonus = 2 * _OPENING_BONUS * (is_asked or sameness(question, unnumbered(heading)))
            piece = _Piece(passage.text[start:end], heading, "", is_asked)
            found.append(_candidate(asked, passage, share, (_WHOLE, start, end), piece, bonus))
    return found


def _candidate(
    asked: _Asked, passage: Source, share: float, place: tuple[int, int, int], piece: _Piece, bonus: float
) -> Candidate:
    text = piece.text
    sentence = canonical(without_addresses(f"{piece.context}\n{text}" if piece.context else text))
    values = (
        share,
        float(share == 1.0),
        *_coverages(asked.weighted, asked.title, sentence, piece.before),
        float(may_answer(asked.kind, text)),
        _novelty(asked.weighted, canonical(without_addresses(text))),
        min(1.0, count_units(text) / 100),
        float(piece.is_named or is_whole(text) or place[0] == _WHOLE),
    )
    if is_table_row(text):
        bonus += _row_bonus(asked.weighted, piece.is_named, piece.context)
    bonus += fitness(asked.wish, text, _ratio(coverage(asked.weighted.units, sentence), asked.weighted.unit_mass))
    position, start, end = place
    return Candidate(passage=passage, position=position, start=start, end=end, values=values, bonus=bonus)


def _coverages(weighted: WeightedQuestion, title: str, sentence: str, before: str) -> tuple[float, ...]:
    """Return the features from ``beyond_title`` to ``with_title``; all three texts are canonical."""
    units = _beyond(weighted.units, title)
    pairs = _beyond(weighted.pairs, title)
    other_units = [item for item in weighted.units if item[0] not in title]
    window = before + "\n" + sentence
    return (
        _ratio(coverage(units, sentence), _mass(units)),
        _ratio(coverage(pairs, sentence), _mass(pairs)),
        _ratio(coverage(units, window), _mass(units)),
        _ratio(coverage(pairs, window), _mass(pairs)),
        _ratio(coverage(weighted.units, title) + coverage(other_units, sentence), weighted.unit_mass),
    )


def _row_bonus(weighted: WeightedQuestion, is_named: bool, header: str) -> float:
    if not is_named:
        return -_TABLE_ROW_PENALTY
    return _NAMED_ROW_BONUS if coverage(weighted.units, canonical(header)) else 0.0


def _is_named(question: str, weighted: WeightedQuestion, row: str) -> bool:
    """Whether the question holds a cell of the row, or one of several names in its first cell."""
    cells = table_cells(row)
    names = cells + [name.strip() for name in _OTHER_NAMES.split(cells[0]) if len(name.strip()) > 1]
    return any(coverage(weighted.units, canonical(name)) and _holds(question, name) for name in names)


def _holds(question: str, name: str) -> bool:
    """Whether the name is in the question: its words in any inflection, or as written and not within a word."""
    if canonical(name).strip("\n") in canonical(question):
        return True
    pattern = rf"(?<![A-Za-z0-9]){re.escape(fold(name))}(?![A-Za-z0-9])"
    return re.search(pattern, fold(question), re.IGNORECASE) is not None


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
    """Return the sentence, joined by the next one of its line when it is too short to be understood.

    A question takes its answer along, which is often on the next line; no sentence takes a question along.
    """
    start, end = found.start, found.end
    text = found.passage.text
    following = quotable_spans(text)[found.position + 1 :] if found.position != _WHOLE else []
    for first, last in following:
        if first < end:
            continue  # an item of the list that the quotation holds
        between = text[end:first]
        is_asked = text[start:end].endswith(_QUESTION_MARKS) and not between.strip()
        is_long = count_units(text[start:end]) >= _SHORT_UNITS and not is_asked
        if is_long or ("\n" in between and not is_asked) or text[first:last].endswith(_QUESTION_MARKS):
            break
        end = last
    header = table_header(text, start) if is_table_row(text[start:end]) else ""
    return Quote(marker=found.passage.marker, text=text[start:end], start=start, end=end, header=header)
