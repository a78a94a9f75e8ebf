"""Where sentences begin and end in mixed Chinese and English text, and how long a text is in units."""

import re

Span = tuple[int, int]

_CLOSERS = "”’」』）)\\]】》〉\"'*_"
_BREAK = re.compile(
    rf"[。！？；｡][。！？；｡!?]*[{_CLOSERS}]*"
    rf"|[.!?]+[{_CLOSERS}]*(?=\s|$|[\u3400-\u9fff])"
    r"|\n",
)
_BEFORE_NAME = frozenset(("mr", "mrs", "ms", "dr", "prof", "st", "mt", "ft", "gen", "col", "lt", "sgt", "capt"))
_BEFORE_TEXT = frozenset(("eg", "ie", "cf", "vs", "viz", "approx", "resp", "rev", "hon", "gov", "sen", "rep"))
_MONTHS = ("jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec")
_BEFORE_NUMBER = frozenset(
    ("no", "nos", "fig", "figs", "eq", "eqs", "sec", "ch", "vol", "pp", "art", "tab", "ver", *_MONTHS)
)
_LAST_WORD = re.compile(r"([^\W_]+(?:\.[^\W_]+)*)\.$")
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_WRAPPED_LINE_CHARS = 40

_CJK = re.compile(
    "[\u1100-\u11ff\u2e80-\u303f\u3040-\u31ff\u3200-\u9fff\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f"
    "\uff00-\uffef\U00020000-\U0003ffff]+"
)


def count_units(text: str) -> float:
    """Return the length of ``text``: a CJK character is 1 unit, any other character half a unit."""
    cjk = 0 if text.isascii() else len("".join(_CJK.findall(text)))
    return (len(text) + cjk) / 2


def split_sentences(text: str) -> list[Span]:
    """Return the spans of the sentences of ``text``, in order, without blanks around them.

    Every non-blank character lies in exactly one span. A line break ends a sentence unless the line is
    visibly wrapped (long, and going on in lower case). Closing quotes and brackets stay with the
    sentence they close; abbreviations, initials and list numbers do not end one.
    """
    spans: list[Span] = []
    start = 0
    for match in _BREAK.finditer(text):
        end = _end_of_sentence(text, start, match)
        if end is not None:
            _append_trimmed(spans, text, start, end)
            start = end
    _append_trimmed(spans, text, start, len(text))
    return spans


def _end_of_sentence(text: str, start: int, match: re.Match[str]) -> int | None:
    """Return where the sentence ends for the break found, or None if it goes on."""
    mark = match.group()
    if mark == "\n":
        return None if _is_wrapped(text, match.start(), match.end()) else match.end()
    if mark[0] in ".!?" and not _is_latin_end(text, start, match):
        return None
    is_open = mark[-1] in "\"'*_" and _opens_here(text, start, match)
    return match.start() + len(mark.rstrip("\"'*_")) if is_open else match.end()


def _opens_here(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether the straight quotes or emphasis marks after the full stop open the next sentence."""
    marks = match.group()
    marks = marks[len(marks.rstrip("\"'*_")) :]
    return text.count(marks, start, match.start()) % 2 == 0


def _is_latin_end(text: str, start: int, match: re.Match[str]) -> bool:
    following = text[match.end() : match.end() + 40].lstrip(" \t\"'([“‘*_")[:1]
    if following.islower() and following.isascii():
        return False
    if match.group()[0] != "." or match.group().startswith(".."):
        return True
    before = _LAST_WORD.search(text, max(start, match.start() - 24), match.start() + 1)
    if before is None:
        return True
    word = before.group(1)
    if _NUMBER.fullmatch(word):
        # "1. Title" and "1.标题" number a list; "in 1998. Then" ends a sentence.
        return text[start : before.start()].strip() != "" and text[match.end() : match.end() + 1].isspace()
    key = word.replace(".", "").lower()
    if key in _BEFORE_NAME or key in _BEFORE_TEXT or (key in _BEFORE_NUMBER and following.isdigit()):
        return False
    is_initials = all(len(part) == 1 for part in word.split("."))
    return not (is_initials and word.isascii())


def _is_wrapped(text: str, newline: int, following: int) -> bool:
    """Whether the line ending at ``newline`` was broken for its width in the middle of a sentence."""
    line_start = text.rfind("\n", 0, newline) + 1
    if newline - line_start < _WRAPPED_LINE_CHARS:
        return False
    last = text[newline - 1]
    first = text[following : following + 1]
    return last.isascii() and (last.isalnum() or last in ",-") and first.isascii() and first.islower()


def _append_trimmed(spans: list[Span], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))
