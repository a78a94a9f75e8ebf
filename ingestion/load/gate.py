"""Whether extracted text is writing or the debris of a font without a character map.

"Some characters came out" is not success: PDF engines return control codes, glyph names and wrong letters
without complaint.
"""

import re
import unicodedata
from collections import Counter

from ingestion.load.han import COMMON_HAN

#: A page whose ``garbage_share`` is above this is not indexed.
UNREADABLE_ABOVE = 0.23
#: Above this another engine is worth a try.
SUSPICIOUS_ABOVE = 0.12

_MIN_CHARS = 4
_MIN_HAN = 12
_MIN_NOISE_CHARS = 9
_MIN_COMMON_HAN_SHARE = 0.25
_MIN_RARE_SCRIPTS = 3

_BLANKS = re.compile(r"\s+")
_GLYPH_NAMES = re.compile(r"/(?:[gGC]|cid|glyph|uni|index)[0-9A-Fa-f]+|/[A-Za-z]+\.(?:oldstyle|alt|sc)\b|\(cid:\d+\)")
_NOISE_WORD = re.compile(r"(?<!\S)(?=\S*[¡-ÿ])\S{3,}")
_ODD_LATIN = re.compile("[¡-ÿ\u02c6-\u02dd\u2020-\u2026]")
_ODD_WORD_SHARE = 0.5
_HAN = re.compile("[\u3400-\u9fff]")
_COMMON_SCRIPTS = frozenset(
    (
        "LATIN",
        "CJK",
        "HIRAGANA",
        "KATAKANA",
        "KATAKANA-HIRAGANA",
        "HANGUL",
        "GREEK",
        "CYRILLIC",
        "ARABIC",
        "HEBREW",
        "THAI",
        "DEVANAGARI",
        "FULLWIDTH",
        "HALFWIDTH",
        "MATHEMATICAL",
        "MODIFIER",
        "FEMININE",
        "MASCULINE",
        "MICRO",
        "OHM",
        "ANGSTROM",
        "KELVIN",
        "DOUBLE-STRUCK",
        "SCRIPT",
        "BLACK-LETTER",
        "IDEOGRAPHIC",
        "KANGXI",
        "BOPOMOFO",
        "VULGAR",
        "SUPERSCRIPT",
        "SUBSCRIPT",
        "ROMAN",
        "VERTICAL",
        "EULER",
        "PLANCK",
        "ALEF",
    )
)
# Formulas, units and names put these into words of any script.
_LATIN_AND_HAN = frozenset(("LATIN", "GREEK", "CJK", "MATHEMATICAL", "FULLWIDTH", "HALFWIDTH", "MODIFIER"))
# Pieces of tall brackets, symbol fonts, small capitals, old-style figures: private, but no sign of a broken text layer.
_HARMLESS_PRIVATE = re.compile("[\uf020-\uf0ff\uf721-\uf7ff\uf8e5-\uf8ff]")


def garbage_share(text: str) -> float:
    """Return the share of the non-blank characters of ``text`` that cannot be writing, in [0, 1]."""
    dense = _HARMLESS_PRIVATE.sub("", _BLANKS.sub("", text))
    if len(dense) < _MIN_CHARS:
        return 0.0
    counts = Counter(dense)
    broken = sum(n for character, n in counts.items() if _is_broken(character))
    broken += sum(len(match) for match in _GLYPH_NAMES.findall(dense))
    if len(dense) >= _MIN_NOISE_CHARS:
        broken += _latin_noise_count(text)
    broken += _rare_script_count(counts, text) + _rare_han_count(counts)
    return min(1.0, broken / len(dense))


def _is_broken(character: str) -> bool:
    """Whether the character never stands in readable text; U+0002 is pdfium's mark of a removed hyphen."""
    if character == "\x02" or " " < character <= "~":
        return False
    return character == "\ufffd" or unicodedata.category(character) in ("Cc", "Co", "Cn", "Cs")


def _latin_noise_count(text: str) -> int:
    """Count the upper Latin-1 characters of words made mostly of them: other scripts seen through Latin-1."""
    found = 0
    for word in _NOISE_WORD.findall(text):
        odd = len(_ODD_LATIN.findall(word))
        # Characters in the order of their codes are a specimen of a font, not a text gone wrong.
        if odd >= _ODD_WORD_SHARE * len(word) and list(word) != sorted(word):
            found += odd
    return found


def _rare_script_count(counts: Counter[str], text: str) -> int:
    """Count letters of scripts that hardly ever stand together, if there are several such scripts.

    Letters of common scripts count too then, where one word has them beside other scripts.
    """
    scripts = {character: _script(character) for character in counts}
    rare = {script for script in scripts.values() if script and script not in _COMMON_SCRIPTS}
    if len(rare) < _MIN_RARE_SCRIPTS:
        return 0
    mixed = 0
    for word in text.split():
        found = [script for script in map(scripts.get, word) if script and script not in _LATIN_AND_HAN]
        mixed += sum(script not in rare for script in found) if len(set(found)) > 1 else 0
    return mixed + sum(n for character, n in counts.items() if scripts[character] in rare)


def _script(character: str) -> str:
    """Return the script of a letter; an empty string for ASCII, the usual Chinese characters and what is no letter."""
    if character <= "\x7f" or "\u4e00" <= character <= "\u9fff" or not character.isalpha():
        return ""
    return unicodedata.name(character, "NONE").split(" ")[0]


def _rare_han_count(counts: Counter[str]) -> int:
    """Count the Chinese characters if hardly any of them is a common one and no kana explains that."""
    han = {character: n for character, n in counts.items() if _HAN.match(character)}
    total = sum(han.values())
    kana = sum(n for character, n in counts.items() if "\u3041" <= character <= "\u30ff")
    common = sum(n for character, n in han.items() if character in COMMON_HAN)
    is_odd = len(han) >= _MIN_HAN and kana == 0 and common < _MIN_COMMON_HAN_SHARE * total
    return total - common if is_odd else 0
