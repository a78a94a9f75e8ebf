"""A page as a picture: the words asked for are marked, and nothing else is."""

import io

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from ingestion.errors import DamagedError, IngestionError
from ingestion.models import LoadLimits
from ingestion.pdf_page import matches, render_page
from ingestion.pool import run_limited


@pytest.fixture(scope="module")
def pdf() -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(300, 400))
    canvas.drawString(20, 350, "The lamp burned colza oil until 1904.")
    canvas.drawString(20, 50, "The keeper kept a diary.")
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def coloured_rows(png: bytes) -> list[int]:
    picture = Image.open(io.BytesIO(png))
    width, height = picture.size
    pixels = picture.load()
    return [y for y in range(height) if any(pixels[x, y][2] < pixels[x, y][0] - 50 for x in range(width))]


def test_only_the_passage_is_marked(pdf: bytes) -> None:
    drawn = run_limited(
        "ingestion.pdf_page:render_page",
        {"data": pdf, "page": 1, "passages": ("burned colza\noil until",), "width": 600, "password": None},
        LoadLimits(),
    )

    rows = coloured_rows(drawn)
    assert Image.open(io.BytesIO(drawn)).size == (600, 800)
    assert rows
    assert all(60 < row < 130 for row in rows)
    assert coloured_rows(render_page(pdf, 1, ("nowhere in it",), 300, None)) == []


@pytest.mark.parametrize(("data", "page"), [(b"%PDF-1.4 cut", 1), (None, 2), (None, 0)])
def test_what_cannot_be_drawn_is_an_error(pdf: bytes, data: bytes | None, page: int) -> None:
    with pytest.raises((DamagedError, IngestionError)):
        render_page(data or pdf, page, (), 300, None)


def test_lines_are_found_in_order_and_torn_ones_in_parts() -> None:
    letters = "headeralphabetagammadeltaepsilonzetaetathetaxx1endxx1"

    assert matches(letters, ("Alpha, beta!",)) == [(6, 14)]
    assert matches(letters, ("eta theta\nxx\n1\nend",)) == [(36, 49)]
    assert matches(letters, ("xx",)) == []
    assert matches(letters, ("gamma delta epsilon NOT THERE zeta eta",)) != []
