"""How close an answer is to the one that was expected: ROUGE, BLEU, exact match, token F1.

Chinese has no blanks, so every Chinese character counts as one token everywhere; this is the usual segmentation of the
Chinese benchmarks (CMRC 2018, sacrebleu's ``zh``) and depends on no dictionary. English agrees with the reference
packages ``rouge-score`` (without stemming) and ``sacrebleu``.
"""

import functools
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from ingestion.analyzer import CJK, fold

# ASCII as in rouge-score: what is no letter or digit of ASCII separates, and so do accented Latin letters.
_TOKEN = re.compile(rf"[a-z0-9]+|[{CJK}]|[^\W_\x00-\u024f\u1e00-\u1eff{CJK}]+")
_CJK_CHARACTER = re.compile(rf"([{CJK}])")
_ARTICLE = re.compile(r"\b(a|an|the)\b")
_MARKER = re.compile(r"\s*\[\d{1,3}\]")


class Overlap(NamedTuple):
    """Share of the answer that was expected, share of the expected that was answered, and their harmonic mean."""

    precision: float
    recall: float
    f1: float


def without_markers(text: str) -> str:
    """Return an answer without its citation markers and quotation marks of Markdown, as it is compared."""
    return _MARKER.sub("", re.sub(r"^> ?", "", text, flags=re.MULTILINE)).strip()


def tokens(text: str) -> list[str]:
    """Return lower-case words and single Chinese characters, traditional ones simplified, full-width ones halved."""
    return [one if one.isascii() else fold(one) for one in _TOKEN.findall(text.lower())]


def rouge_n(answer: str, expected: str, n: int) -> Overlap:
    """Return the overlap of n-grams, clipped: a repeated one counts as often as it was expected (Lin 2004)."""
    given, wanted = _ngrams(tokens(answer), n), _ngrams(tokens(expected), n)
    return _overlap((given & wanted).total(), given.total(), wanted.total())


def rouge_l(answer: str, expected: str) -> Overlap:
    """Return the overlap by the longest common subsequence of the whole texts (Lin 2004)."""
    given, wanted = tokens(answer), tokens(expected)
    return _overlap(_common_subsequence(given, wanted), len(given), len(wanted))


def bleu(answer: str, expected: str) -> float:
    """Return sacrebleu's sentence BLEU / 100, smoothing ``exp``; tokens are its ``zh`` ones for Chinese, else ``13a``.

    Effective order leaves out n-grams longer than the answer, so that a perfect short answer scores 1.
    """
    tokenizer = "zh" if _CJK_CHARACTER.search(expected) else "13a"
    return float(_bleu(tokenizer).sentence_score(answer, [expected]).score) / 100


@functools.cache
def _bleu(tokenizer: str) -> Any:
    from sacrebleu.metrics.bleu import BLEU  # only evaluation needs it

    return BLEU(tokenize=tokenizer, effective_order=True)


def exact_match(answer: str, expected: str) -> float:
    """Return 1.0 for texts equal by SQuAD's rules (case, punctuation, articles, blanks do not count), else 0.0."""
    return float(_normalised(answer) == _normalised(expected))


def contains(answer: str, expected: str) -> float:
    """Return 1.0 if the expected text stands in the answer, else 0.0; normalised as for :func:`exact_match`."""
    wanted = _normalised(expected)
    return float(bool(wanted) and f" {wanted} " in f" {_normalised(answer)} ")


def token_f1(answer: str, expected: str) -> Overlap:
    """Return SQuAD's overlap of words, with Chinese characters as words (as CMRC 2018's evaluation does)."""
    given, wanted = Counter(_normalised(answer).split()), Counter(_normalised(expected).split())
    return _overlap((given & wanted).total(), given.total(), wanted.total())


def best(measure: Callable[[str, str], float], answer: str, accepted: Iterable[str]) -> float:
    """Return the highest value over all ``accepted`` texts (one at least)."""
    return max(measure(answer, one) for one in accepted)


def _normalised(text: str) -> str:
    """Return words and single Chinese characters, one blank between them."""
    kept = "".join(char for char in fold(text).lower() if not _is_punctuation(char))
    return " ".join(_CJK_CHARACTER.sub(r" \1 ", _ARTICLE.sub(" ", kept)).split())


def _is_punctuation(char: str) -> bool:
    return char in string.punctuation or unicodedata.category(char).startswith("P")


def _ngrams(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + n]) for start in range(len(words) - n + 1))


def _overlap(common: int, given: int, wanted: int) -> Overlap:
    if not common:
        return Overlap(0.0, 0.0, 0.0)
    precision, recall = common / given, common / wanted
    return Overlap(precision, recall, 2 * precision * recall / (precision + recall))


def _common_subsequence(first: Sequence[Hashable], second: Sequence[Hashable]) -> int:
    """Return the length of the longest common subsequence, a whole row of the table at a time as bits of one integer.

    Source: H. Hyyrö, "Bit-parallel LCS-length computation revisited", 2004.
    """
    places: dict[Hashable, int] = {}
    for place, token in enumerate(first):
        places[token] = places.get(token, 0) | 1 << place
    row = everything = (1 << len(first)) - 1
    for token in second:
        matched = row & places.get(token, 0)
        row = (row + matched) | (row - matched)
    return len(first) - (row & everything).bit_count()
