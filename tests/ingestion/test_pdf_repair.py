import zlib

import pytest

from ingestion.errors import DamagedError, NoTextError
from ingestion.load import load

PAGES = 4
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def sentence(page: int) -> str:
    return f"Page {page} of the manual says how the valve of the pump is closed before the tank is filled."


def part(number: int, body: bytes) -> bytes:
    return b"%d 0 obj\n%s\nendobj\n" % (number, body)


def contents(number: int, page: int) -> bytes:
    packed = zlib.compress(b"BT /F1 12 Tf 72 700 Td (%s) Tj ET" % sentence(page).encode())
    return part(number, b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed))


def leaf(page: int) -> bytes:
    return b"<</Type /Page/Parent 2 0 R/Contents %d 0 R/Resources<</Font<</F1 3 0 R>>>>>>" % (10 * page)


TREE = b"<</Type/Pages/MediaBox[0 0 612 792]/Count %d/Kids[%s]>>" % (
    PAGES,
    b" ".join(b"%d 0 R" % (10 * page + 1) for page in range(1, PAGES + 1)),
)
CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"


def leaves() -> list[bytes]:
    return [contents(10 * n, n) + part(10 * n + 1, leaf(n)) for n in range(1, PAGES + 1)]


def packed_objects(objects: dict[int, bytes]) -> bytes:
    """An object stream, as most programs write them since PDF 1.5."""
    offsets = [sum(len(body) + 1 for body in list(objects.values())[:index]) for index in range(len(objects))]
    head = b" ".join(b"%d %d" % pair for pair in zip(objects, offsets, strict=True)) + b"\n"
    packed = zlib.compress(head + b" ".join(objects.values()))
    entries = b"/Type/ObjStm/N %d/First %d/Filter/FlateDecode/Length %d" % (len(objects), len(head), len(packed))
    return part(90, b"<<%s>>stream\n%s\nendstream" % (entries, packed))


def read(data: bytes) -> tuple[list[str], tuple[int, ...], tuple[str, ...]]:
    loaded = load(data, "manual.pdf")
    return [page.text.strip() for page in loaded.pages], loaded.unreadable_pages, loaded.warnings


WHOLE = [sentence(n) for n in range(1, PAGES + 1)]
HEAD = b"%PDF-1.7\n" + part(3, FONT)


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"".join(leaves()) + part(2, TREE) + part(1, CATALOG),
        HEAD + b"".join(leaves()) + part(2, TREE),
        HEAD + b"".join(contents(10 * n, n) for n in range(1, PAGES + 1))
        + packed_objects({10 * n + 1: leaf(n) for n in range(1, PAGES + 1)} | {2: TREE, 1: CATALOG}),
    ],
    ids=["only the table is lost", "the catalog is lost", "everything is in an object stream"],
)  # fmt: skip
def test_a_file_without_its_end_is_read(data):
    assert read(data) == (WHOLE, (), ("incomplete",))


def test_pages_behind_the_cut_are_named_where_the_tree_stands_in_front():
    texts, unreadable, warnings = read(HEAD + part(1, CATALOG) + part(2, TREE) + b"".join(leaves()[:3])[:-80])
    assert texts == [*WHOLE[:2], "", ""]
    assert unreadable == (3, 4)
    assert warnings == ("incomplete",)


def test_the_pages_that_are_left_of_a_cut_file_are_read():
    texts, _, warnings = read(HEAD + b"".join(leaves())[:-300])
    assert texts == WHOLE[:3]
    assert warnings == ("incomplete",)


def test_a_few_words_of_a_wreck_are_no_document():
    with pytest.raises(DamagedError):
        load(HEAD + leaves()[0], "manual.pdf")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"%PDX-1.7\n" + data[9:],
        lambda data: data[9:],
        lambda data: b"\xe7" * 90_000 + data,
    ],
    ids=["misspelt", "lost", "behind junk"],
)
def test_a_header_that_is_not_in_its_place_costs_nothing(spoil):
    body = HEAD + b"".join(leaves()) + part(2, TREE) + part(1, CATALOG)
    data = body + b"trailer\n<</Size 91/Root 1 0 R>>\nstartxref\n0\n%%EOF\n"
    assert read(spoil(data))[0] == WHOLE


def test_a_file_that_was_sent_as_text_is_damaged_and_not_without_words():
    data = HEAD + b"".join(leaves()) + part(2, TREE) + part(1, CATALOG)
    with pytest.raises(DamagedError):
        load(data.decode("latin-1").encode(), "manual.pdf")


def test_a_compressed_drawing_has_no_words():
    packed = zlib.compress(b"0 0 100 100 re f")
    drawing = part(10, b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed))
    tree = b"<</Type/Pages/MediaBox[0 0 612 792]/Count 1/Kids[11 0 R]>>"
    end = b"trailer\n<</Size 12/Root 1 0 R>>\nstartxref\n0\n%%EOF\n"
    with pytest.raises(NoTextError):
        load(HEAD + drawing + part(11, leaf(1)) + part(2, tree) + part(1, CATALOG) + end, "drawing.pdf")
