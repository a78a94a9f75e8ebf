"""A page of a PDF as a picture with words marked on it. PDFium has no limits: run it in a worker process only."""

import io
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import closing

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]
from PIL import Image, ImageChops

from ingestion.errors import DamagedError
from ingestion.load.pdf_text import open_document

_MAX_PIXELS = 6_000_000
_MAX_CHARS = 50_000
_MARK_COLOUR = (255, 226, 140)
_MARK_MARGIN_PX = 1
#: In letters: the shortest line looked for anywhere, the parts of a longer one, how far behind the last one is "near".
_LEAST_PIECE, _PART, _NEAR = 6, 12, 8


def render_page(data: bytes, page: int, passages: Sequence[str], width: int, password: str | None) -> bytes:
    """Return page ``page`` (1-based) as a PNG of about ``width`` pixels, the words of ``passages`` marked.

    Raises:
        DamagedError, PasswordNeededError, PasswordWrongError: PDFium refuses the file or the page.
    """
    with closing(open_document(data, password)) as document:
        if not 1 <= page <= len(document):
            raise DamagedError(f"no page {page}")
        try:
            with closing(document[page - 1]) as opened:
                picture = _picture(opened, passages, width)
        except pypdfium2.PdfiumError as error:
            raise DamagedError(str(error)) from error
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _picture(page: pypdfium2.PdfPage, passages: Sequence[str], width: int) -> Image.Image:
    page_width, page_height = page.get_size()
    scale = min(width / max(page_width, 1), (_MAX_PIXELS / max(page_width * page_height, 1)) ** 0.5)
    bitmap = page.render(scale=scale)
    picture: Image.Image = bitmap.to_pil().convert("RGB")
    position = bitmap.get_posconv(page)
    with closing(page.get_textpage()) as text_page:
        for rectangle in _rectangles(text_page, passages):
            left, bottom, right, top = rectangle
            corners = (position.to_bitmap(left, top), position.to_bitmap(right, bottom))
            _mark(picture, corners)
    return picture


def _mark(picture: Image.Image, corners: Iterable[tuple[int, int]]) -> None:
    """Colour a rectangle as a text marker does: what is dark stays dark."""
    (x1, y1), (x2, y2) = corners
    left, right = sorted((x1, x2))
    top, bottom = sorted((y1, y2))
    box = (
        max(0, left - _MARK_MARGIN_PX),
        max(0, top - _MARK_MARGIN_PX),
        min(picture.width, right + _MARK_MARGIN_PX),
        min(picture.height, bottom + _MARK_MARGIN_PX),
    )
    if box[0] < box[2] and box[1] < box[3]:
        part = picture.crop(box)
        picture.paste(ImageChops.multiply(part, Image.new("RGB", part.size, _MARK_COLOUR)), box)


def _rectangles(text_page: pypdfium2.PdfTextPage, passages: Sequence[str]) -> list[tuple[float, float, float, float]]:
    """Return (left, bottom, right, top) in points for each line of the marked words."""
    letters, places = _letters(
        chr(pdfium_c.FPDFText_GetUnicode(text_page.raw, index))
        for index in range(min(text_page.count_chars(), _MAX_CHARS))
    )
    rectangles = []
    for first, last in matches(letters, passages):
        start, count = places[first], places[last] - places[first] + 1
        rectangles += [text_page.get_rect(index) for index in range(text_page.count_rects(start, count))]
    return rectangles


def matches(letters: str, passages: Sequence[str]) -> list[tuple[int, int]]:
    """Return (first, last) of each run of ``letters`` that the passages are made of.

    Lines are looked for in order: short ones, as formulas have, only right behind the one before. A longer line that is
    not there as a whole is looked for in parts, of which only those count that occur once.
    """
    found: list[tuple[int, int]] = []
    for passage in passages:
        position: int | None = None
        for line in passage.splitlines():
            wanted, _ = _letters(line)
            place = _place(letters, wanted, position)
            if place is not None:
                position = place + len(wanted)
                found.append((place, position - 1))
            else:
                found += _parts(letters, wanted)
    return _merged([run for run in found if run[0] <= run[1]])


def _place(letters: str, wanted: str, position: int | None) -> int | None:
    near = letters.find(wanted, position, position + _NEAR + len(wanted)) if position is not None else -1
    if near >= 0 or len(wanted) < _LEAST_PIECE:
        return near if near >= 0 else None
    place = letters.find(wanted)
    return place if place >= 0 else None


def _parts(letters: str, wanted: str) -> list[tuple[int, int]]:
    parts = []
    for start in range(0, len(wanted) - _PART + 1, _PART // 2):
        place = letters.find(wanted[start : start + _PART])
        if place >= 0 and letters.find(wanted[start : start + _PART], place + 1) < 0:
            parts.append((place, place + _PART - 1))
    return parts


def _merged(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(runs):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _letters(characters: Iterable[str]) -> tuple[str, list[int]]:
    """Return the letters and digits in one form, and for each the place it came from."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(characters):
        for letter in unicodedata.normalize("NFKC", character).casefold():
            if letter.isalnum():
                letters.append(letter)
                places.append(place)
    return "".join(letters), places
