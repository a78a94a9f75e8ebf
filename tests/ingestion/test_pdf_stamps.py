import zlib

import pytest
from conftest import pdf_objects

from ingestion.errors import NoTextError, ScannedError
from ingestion.load import load

IMAGE = b"/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8"


def stream(entries: bytes, body: bytes) -> bytes:
    return b"<<%s/Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (
        entries,
        len(zlib.compress(body)),
        zlib.compress(body),
    )


def strips(count: int, height: float) -> bytes:
    return b"".join(b"q 612 0 0 %.1f 0 %.1f cm /Im Do Q " % (height, height * n) for n in range(count))


def words(text: str) -> bytes:
    return b"BT /F1 9 Tf 200 20 Td (%s) Tj ET " % text.encode()


def book(*pages: bytes) -> bytes:
    """A PDF of these page contents; /Im is a picture, /F1 a font."""
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Count %d/Kids[%s]/MediaBox[0 0 612 792]"
        b"/Resources<</Font<</F1 3 0 R>>/XObject<</Im 4 0 R>>>>>>"
        % (len(pages), b" ".join(b"%d 0 R" % (10 + 2 * n) for n in range(len(pages)))),
        3: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        4: stream(IMAGE, b"\x80"),
    }
    for n, contents in enumerate(pages):
        objects[10 + 2 * n] = b"<</Type/Page/Parent 2 0 R/Contents %d 0 R>>" % (11 + 2 * n)
        objects[11 + 2 * n] = stream(b"", contents)
    return pdf_objects(objects)


SCAN = strips(1, 792)


@pytest.mark.parametrize(
    "pages",
    [
        [SCAN + words("Scanned with CamScanner")],
        [SCAN + words(f"- {n} -") for n in range(1, 3)],
        [SCAN + words(f"Archive of the Museum, sheet {n}") for n in range(1, 5)],
        [strips(8, 99)],
    ],
    ids=["the name of the program", "page numbers", "the same words on all pages", "a page in strips"],
)
def test_a_stamp_on_a_picture_of_a_page_is_no_text(pages):
    with pytest.raises(ScannedError) as caught:
        load(book(*pages), "scan.pdf")
    assert caught.value.params == {"pages": len(pages)}


def test_scanned_pages_between_others_are_named():
    loaded = load(book(words("Minutes of the meeting in May"), SCAN + words("Scanned by CamScanner")), "mixed.pdf")
    assert [page.text.strip() for page in loaded.pages] == ["Minutes of the meeting in May", ""]
    assert loaded.unreadable_pages == (2,)


def test_few_words_on_a_picture_are_text_where_they_are_its_own():
    titles = ["Results of the survey", "What comes next", "Thank you"]
    loaded = load(book(*(SCAN + words(title) for title in titles)), "slides.pdf")
    assert [page.text.strip() for page in loaded.pages] == titles
    assert loaded.unreadable_pages == ()


def test_small_pictures_are_no_scan():
    with pytest.raises(NoTextError):
        load(book(strips(3, 99)), "drawing.pdf")
