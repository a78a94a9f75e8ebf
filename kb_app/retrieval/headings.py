"""Titles and headings as people name them: without numbers and markup."""

import functools
import re
from collections.abc import Collection, Iterator

from ingestion.analyzer import fold
from kb_app.models import StoredChunk
from kb_app.retrieval.analyzer import other_name, title_text

_NUMBERING = re.compile(
    r"^\s*(?:第[\d一二三四五六七八九十百]+[章节篇部回]|(?:\d+|[A-Z])(?:\.\d+)*[.、)）:：]?(?=[\s\u3400-\u9fff])"
    r"|[一二三四五六七八九十]+[、.．]|[(（][\d一二三四五六七八九十]+[)）])\s*[:：、.]?\s*"
)
_MARKUP = re.compile(r"[`*_#\[\]<>$|\\]")
_UNDERSCORES = re.compile(r"(?<=\w)_+(?=\w)")  # of a file's name, between its words
_IN_QUOTES = re.compile(r"[「『“\"]([^「」『』“”\"]+)[」』”\"]")
_ENDING = re.compile(
    r"(?<=\w)\.(?:pdf|md|txt|docx?|pptx?|xlsx?|csv|html?|epub|ipynb|json|odt|rtf)(?![A-Za-z0-9])", re.I
)
_LETTERS = re.compile(r"[^\W_]+")


def unnumbered(heading: str) -> str:
    """Return a heading without its number and markup: 第二章 提示原则 is 提示原则."""
    return _MARKUP.sub("", _UNDERSCORES.sub(" ", _NUMBERING.sub("", heading))).strip(" :：-–—.")


def headings_of(chunk: StoredChunk) -> Iterator[str]:
    """Yield the title of a chunk, its file's name and the headings it stands under, as people name them."""
    yield from map(unnumbered, (title_text(chunk), *other_name(chunk), *chunk.heading))


def asked_headings(question: str) -> frozenset[str]:
    """Return what titles or headings ``question`` may name, for ``stands_under``: what it quotes, and all of it."""
    return frozenset(letters(without_ending(part)) for part in (question, *_IN_QUOTES.findall(question))) - {""}


def without_ending(text: str) -> str:
    """Return ``text`` with the names of files in it less what tells their type."""
    return _ENDING.sub(" ", text)


def stands_under(chunk: StoredChunk, asked: Collection[str]) -> bool:
    """Whether a title or heading of the chunk is one of those asked for, word for word."""
    return any(letters(heading) in asked for heading in headings_of(chunk))


@functools.lru_cache(maxsize=10_000)
def letters(text: str) -> str:
    """Return the letters and digits of a text alone, to tell whether two headings are the same."""
    return "".join(_LETTERS.findall(fold(text).lower()))
