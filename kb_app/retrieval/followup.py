"""Follow-up questions without a model: one that leans on the turn before takes that turn's salient words along.

A question that stands by itself is returned as it is, so that its search is the same in a conversation as alone.
"""

import functools
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from ingestion.analyzer import CJK, fold
from kb_app.retrieval.analyzer import question_words
from kb_app.retrieval.answer_type import answer_type
from kb_app.retrieval.confidence import is_chit_chat

#: Questions looked back at; each may lean on the one before it.
_TURNS = 5
#: Words and runs of characters carried over, at most.
_CARRIED = 10
#: An elliptic question names no more than this: Chinese characters, other words counting two.
_SHORT = 8
#: One that goes on from the last (那……) or asks for a reason and leaves the subject out is shorter still.
_BARE = 3
#: Before a Chinese pronoun, a verb and its complement may stand; more is what the pronoun means.
_BEFORE = 4
_PIECE = re.compile(rf"[{CJK}]+|[^\W_]+(?:[-.'’+#_][^\W_]+)*[+#]*")
_IS_CJK = re.compile(f"[{CJK}]")
_ELLIPSIS = re.compile(r"^.{1,16}呢\W*$")
_LAST_THING = re.compile(r"(?i)^.*\b(?:the|an?|of|for|my|your)\s+(.+)$")
_ADJUNCT = re.compile(
    r"^(?:(?:and|or|but)\s+)?(?:(?:what|how) about\s+)?(?:in|on|at|after|before|with|without|during|if|when)\b"
)
_YEAR = re.compile(r"[12]\d{3}")
_CLAUSE_END = re.compile(r"[,;、和与及]\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cues:
    chinese: re.Pattern[str]
    chinese_object: re.Pattern[str]
    english: re.Pattern[str]
    openers: re.Pattern[str]
    bare_reason: re.Pattern[str]
    expletive: re.Pattern[str]
    generic_chinese: re.Pattern[str]
    generic_words: frozenset[str]


@functools.cache
def _cues() -> _Cues:
    raw = resources.files("kb_app.retrieval").joinpath("data/follow_ups.toml").read_text(encoding="utf-8")
    table = tomllib.loads(raw)
    generic = sorted(table["zh"]["generic"], key=len, reverse=True)
    return _Cues(
        chinese=re.compile(table["zh"]["pronouns"]),
        chinese_object=re.compile(table["zh"]["object_pronoun"]),
        english=re.compile(table["en"]["pronouns"]),
        openers=re.compile(f"{table['zh']['openers']}|{table['en']['openers']}"),
        bare_reason=re.compile(table["zh"]["bare_reason"]),
        expletive=re.compile(table["en"]["expletive"]),
        generic_chinese=re.compile("|".join(map(re.escape, generic))),
        generic_words=frozenset(table["en"]["generic"]),
    )


def standalone(question: str, previous_questions: Sequence[str]) -> str:
    """Return what to search for: ``question``, led by the salient words of the turns it leans on, if it does.

    Args:
        question: as the user asked it.
        previous_questions: those asked before in this conversation, oldest first.
    """
    earlier = ""
    for asked in previous_questions[-_TURNS:]:
        if not is_chit_chat(asked):
            earlier = _resolve(asked, earlier)
    return _resolve(question, earlier)


def _resolve(question: str, earlier: str) -> str:
    if not earlier or is_chit_chat(question) or not leans(question):
        return question
    known = fold(question).lower()
    carried = _substituted(fold(earlier), known)
    fresh = [piece for piece in carried if piece.lower() not in known]
    carried = [piece for piece in fresh if len(piece) > 1 or len(fresh) == 1][:_CARRIED]
    return " ".join((*carried, question.strip()))


def leans(question: str) -> bool:
    """Whether ``question`` can only be understood from what was asked before it."""
    text = fold(question).lower().strip()
    named = _named(text)
    if not named:
        return bool(text)
    cues = _cues()
    asks = question_words().phrases.search(text.replace("呢", ""))
    if _size(named) <= _SHORT and not asks and (_ELLIPSIS.match(text) or cues.openers.search(text)):
        return True
    if _size(named) <= _BARE and (cues.bare_reason.search(text) or text.startswith("那")):
        return True
    if _size(named) == 1 and answer_type(question) not in ("definition", "other"):
        return True  # a verb without an object: 能放多久
    return _points_back(text, named)


def _points_back(text: str, named: Sequence[str]) -> bool:
    """Whether a pronoun stands where nothing in the question itself can be meant by it."""
    cues = _cues()
    chinese = cues.chinese.search(text)
    if chinese:
        before = text[: chinese.start()]
        found = _named(before)
        if not found:
            return True
        is_object = cues.chinese_object.match(text, chinese.start()) and not _CLAUSE_END.search(before)
        if is_object and _size(found) <= _BEFORE and all(map(_IS_CJK.match, found)):
            return True
    english = cues.english.search(text)
    if not english or (cues.expletive.search(text) and len(named) > 1):
        return False
    found = _named(text[: english.start()])
    is_last = not text[english.end() :].strip(" ?.!")
    return not found or (is_last and len(found) <= 1)


def _named(text: str) -> list[str]:
    """Return what ``text`` names: its pieces without pronouns, openers and words that need an owner."""
    cues = _cues()
    rest = cues.english.sub(" ", cues.openers.sub(" ", question_words().phrases.sub(" ", text)))
    rest = cues.generic_chinese.sub(" ", cues.chinese.sub(" ", rest))
    return [piece for piece in _pieces(rest) if piece not in cues.generic_words]


def _pieces(text: str) -> list[str]:
    """Return words and runs of Chinese in order, without those that only make a question."""
    words = question_words()
    stop = "".join(words.stop_characters)
    pieces = []
    for piece in _PIECE.findall(words.phrases.sub(" ", text)):
        kept = piece.strip(stop) if _IS_CJK.match(piece) else piece
        if kept and kept.lower() not in words.stop_words:
            pieces.append(kept)
    return list(dict.fromkeys(pieces))


def _size(pieces: Sequence[str]) -> int:
    return sum(len(piece) if _IS_CJK.match(piece) else 2 for piece in pieces)


def _substituted(earlier: str, question: str) -> list[str]:
    """Return the pieces of ``earlier`` without what an elliptic question puts something else in the place of.

    那红茶呢 after 绿茶用多少度的水 leaves 绿茶 out: two things of one kind end in the same character. "What about the
    pedals?" after "the torque of the stem bolts" leaves the last thing named out, the words after the last article. A
    year takes the place of a year.
    """
    pieces, named = _pieces(earlier), _named(question)
    if not named or not (_ELLIPSIS.match(question) or _cues().openers.search(question)):
        return pieces
    if any(map(_YEAR.fullmatch, named)):
        pieces = [piece for piece in pieces if not _YEAR.fullmatch(piece)]
    if _IS_CJK.match(named[-1]):
        return [left for piece in pieces if (left := _after_kind(piece, named[-1][-1]))]
    last_thing = _LAST_THING.search(earlier)
    if last_thing is None or _ADJUNCT.search(question):
        return pieces
    replaced = _pieces(last_thing[1])
    return [piece for piece in pieces if piece not in replaced]


def _after_kind(piece: str, kind: str) -> str:
    """Return what follows the first thing of this kind in a run of Chinese."""
    return piece.split(kind, 1)[1] if _IS_CJK.match(piece) and kind in piece[1:3] else piece
