"""Text -> index terms, the same for documents and questions.

Chinese (and kana, hangul) runs become their characters and their adjacent pairs; words of other scripts become
Snowball English stems, of the base form where a form is irregular and of one spelling where there are two
(``data/english.toml``); identifiers, versions and other mixed tokens stay whole and give their parts as well.
What is removed from questions only (interrogatives, stop words) is decided in ``kb_app.retrieval.analyzer``.
"""

import functools
import re
import threading
import tomllib
import unicodedata
from collections.abc import Iterator
from importlib import resources
from operator import add

import snowballstemmer  # type: ignore[import-untyped]

#: Stored with every index; raise it whenever the same text gives other terms.
ANALYZER_VERSION = 2

CJK = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U000323af"
_LETTER = rf"[^\W_{CJK}]"
_TOKEN = re.compile(
    rf"(?P<cjk>[{CJK}]+)|(?P<word>{_LETTER}+(?:(?:[.'’\-]|_+|(?<=\d),(?=\d)){_LETTER}+)*(?:\+\+|\#(?!\w))?)"
)
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\WA-Za-z\d_]+")
_JOINERS = re.compile(r"[._'\-+#]+")
_POSSESSIVE = re.compile(r"['’]s$", re.IGNORECASE)
_DECIMAL = re.compile(r"\d+(?:[.,]\d+)+")
_NUMERAL = re.compile("[零〇一二三四五六七八九两十百千万亿]{2,}")
_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}
_LONGEST_TOKEN = 80
_CLITICS = frozenset({"s", "t", "m", "d", "ll", "re", "ve"})


@functools.cache
def _simplified() -> dict[int, str]:
    raw = resources.files("ingestion").joinpath("data/t2s.txt").read_text(encoding="utf-8")
    return {ord(line[0]): line[1] for line in raw.splitlines() if len(line) == 2}


def fold(text: str) -> str:
    """Return ``text`` in Unicode form NFKC with traditional characters simplified; the case is kept."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", text).translate(_simplified())


@functools.cache
def _english() -> tuple[dict[str, str], re.Pattern[str], tuple[tuple[re.Pattern[str], str], ...]]:
    """Return irregular form -> base form, what words with two spellings hold, and the rules that make one of them."""
    raw = resources.files("ingestion").joinpath("data/english.toml").read_text(encoding="utf-8")
    table = tomllib.loads(raw)
    bases = {form: base for base, forms in table["irregular"].items() for form in forms.split()}
    rules = table["spelling"]["rules"]
    any_rule = re.compile("|".join(f"(?:{pattern})" for pattern, _ in rules))
    return bases, any_rule, tuple((re.compile(pattern), new) for pattern, new in rules)


_STEMMER = snowballstemmer.stemmer("english")
_STEMMER_LOCK = threading.Lock()  # it keeps the word it works on in itself


@functools.lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return the Snowball English stem of a lower-case word's base form, accents removed."""
    if not word.isascii():
        decomposed = unicodedata.normalize("NFD", word)
        word = "".join(char for char in decomposed if not unicodedata.combining(char))
    if not word.isalpha():
        return word
    bases, any_rule, rules = _english()
    word = bases.get(word, word)
    if any_rule.search(word):
        for pattern, new in rules:
            word = pattern.sub(new, word)
    with _STEMMER_LOCK:
        return str(_STEMMER.stemWord(word))


@functools.lru_cache(maxsize=100_000)
def word_terms(token: str) -> tuple[str, ...]:
    """Return the terms of one non-Chinese token as written: the whole, then its parts if it is compound.

    ``torch.nn`` gives ``torch.nn torch nn``, ``JoyRL-book`` gives ``joyrl-book joyrl joy rl book``, ``1,234``
    gives ``1234``.
    """
    token = _POSSESSIVE.sub("", token)[:_LONGEST_TOKEN].replace("’", "'")
    whole = token.lower()
    if whole.isalpha() and (token.islower() or token.isupper() or token[1:].islower()):
        return (stem(whole),)
    if _DECIMAL.fullmatch(whole):
        return (whole.replace(",", ""),)
    found = [stem(whole)]
    for piece in _JOINERS.split(token):
        parts = _PART.findall(piece)
        found += [stem(part.lower()) for part in (piece, *parts) if part.lower() not in _CLITICS]
    return tuple(term for term in dict.fromkeys(found) if term)


def number_terms(run: str) -> list[str]:
    """Return Chinese numerals of two and more characters in ``run`` as digits: 十八 gives 18, 一九八六 gives 1986."""
    found = []
    for match in _NUMERAL.finditer(run):
        numeral = match.group()
        if all(char in _DIGITS for char in numeral):
            found.append("".join(str(_DIGITS[char]) for char in numeral))
        elif numeral[0] not in "百千万亿":
            found.append(str(_numeral_value(numeral)))
    return found


def _numeral_value(numeral: str) -> int:
    total = section = digit = 0
    for char in numeral:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif _UNITS[char] < 10_000:
            section += (digit or 1) * _UNITS[char]
            digit = 0
        else:
            total += (section + digit) * _UNITS[char]
            section = digit = 0
    return total + section + digit


def runs(text: str) -> Iterator[tuple[bool, str]]:
    """Yield (is Chinese, run) for each run of Chinese characters and each other token of folded ``text``."""
    for cjk, word in _TOKEN.findall(text):
        yield bool(cjk), cjk or word


def terms(text: str) -> list[str]:
    """Return the index terms of ``text`` in reading order, repeats included.

    A Chinese run gives all its characters, then all its adjacent pairs, then its numbers as digits.
    """
    found: list[str] = []
    for is_cjk, run in runs(fold(text)):
        if is_cjk:
            found += run
            if len(run) > 1:
                found += map(add, run, run[1:])
                found += number_terms(run)
        else:
            found += word_terms(run)
    return found
