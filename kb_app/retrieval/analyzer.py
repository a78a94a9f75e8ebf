"""Analysis of questions: the same terms as the indexes hold, less the words that only make it a question.

The analysis of texts is ``ingestion.analyzer``; both go by one ``ANALYZER_VERSION``.
"""

import functools
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from operator import add
from pathlib import PurePosixPath
from typing import NamedTuple, TypeVar

from ingestion.analyzer import ANALYZER_VERSION, fold, number_terms, runs, stem, terms, word_terms
from ingestion.canonical import canonical
from kb_app.models import StoredChunk

__all__ = [
    "ANALYZER_VERSION",
    "Question",
    "analyse",
    "canonical",
    "heading_text",
    "other_name",
    "question_words",
    "terms",
    "title_text",
]

_SHORT_YEAR = re.compile(r"(?<!\d)(\d\d)年|(?<![零〇一二三四五六七八九十百千])([零〇一二三四五六七八九]{2})年")
_PIVOT_YEAR = 40
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question as the search sees it; every tuple is without repeats and in reading order.

    ``units`` are single characters and words, ``cjk_pairs`` pairs of adjacent Chinese characters, which the
    indexes hold as well; ``word_pairs`` are adjacent words (``"a b"``), which only the reranker looks for.
    ``meant`` are (word, what it was meant to be) of words that no document holds.
    """

    text: str
    units: tuple[str, ...]
    cjk_pairs: tuple[str, ...]
    word_pairs: tuple[tuple[str, str], ...]
    meant: tuple[tuple[str, str], ...] = ()

    @property
    def terms(self) -> tuple[str, ...]:
        """All index terms of the question."""
        return self.units + self.cjk_pairs + tuple(word for _, word in self.meant)


class QuestionWords(NamedTuple):
    """Words of questions that carry no content; phrases and characters are simplified Chinese.

    The generic ones carry some: they say what about the subject is asked.
    """

    phrases: re.Pattern[str]
    stop_characters: frozenset[str]
    stop_words: frozenset[str]
    generic_phrases: re.Pattern[str]
    generic_words: frozenset[str]


@functools.cache
def question_words() -> QuestionWords:
    """Return the words that only make a text a question."""
    raw = resources.files("kb_app.retrieval").joinpath("data/query_words.toml").read_text(encoding="utf-8")
    table = tomllib.loads(raw)
    stop_words = table["en"]["stop_words"]
    return QuestionWords(
        phrases=_any_of(table["zh"]["phrases"]),
        stop_characters=frozenset(table["zh"]["stop_characters"]),
        stop_words=frozenset(stop_words) | {stem(word) for word in stop_words},
        generic_phrases=_any_of(table["zh"]["generic"]),
        generic_words=frozenset(stem(word) for word in table["en"]["generic"]),
    )


def _any_of(phrases: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(phrases, key=len, reverse=True))))


@functools.lru_cache(maxsize=1_000)
def analyse(question: str) -> Question:
    """Return the content of ``question``; when nothing but interrogatives is left, all its terms."""
    return (
        _collect(question, bare(question), question_words())
        or _collect(question, fold(question), None)
        or _empty(question)
    )


def bare(question: str) -> str:
    """Return ``question``, folded, without the phrases that only make it a question."""
    return question_words().phrases.sub(" ", _SHORT_YEAR.sub(_full_year, fold(question)))


def _empty(question: str) -> Question:
    return Question(text=question, units=(), cjk_pairs=(), word_pairs=())


def _collect(question: str, folded: str, words: QuestionWords | None) -> Question | None:
    """Gather the terms; without ``words`` nothing is dropped. None when there is none."""
    stop_characters = words.stop_characters if words else frozenset()
    stop_words = words.stop_words if words else frozenset()
    units: list[str] = []
    cjk_pairs: list[str] = []
    word_pairs: list[tuple[str, str]] = []
    previous = ""
    for is_cjk, run in runs(folded):
        if is_cjk:
            units += (char for char in run if char not in stop_characters)
            units += number_terms(run)
            cjk_pairs += (pair for pair in map(add, run, run[1:]) if not stop_characters.issuperset(pair))
            previous = ""
            continue
        # In lower case, so that PyTorch is one term here and still finds "pytorch", "PyTorch" and "PYTORCH".
        found = [term for term in word_terms(run.lower()) if term not in stop_words]
        units += found
        if found and previous:
            word_pairs.append((previous, found[0]))
        previous = found[-1] if found else ""
    if not units and not cjk_pairs:
        return None
    return Question(text=question, units=_unique(units), cjk_pairs=_unique(cjk_pairs), word_pairs=_unique(word_pairs))


def _unique(items: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(items))


def _full_year(match: re.Match[str]) -> str:
    """Read a year of two digits as people say it: 八六年 is 1986, 零九年 is 2009."""
    digits = match.group(1) or number_terms(match.group(2))[0]
    century = "20" if int(digits) < _PIVOT_YEAR else "19"
    return f"{century}{digits}年"


def title_text(chunk: StoredChunk) -> str:
    """Return the title to match: the document's own, or else its file's name without folder and ending."""
    return chunk.title or _file_name(chunk)


def heading_text(chunk: StoredChunk) -> str:
    """Return the heading path to match, a line each, after the name of the file where the title is another."""
    return "\n".join((*other_name(chunk), *chunk.heading))


def other_name(chunk: StoredChunk) -> tuple[str, ...]:
    """Return the name of the file without folder and ending, where the document has a title of its own."""
    return (_file_name(chunk),) if chunk.title else ()


def _file_name(chunk: StoredChunk) -> str:
    return PurePosixPath(chunk.document_name.replace("\\", "/")).stem
