"""Makes embedded Chinese, Japanese and Korean fonts cheap to measure, before PDFium reads a file's text.

PDFium interprets a glyph's whole outline several times for every character, only to know its box, and keeps the boxes
of 256 codes a font at most. On a Chinese book that is two thirds of all the time it takes. Here every outline of a
CID-keyed CFF font becomes a plain box; which characters a text has, and where they stand, is written elsewhere.
Changed are the fonts' bytes alone, in their places: no object moves. Never render what comes out.
"""

import re
import zlib
from itertools import islice, pairwise

#: Of the dictionary that stands before the font's bytes, in which only the stream's own length and filter may follow.
_CID_FONT = re.compile(rb"/Subtype\s{0,9}/CIDFontType0C[^<>]{0,200}>>\s{0,9}stream\r?\n")
_MAX_FONTS, _MAX_FONT_BYTES = 500, 30_000_000
#: Of all fonts together; what comes after them stays as it is.
_MAX_BYTES = 300_000_000

Span = tuple[int, int]

# Operators of a CFF dictionary (Adobe Technical Note 5176).
_ESCAPE = 12
_CHAR_STRINGS, _CHARSTRING_TYPE, _FONT_MATRIX, _REGISTRY = (17, 0), (12, 6), (12, 7), (12, 30)
# 0 vmoveto; 800 800 -800 hlineto; endchar (Technical Note 5177): a box of 800 by 800 of the usual 1000 units.
_BOX = bytes((139, 4, 249, 180, 249, 180, 253, 180, 6, 14))


def with_plain_outlines(data: bytes) -> bytes:
    """Return a PDF whose text is the same, with boxes for the outlines of its embedded CID-keyed CFF fonts.

    What is encrypted, damaged or stored in another way stays as it is.
    """
    changed: bytearray | None = None
    left = _MAX_BYTES
    for match in islice(_CID_FONT.finditer(data), _MAX_FONTS):
        start, end = match.end(), data.find(b"endstream", match.end())
        if end < 0 or left <= 0:
            break
        inflate = zlib.decompressobj()
        try:
            font = bytearray(inflate.decompress(data[start:end], _MAX_FONT_BYTES))
            left -= len(font)
            _flatten(font)
        except (zlib.error, LookupError, ValueError):
            continue
        length = end - start - len(inflate.unused_data)
        packed = zlib.compress(font, 1)
        if inflate.eof and len(packed) <= length:
            changed = bytearray(data) if changed is None else changed
            changed[start : start + length] = packed.ljust(length, b"\0")  # behind its end a stream is not read
    return data if changed is None else bytes(changed)


def _flatten(font: bytearray) -> None:
    """Put a box in the place of every outline that is long enough. Raises LookupError, ValueError: no such font."""
    _, dictionaries_at = _index(font, font[2])
    dictionaries, _ = _index(font, dictionaries_at)
    start, end = dictionaries[0]
    top = _dictionary(font[start:end])
    if _REGISTRY not in top or _FONT_MATRIX in top or top.get(_CHARSTRING_TYPE, 2) != 2:
        raise ValueError("not a CID-keyed font of the usual scale")
    outlines, _ = _index(font, top[_CHAR_STRINGS])
    for start, end in outlines:
        if end - start >= len(_BOX):
            font[start:end] = _BOX.ljust(end - start, b"\0")


def _index(font: bytearray, at: int) -> tuple[list[Span], int]:
    """Return the spans of the objects of the INDEX at ``at``, and where it ends."""
    count = int.from_bytes(font[at : at + 2], "big")
    if not count:
        return [], at + 2
    size = font[at + 2]
    first = at + 3
    base = first + (count + 1) * size - 1
    offsets = [
        base + int.from_bytes(font[place : place + size], "big")
        for place in range(first, first + (count + 1) * size, size)
    ]
    if offsets[-1] > len(font) or any(a > b for a, b in pairwise(offsets)):
        raise ValueError("an INDEX out of order")
    return list(pairwise(offsets)), offsets[-1]


def _dictionary(code: bytearray) -> dict[tuple[int, int], int]:
    """Return operator -> last operand of a CFF dictionary; operators are (code, 0) or (12, code)."""
    found: dict[tuple[int, int], int] = {}
    operand = at = 0
    while at < len(code):
        byte = code[at]
        at += 1
        if byte <= 21:
            operator = (byte, code[at]) if byte == _ESCAPE else (byte, 0)
            at += byte == _ESCAPE
            found[operator] = operand
        elif byte in (28, 29):
            size = 2 if byte == 28 else 4
            operand = int.from_bytes(code[at : at + size], "big", signed=True)
            at += size
        elif byte == 30:  # a real number, two digits a byte, ended by a nibble of 15
            while code[at] & 15 != 15 and code[at] >> 4 != 15:
                at += 1
            at += 1
        elif byte <= 246:
            operand = byte - 139
        else:
            sign = 1 if byte <= 250 else -1
            operand = sign * ((byte - (247 if sign > 0 else 251)) * 256 + code[at] + 108)
            at += 1
    return found
