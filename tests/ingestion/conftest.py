from pathlib import Path

import pytest

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def pdf():
    """Bytes of a PDF fixture by name."""

    def read(name: str) -> bytes:
        return (FIXTURES / f"{name}.pdf").read_bytes()

    return read


def pdf_objects(objects: dict[int, bytes]) -> bytes:
    """A PDF of these objects, 1 being its catalogue."""
    body = b"%PDF-1.7\n"
    offsets = {}
    for number, value in objects.items():
        offsets[number] = len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    size = max(objects) + 1
    table = b"".join(
        b"%010d 00000 n \n" % offsets[i] if i in offsets else b"0000000000 65535 f \n" for i in range(size)
    )
    start = len(body)
    trailer = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
    return body + b"xref\n0 %d\n" % size + table + trailer


def pdf_page(content: bytes, resources: bytes = b"", page: bytes = b"", more: dict[int, bytes] | None = None) -> bytes:
    """A one-page PDF drawing ``content`` with Helvetica as /F1."""
    stream = b"<</Length %d>>stream\n%s\nendstream" % (len(content), content)
    return pdf_objects(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
            b"/Resources<</Font<</F1 5 0 R>>%s>>%s>>" % (resources, page),
            4: stream,
            5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            **(more or {}),
        }
    )


HELLO = b"BT /F1 12 Tf 72 700 Td (Hello visible text) Tj ET "


@pytest.fixture
def memory_bomb() -> bytes:
    """A page whose form draws itself twice: PDFium takes gigabytes and aborts, pypdf reads it."""
    form = b"/X Do /X Do"
    head = b"<</Length %d/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>>>" % len(form)
    return pdf_page(
        b"/X Do " + HELLO,
        resources=b"/XObject<</X 6 0 R>>",
        more={6: head + b"stream\n" + form + b"\nendstream"},
    )


@pytest.fixture
def make_pdf():
    """Builder of one-page PDFs."""
    return pdf_page
