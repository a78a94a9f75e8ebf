"""What a question is about, and how much of that a text holds.

The pairs of a question that stand across two words ("的原", "数有") are the rarest of all and say nothing, and words
such as 作用 or "difference" ask about the subject without being it. Neither counts here, so that a question as people
type it is held by the passage it is about as fully as one that repeats the passage's words.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ingestion.analyzer import runs
from kb_app.retrieval.analyzer import bare, question_words
from kb_app.retrieval.scoring import WeightedQuestion, is_common


class Piece(NamedTuple):
    """A character or word of a question: held by a text with any of ``needles``, and how much it weighs."""

    needles: tuple[str, ...]
    weight: float


def pieces(question: str, weighted: WeightedQuestion) -> tuple[Piece, ...]:
    """Return what ``question`` is about; when nothing but generic words is left, those."""
    words = question_words()
    core = bare(question)
    return _of(words.generic_phrases.sub(" ", core), weighted, words.generic_words) or _of(core, weighted, frozenset())


def _of(core: str, weighted: WeightedQuestion, generic: frozenset[str]) -> tuple[Piece, ...]:
    found = [piece for is_cjk, run in runs(core) if is_cjk for piece in _characters(run, weighted)]
    # A word is as much as the two characters of a Chinese one.
    found += [
        Piece((item,), 2 * weight) for item, weight in weighted.units if item[0] == " " and item.strip() not in generic
    ]
    return tuple(found)


def _characters(run: str, weighted: WeightedQuestion) -> Iterator[Piece]:
    """Yield the characters of a Chinese run, each held by a pair it is in, or alone where it is in none.

    It weighs what the less rare of its pairs does: a pair inside a word is more frequent than one across two.
    """
    units, pairs = dict(weighted.units), dict(weighted.pairs)
    stop = question_words().stop_characters
    for place, char in enumerate(run):
        around = [run[start : start + 2] for start in (place - 1, place) if start >= 0]
        own = tuple(pair for pair in around if pair in pairs and (stop.isdisjoint(pair) or is_common(pair)))
        if own:
            yield Piece(own, min(pairs[pair] for pair in own))
        elif char not in stop and char in units:
            yield Piece((char,), units[char])


def held(wanted: Sequence[Piece], text: str) -> float:
    """Return the weight of the pieces that canonical ``text`` holds."""
    return sum(weight for needles, weight in wanted if any(item in text for item in needles))


def mass(wanted: Sequence[Piece]) -> float:
    """Return the weight of all pieces."""
    return sum(weight for _, weight in wanted)
