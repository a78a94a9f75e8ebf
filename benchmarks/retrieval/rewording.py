"""Questions reworded by chance, to train the confidence on.

Half of a Chinese question's words and two fifths of an English one's become words of other questions. What the title
of the article says stays, as nobody can ask for it without.
"""

import random
import re
from collections.abc import Sequence

from ingestion.analyzer import fold
from kb_app.retrieval.analyzer import question_words

_PIECE = re.compile(r"[A-Za-z0-9.\-]+|[\u3400-\u9fff]{1,2}|[^\sA-Za-z0-9\u3400-\u9fff]+|\s+")
_WORD = re.compile(r"[\u3400-\u9fffA-Za-z0-9]")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_CHANGED_CHINESE, _CHANGED_ENGLISH = 0.5, 0.4
_SHORTEST = 2


def words(question: str) -> list[str]:
    """Return what may be put in another question: words, and pieces of two Chinese characters."""
    parts = _PIECE.findall(fold(question)) if _CHINESE.search(question) else question.split()
    return [part for part in parts if _WORD.match(part) and len(part) >= _SHORTEST]


def reworded(question: str, title: str, others: Sequence[str], chance: random.Random) -> str:
    """Return ``question`` with some of its words changed for ``others``, but for what ``title`` says."""
    text, name = fold(question), fold(title).lower().replace("_", " ")
    if not _CHINESE.search(question):
        kept = set(name.split())
        changed = (
            chance.choice(others) if _may_change(word, kept) and chance.random() < _CHANGED_ENGLISH else word
            for word in text.split()
        )
        return " ".join(changed)
    start, end = _longest_shared(text, name)
    return _changed(text[:start], others, chance) + text[start:end] + _changed(text[end:], others, chance)


def _may_change(word: str, kept: set[str]) -> bool:
    return word[0].isalpha() and re.sub(r"\W", "", word).lower() not in kept


def _changed(text: str, others: Sequence[str], chance: random.Random) -> str:
    phrases = question_words().phrases
    return "".join(
        chance.choice(others)
        if _WORD.match(piece) and not phrases.fullmatch(piece) and chance.random() < _CHANGED_CHINESE
        else piece
        for piece in _PIECE.findall(text)
    )


def _longest_shared(text: str, name: str) -> tuple[int, int]:
    """Return where the longest part of ``text`` that ``name`` holds begins and ends, two characters at least."""
    best = (0, 0)
    for start in range(len(text)):
        end = start + max(_SHORTEST, best[1] - best[0] + 1)
        while end <= len(text) and text[start:end].lower() in name:
            best = (start, end)
            end += 1
    return best
