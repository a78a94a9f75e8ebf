"""Character-level repair that is safe for any text: no rule here touches layout, case or punctuation."""

import re
import unicodedata

_NEWLINES = re.compile("\r\n?|[\u2028\u2029\u0085]")
_SPACES = re.compile("[\u00a0\u202f\u2007]")
# The last three are letters and signs in other symbol fonts, so they count where a line begins.
_SYMBOL_BULLETS = re.compile("[\uf0b7\uf0a7]|^([ \t]*)[\uf06c\uf06e\uf0d8]", re.MULTILINE)
# The font Symbol, which Word's formulas use: its codes 0x21 to 0xFE stand at U+F000 (Adobe's Symbol encoding).
_SYMBOLS = {
    0xF000 + code: character
    for start, characters in (
        (0x21, "!∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_"),
        (0x61, "αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"),
        (0xA1, "ϒ′≤⁄∞"),
        (0xAB, "↔←↑→↓°±″≥×∝∂"),
        (0xB8, "÷≠≡≈…"),
        (0xC4, "⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇"),
        (0xD5, "∏√⋅¬∧∨⇔⇐⇑⇒⇓"),
        (0xE5, "∑"),
    )
    for code, character in enumerate(characters, start)
}
_SYMBOL = re.compile("[\uf021-\uf0e5]")
# Small capitals and old-style figures of Adobe's expert fonts: the letter's own code at U+F700.
_EXPERT = re.compile("[\uf721-\uf77e\uf7a1-\uf7ff]")
# U+0002 is kept here: pdfium writes it for a removed hyphen, and a later rule needs it.
_UNWANTED = re.compile(
    "[\u0000\u0001\u0003-\u0008\u000b-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u200b\u200e\u200f\u2060\ufeff"
    "\ue000-\uefff\uf8e5-\uf8ff\ufff0-\uffff]"
)
# Kangxi and CJK radicals, compatibility ideographs, ligatures, full-width letters and digits, maths letters.
_COMPATIBILITY = re.compile(
    "[\u2e80-\u2fdf\uf900-\ufaff\ufb00-\ufb06\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
    "\U0001d400-\U0001d7ff\U0002f800-\U0002fa1f]"
)
# Radicals without a compatibility mapping that stand for a whole character in PDF fonts.
_RADICALS = dict(
    zip(
        "⺟⺠⻁⻄⻅⻆⻉⻋⻓⻔⻘⻚⻛⻜⻝⻢⻤⻥⻦⻩⻬⻮⻰⻳",
        "母民虎西见角贝车长门青页风飞食马鬼鱼鸟黄齐齿龙龟",
        strict=True,
    )
)
_RADICAL = re.compile("[" + "".join(_RADICALS) + "]")


def normalise_newlines(text: str) -> str:
    """Return the text with line feeds as its only line ends."""
    return _NEWLINES.sub("\n", text)


def drop_invisible(text: str) -> str:
    """Return the text without control, private and zero-width characters.

    What symbol and expert fonts keep in the private area becomes the sign, letter or bullet (``•``) it stands for.
    """
    text = _SYMBOL_BULLETS.sub(r"\1•", _SPACES.sub(" ", text))
    text = _SYMBOL.sub(lambda match: _SYMBOLS.get(ord(match.group()), match.group()), text)
    text = _EXPERT.sub(lambda match: chr(ord(match.group()) - 0xF700), text)
    return _UNWANTED.sub("", text)


def fold_compatibility(text: str) -> str:
    """Return the text with look-alike letters folded (NFKC) inside the blocks where that is always right."""
    if text.isascii():
        return text
    folded = _COMPATIBILITY.sub(lambda match: unicodedata.normalize("NFKC", match.group()), text)
    return _RADICAL.sub(lambda match: _RADICALS[match.group()], folded)
