"""Which sentences of an answer its passages do not seem to hold, and which sentences of a passage it rests on.

A cheap check of words and numbers, not of meaning: a sentence is marked only when hardly any of its words, or one of
its numbers, stands in what it cites. What it does not mark may still be wrong. Quoted answers need no check.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from ingestion.analyzer import fold, terms
from ingestion.sentences import Span, split_sentences
from kb_app.models import Source
from kb_app.retrieval.analyzer import question_words
from kb_app.services.answers.citations import MARKER, VERBATIM

#: A sentence with a smaller share of its terms in what it cites is marked.
LEAST_COVERAGE = 0.2
#: A sentence of a passage with a smaller share of the statement's terms is no evidence of it.
_LEAST_EVIDENCE = 0.25
#: Shorter statements ("Yes.", "In short:") are not judged by their words.
_LEAST_TERMS = 5
_LEADING_MARKERS = re.compile(r"\s*(?:\[\d{1,3}\]\s*)+")
_NOT_PROSE = re.compile(r"^\s*(?:#{1,6}\s|\||>|-{3,}\s*$|\*{3,}\s*$)")
_LIST_NUMBER = re.compile(r"^\s*(?:\d{1,3}[.)、]|[-*+•])\s*")
_NUMBER = re.compile(r"(?P<digits>\d+(?:[.,]\d+)*)\s*(?P<factor>万|亿|百万|千万|thousand|million|billion)?", re.I)
_FACTORS = {"万": 1e4, "亿": 1e8, "百万": 1e6, "千万": 1e7, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_TEENS = ["eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_SPELT = re.compile(rf"\b(?:({'|'.join(_TEENS)})|({'|'.join(_TENS)})(?:[- ]({'|'.join(_ONES)}))?)\b", re.I)
_OPEN_ENDS = ("?", "？", ":", "：")
_CJK_PAIR = re.compile(r"[\u3400-\u9fff]{2}")


class Statement(NamedTuple):
    """A sentence of an answer, ``text[start:end]``, and the markers it stands under."""

    start: int
    end: int
    markers: tuple[int, ...]


def statements(text: str) -> Iterator[Statement]:
    """Yield the sentences of an answer that state something: no code, formulas, tables, headings or quotations.

    A marker belongs to the sentence it follows, also behind the full stop; a sentence without one stands under those
    of its paragraph.
    """
    position = 0
    for paragraph in re.split(r"(\n\s*\n|\n(?=\s*(?:[-*+•]|\d{1,3}[.)、])\s))", _without_code(text)):
        if not _NOT_PROSE.match(paragraph):
            shared = _markers(paragraph)
            for start, end in _sentences(paragraph):
                own = _markers(paragraph[start:end])
                yield Statement(position + start, position + end, own or shared)
        position += len(paragraph)


def _without_code(text: str) -> str:
    """Blank out code and formulas, so that offsets stay."""
    return VERBATIM.sub(lambda match: re.sub(r"\S", " ", match[0]), text)


def _sentences(paragraph: str) -> list[Span]:
    spans: list[Span] = []
    for start, end in split_sentences(paragraph):
        leading = _LEADING_MARKERS.match(paragraph, start, end)
        if leading and spans:
            spans[-1] = (spans[-1][0], len(paragraph[: leading.end()].rstrip()))
            start = leading.end()
        if start < end:
            spans.append((start, end))
    return spans


def _markers(text: str) -> tuple[int, ...]:
    return tuple(sorted({int(number) for number in MARKER.findall(text)}))


def unsupported(text: str, question: str, sources: Sequence[Source]) -> tuple[Span, ...]:
    """Return the sentences of an answer that the passages they cite do not seem to hold.

    Words of the question count as held, and a number may stand in any of the passages. Words are compared only where
    statement and passages are in one script.
    """
    if not sources:
        return ()
    numbers = _numbers(" ".join([question, *(f"{source.document} {source.text}" for source in sources)]))
    return tuple(
        (statement.start, statement.end)
        for statement in statements(text)
        if _is_unsupported(text[statement.start : statement.end], question, _cited(statement, sources), numbers)
    )


def _cited(statement: Statement, sources: Sequence[Source]) -> str:
    cited = [source for source in sources if source.marker in statement.markers] or sources
    return "\n".join(" ".join((source.document, source.title, *source.heading, source.text)) for source in cited)


def _is_unsupported(sentence: str, question: str, passages: str, numbers: Collection[str]) -> bool:
    words = _LIST_NUMBER.sub("", MARKER.sub(" ", sentence)).strip()
    if not words or words.endswith(_OPEN_ENDS):
        return False
    if _states_new_number(words, numbers):
        return True
    if bool(_CJK_PAIR.search(words)) != bool(_CJK_PAIR.search(passages)):
        return False
    own = content_terms(words)
    return (
        len(own) >= _LEAST_TERMS and coverage(own, content_terms(passages) | content_terms(question)) < LEAST_COVERAGE
    )


def content_terms(text: str) -> frozenset[str]:
    """Return the words and pairs of Chinese characters that carry meaning, as the index writes them."""
    words = question_words()
    return frozenset(
        term
        for term in terms(text)
        if not (len(term) == 1 and not term.isascii())
        and term not in words.stop_words
        and not words.stop_characters.issuperset(term)
    )


def coverage(own: Collection[str], held: Collection[str]) -> float:
    """Return the share of the terms ``own`` that are among ``held``, 1.0 where there is none."""
    return sum(term in held for term in own) / len(own) if own else 1.0


def _states_new_number(words: str, held: Collection[str]) -> bool:
    """Whether a number of two digits or more is not among those held, as it is written or multiplied out."""
    numbers = [match for match in _NUMBER.finditer(fold(words)) if len(match["digits"]) > 1]
    return any(not set(_forms(match)) & set(held) for match in numbers)


def _numbers(text: str) -> set[str]:
    """Return the numbers of a text in every form, also those in Chinese numerals and in English words."""
    folded = _SPELT.sub(lambda match: f" {_value(match)} ", fold(text))
    held = {form for match in _NUMBER.finditer(folded) for form in _forms(match)}
    return held | {term for term in terms(text) if term.isdecimal()}


def _value(match: re.Match[str]) -> int:
    teen, ten, one = (word.lower() if word else "" for word in match.groups())
    if teen:
        return 11 + _TEENS.index(teen)
    return 10 * (1 + _TENS.index(ten)) + (1 + _ONES.index(one) if one else 0)


def _forms(match: re.Match[str]) -> Iterator[str]:
    digits = match["digits"].replace(",", "")
    yield digits
    factor = _FACTORS.get((match["factor"] or "").lower())
    if factor is not None and digits.count(".") < 2:
        yield f"{float(digits) * factor:.0f}"


def evidence(text: str, source: Source) -> tuple[Span, ...]:
    """Return the sentences of a passage, as spans of its text, that the statements citing it rest on most."""
    sentences = [(span, content_terms(source.text[slice(*span)])) for span in split_sentences(source.text)]
    best: set[Span] = set()
    for statement in statements(text):
        if source.marker not in statement.markers or not sentences:
            continue
        own = content_terms(MARKER.sub(" ", text[statement.start : statement.end]))
        span, held = max(sentences, key=lambda sentence: coverage(own, sentence[1]))
        if own and coverage(own, held) >= _LEAST_EVIDENCE:
            best.add(span)
    return tuple(sorted(best))
