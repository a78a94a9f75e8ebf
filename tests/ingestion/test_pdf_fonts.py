"""Plain outlines make PDFium fast and change no text."""

import os
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from conftest import pdf_page

from ingestion.load.pdf_fonts import with_plain_outlines
from ingestion.load.pdf_text import open_document, read_pages

_SHARED_DATA = Path(os.environ.get("KB_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
_ENDED = b"\x0e"
#: 0 0 rmoveto, then triangle after triangle of different sizes: longer than any box.
_TRIANGLES = (
    b"\x8b\x8b\x15" + b"".join(b"%c\x8b\x8b%c\xfb\x00\xfb\x00\x05" % (a, 390 - a) for a in range(150, 240)) + _ENDED
)
_CIDS = (4559, 3795)  # 中, 文 in Adobe-GB1


def index(*objects: bytes) -> bytes:
    """An INDEX of a CFF font."""
    if not objects:
        return bytes(2)
    offsets = [1]
    for one in objects:
        offsets.append(offsets[-1] + len(one))
    return (
        len(objects).to_bytes(2, "big")
        + b"\x02"
        + b"".join(at.to_bytes(2, "big") for at in offsets)
        + b"".join(objects)
    )


def integer(value: int) -> bytes:
    return b"\x1d" + value.to_bytes(4, "big", signed=True)


def cid_font(*, top: bytes = b"") -> bytes:
    """A CID-keyed CFF font with three glyphs: .notdef and two of many triangles."""
    places = [0, 0, 0, 0]  # charset, FDSelect, CharStrings, FDArray
    for _ in range(2):
        registry = integer(391) + integer(392) + integer(4) + b"\x0c\x1e"
        charset_at, select_at, outlines_at, dictionaries_at = map(integer, places)
        code = registry + top + charset_at + b"\x0f" + select_at + b"\x0c\x25" + outlines_at + b"\x11"
        code += dictionaries_at + b"\x0c\x24"
        head = b"\x01\x00\x04\x02" + index(b"Test") + index(code) + index(b"Adobe", b"GB1") + index()
        parts = [
            b"\x00" + b"".join(cid.to_bytes(2, "big") for cid in _CIDS),
            b"\x00" + bytes(3),
            index(_ENDED, _TRIANGLES, _TRIANGLES),
            index(integer(0) + integer(0) + b"\x12"),
        ]
        places = [len(head) + sum(map(len, parts[:number])) for number in range(4)]
    return head + b"".join(parts)


def chinese_page(font: bytes, packed: bytes | None = None) -> bytes:
    stream = zlib.compress(font) if packed is None else packed
    font_object = b"<</Length %d/Filter/FlateDecode/Subtype/CIDFontType0C>>stream\n%s\nendstream" % (
        len(stream),
        stream,
    )
    text = b"".join(cid.to_bytes(2, "big") for cid in _CIDS).hex().encode()
    return pdf_page(
        b"BT /F2 12 Tf 72 700 Td <%s> Tj ET" % text,
        resources=b"/Font<</F2 6 0 R>>",
        more={
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F2 6 0 R>>>>>>",
            6: b"<</Type/Font/Subtype/Type0/BaseFont/Test/Encoding/Identity-H/DescendantFonts[7 0 R]>>",
            7: b"<</Type/Font/Subtype/CIDFontType0/BaseFont/Test/FontDescriptor 8 0 R/DW 1000"
            b"/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 4>>>>",
            8: b"<</Type/FontDescriptor/FontName/Test/Flags 4/FontFile3 9 0 R>>",
            9: font_object,
        },
    )


def texts(data: bytes) -> list[str | None]:
    with closing(open_document(data, None)) as document:
        return [page.text for page in read_pages(document)]


def test_outlines_become_boxes_and_the_text_stays() -> None:
    data = chinese_page(cid_font())
    plain = with_plain_outlines(data)
    assert len(plain) == len(data)
    start = plain.index(b"CIDFontType0C>>stream\n") + len(b"CIDFontType0C>>stream\n")
    font = zlib.decompressobj().decompress(plain[start:])
    assert len(font) == len(cid_font())
    assert _TRIANGLES not in font
    assert texts(plain) == texts(data) == ["中文"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(chinese_page(cid_font(top=b"\x8c\x0c\x06")), id="other kind of outlines"),
        pytest.param(chinese_page(cid_font(top=b"\x8b" * 6 + b"\x0c\x07")), id="other scale"),
        pytest.param(chinese_page(b"", packed=b"encrypted"), id="encrypted"),
        pytest.param(chinese_page(b"", packed=zlib.compress(cid_font())[:-9]), id="cut off"),
        pytest.param(chinese_page(cid_font()[:60]), id="damaged"),
        pytest.param(chinese_page(b""), id="empty"),
        pytest.param(chinese_page(b"\x01\x00\x04\x02" + bytes(40)), id="zeros"),
        pytest.param(b"%PDF-1.7 /Subtype/CIDFontType0C>>stream\n", id="no end"),
    ],
)
def test_what_is_no_such_font_stays_as_it_is(data: bytes) -> None:
    assert with_plain_outlines(data) == data


def test_more_fonts_than_any_book_has_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    data = chinese_page(cid_font())
    monkeypatch.setattr("ingestion.load.pdf_fonts._MAX_BYTES", len(cid_font()))
    both = with_plain_outlines(data + data)
    assert both[: len(data)] == with_plain_outlines(data)
    assert both[len(data) :] == data


def test_real_fonts_give_the_same_text() -> None:
    folder = _SHARED_DATA / "pdf" / "files"
    paths = [path for name in ("issue17846", "issue9278", "pr12828") if (path := folder / f"{name}.pdf").exists()]
    if not paths:
        pytest.skip("the real PDFs are not here")
    for path in paths:
        data = path.read_bytes()
        plain = with_plain_outlines(data)
        assert plain != data
        assert texts(plain) == texts(data)
