"""Which encoding a text file is in, and its text."""

import codecs
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from ingestion.errors import BinaryError
from ingestion.load.han import COMMON_HAN, COMMON_HANGUL
from ingestion.load.sniff import TEXT_KINDS, UNKNOWN, sniff

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CANDIDATES = ("gb18030", "big5", "big5hkscs", "cp932", "euc_jp", "euc_kr", "cp1252", "cp1251")
_UTF16 = ("utf-16-le", "utf-16-be")
_UTF16_ASCII_SCORE = 0.8

_SAMPLE_BYTES = 32_768
_MAX_CONTROL_SHARE = 0.02
_MAX_BAD_UTF8_SHARE = 0.01
_UNCERTAIN_BELOW = 0.2
_BINARY_BELOW = -0.2
_REALIGN_BELOW = 0.6

# A handful of characters proves nothing; then the commonest of the encodings is the best guess.
_PRIOR = {"gb18030": 0.4, "cp1252": 0.1}
_PRIOR_CHARS = 5

_HIGH = bytes(range(128, 256))
_CONTROLS = bytes(b for b in range(32) if b not in b"\t\n\r\f\x1b\0") + b"\x7f"
_CJK_MARKS = frozenset("，。、：；！？“”‘’（）《》「」『』【】〈〉…—·～　ー々〇①②③④⑤％")
_LATIN_MARKS = frozenset("‘’“”–—…•€£©®°§«»·ªº¿¡²³½×™")
_UPPER = "À-ÖØ-ÞŒŠŽ"
_LOWER = "ß-öø-ÿœšž"
# Accented letters as words have them: one or two together, beside plain letters.
_LATIN_IN_WORD = re.compile(
    rf"(?<![{_UPPER}{_LOWER}])(?:(?<=[A-Za-z])[{_LOWER}]{{1,2}}|[{_LOWER}]{{1,2}}(?=[a-z])"
    rf"|[{_UPPER}][{_LOWER}]?(?=[A-Za-z' ,.])|(?<=[A-Z])[{_UPPER}]|(?<= )[àéèêóòüö](?= ))(?![{_UPPER}{_LOWER}])"
)
_CYRILLIC_IN_WORD = re.compile("[\u0400-\u042f]?[\u0430-\u045f]{2,}|(?<![\u0400-\u045f])[\u0430-\u045f]\\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Text of a file with the encoding it was read by. ``is_certain`` is False where it is only the best guess."""

    text: str
    encoding: str
    is_certain: bool = True
    replaced_count: int = 0


def decode(data: bytes) -> Decoded:
    """Return the text of ``data``, whatever its encoding.

    The order of the tests matters: GB18030 accepts almost any bytes, so it is judged by the text it gives,
    beside its rivals, and only after everything that can be proved.

    Raises:
        BinaryError: the bytes are no text in any encoding.
    """
    for bom, name in _BOMS:
        if data.startswith(bom):
            return _decoded(data, name)
    kind = sniff(data)
    if kind is not None and kind not in TEXT_KINDS:
        raise BinaryError(f"starts like {kind}", looks_like=kind)
    sample = data[:_SAMPLE_BYTES]
    if b"\0" in sample:
        return _judge(data, _UTF16)
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls > _MAX_CONTROL_SHARE * len(sample):
        return _judge(data, _UTF16)
    return _as_utf8(data) or _judge(data, (*_CANDIDATES, *_UTF16))


def _decoded(data: bytes, encoding: str, *, is_certain: bool = True) -> Decoded:
    text = data.decode(encoding, errors="replace")
    name = encoding.removesuffix("-sig")
    return Decoded(
        text=text.removeprefix("\ufeff"),
        encoding=name,
        is_certain=is_certain,
        replaced_count=text.count("\ufffd"),
    )


def _as_utf8(data: bytes) -> Decoded | None:
    """Return the text if the bytes are UTF-8, allowing for a few damaged places."""
    try:
        return Decoded(text=data.decode("utf-8"), encoding="utf-8")
    except UnicodeDecodeError:
        found = _decoded(data, "utf-8")
    valid = sum(1 for character in found.text if character > "\x7f") - found.replaced_count
    few = max(2, _MAX_BAD_UTF8_SHARE * len(found.text))
    return found if found.replaced_count <= few and valid >= 4 * found.replaced_count else None


def _judge(data: bytes, encodings: tuple[str, ...]) -> Decoded:
    """Return ``data`` decoded by whichever of ``encodings`` gives the most plausible text."""
    sample = data[:_SAMPLE_BYTES]
    high = len(sample) - len(sample.translate(None, _HIGH))
    favour = {name: share * _PRIOR_CHARS / (_PRIOR_CHARS + high / 2) for name, share in _PRIOR.items()}
    scored = [(_plausibility(_sample_text(sample, name), name) + favour.get(name, 0), name, 0) for name in encodings]
    if max(scored)[0] < _REALIGN_BELOW:
        # A file cut at its head may begin in the middle of a character.
        scored += [(_plausibility(_sample_text(sample[1:], name), name) - 0.1, name, 1) for name in encodings]
    score, encoding, skipped = max(scored)
    if score < _BINARY_BELOW:
        raise BinaryError(f"best guess {encoding} scores {score:.2f}", looks_like=UNKNOWN)
    return _decoded(data[skipped:], encoding, is_certain=score >= _UNCERTAIN_BELOW)


def _sample_text(sample: bytes, encoding: str) -> str:
    """Decode the sample, leaving out a character cut in two at its end."""
    return codecs.getincrementaldecoder(encoding)(errors="replace").decode(sample)


def _plausibility(text: str, encoding: str) -> float:
    """Return how much ``text`` looks like writing, in [-3, 1].

    It is the mean over the characters that prove something: in UTF-16 all of them, elsewhere those beyond ASCII.
    """
    ascii_score = _UTF16_ASCII_SCORE if encoding in _UTF16 else 0.0
    counts = Counter(text)
    plain = sum(n for character, n in counts.items() if "\0" < character < "\x80")
    total = len(text) - (0 if ascii_score else plain)
    if total == 0:
        return 1.0 if text.strip() else -3.0
    score = sum(n * _character_score(character) for character, n in counts.items()) + ascii_score * plain
    score += 1.6 * sum(len(letters) for letters in _LATIN_IN_WORD.findall(text))
    score += 1.4 * sum(len(word) for word in _CYRILLIC_IN_WORD.findall(text))
    return max(-3.0, min(1.0, score / total))


def _character_score(character: str) -> float:
    """Return the plausibility of one character without its neighbours."""
    if character < "\x80":
        return -3.0 if character == "\0" else 0.0
    if character in COMMON_HAN or "\u3041" <= character <= "\u30fa" or character in COMMON_HANGUL:
        return 1.0
    if character in _CJK_MARKS:
        return 0.9
    if character in _LATIN_MARKS:
        return 0.3
    if "\u00c0" <= character <= "\u017f" or "\u0400" <= character <= "\u045f":
        return -0.8
    category = unicodedata.category(character)
    if category in ("Cc", "Co", "Cn", "Cs") or character == "\ufffd":
        return -3.0
    return -0.2 if "\u4e00" <= character <= "\u9fff" else -0.5
