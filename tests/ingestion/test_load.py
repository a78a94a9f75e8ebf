import pytest

from ingestion.errors import (
    BinaryError,
    DamagedError,
    EmptyFileError,
    GarbledError,
    NotAPdfError,
    NoTextError,
    PasswordNeededError,
    PasswordWrongError,
    ScannedError,
    TooHeavyError,
    UnsupportedFormatError,
)
from ingestion.load import load, supported_extensions
from ingestion.models import LoadLimits


def text_of(loaded):
    return "\n".join(page.text for page in loaded.pages)


def test_supported_extensions():
    assert {".pdf", ".md", ".markdown", ".txt"} <= set(supported_extensions())


def test_pdf_has_pages_title_and_outline(pdf):
    loaded = load(pdf("two_pages"), "guide.pdf")
    assert loaded.media_type == "application/pdf"
    assert [page.number for page in loaded.pages] == [1, 2]
    assert "learning rate" in loaded.pages[1].text
    assert loaded.title == "A Short Guide"
    assert [(entry.level, entry.title, entry.page) for entry in loaded.outline] == [
        (1, "Introduction", 1),
        (1, "Method", 2),
    ]
    assert loaded.unreadable_pages == ()
    assert loaded.char_count > 150


def test_chinese_pdf_without_character_map(pdf):
    loaded = load(pdf("chinese"), "讲义.pdf")
    assert "利用经验来改善系统自身的" in text_of(loaded)
    assert loaded.title == ""  # "untitled" is no title


def test_encrypted_pdf_asks_refuses_and_opens(pdf):
    data = pdf("encrypted")
    with pytest.raises(PasswordNeededError):
        load(data, "a.pdf")
    with pytest.raises(PasswordWrongError):
        load(data, "a.pdf", password="1234")
    assert "Gradient descent" in text_of(load(data, "a.pdf", password="柿子2026"))


def test_scanned_pdf_counts_its_pages(pdf):
    with pytest.raises(ScannedError) as caught:
        load(pdf("scanned"), "a.pdf")
    assert caught.value.params == {"pages": 1}


def test_cut_off_pdf_is_damaged(pdf):
    with pytest.raises(DamagedError):
        load(pdf("corrupt"), "a.pdf")


def test_blank_pdf_has_no_text(make_pdf):
    with pytest.raises(NoTextError):
        load(make_pdf(b"0 0 100 100 re f"), "a.pdf")


def test_control_codes_are_garbled(make_pdf):
    codes = b"".join(b"\\%03o" % code for code in (1, 3, 4, 5, 6, 7, 14, 15, 16, 17, 18, 19, 20, 21))
    content = b"BT /F1 12 Tf 72 700 Td (Ab%scd%sefgh) Tj ET" % (codes, codes)
    with pytest.raises(GarbledError):
        load(make_pdf(content), "a.pdf")


def test_form_values_and_annotations_are_text(make_pdf):
    field = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(City)/V(Hangzhou)/Rect[0 0 9 9]>>"
    note = b"<</Type/Annot/Subtype/Text/Contents(Check this number)/Rect[0 0 9 9]>>"
    data = make_pdf(b"0 0 9 9 re f", page=b"/Annots[6 0 R 7 0 R]", more={6: field, 7: note})
    assert text_of(load(data, "form.pdf")).split("\n")[-2:] == ["City: Hangzhou", "Check this number"]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<!DOCTYPE html><html><h1>404</h1></html>", "HTML"),
        (b"PK\x03\x04" + bytes(50), "ZIP"),
        ("只是一段文字。".encode(), "TXT"),
        (bytes(range(256)) * 8, "BIN"),
    ],
)
def test_impostors_are_named(data, kind):
    with pytest.raises(NotAPdfError) as caught:
        load(data, "report.pdf")
    assert caught.value.params == {"looks_like": kind}


def test_content_beats_extension(pdf):
    assert load(pdf("two_pages"), "guide.txt").media_type == "application/pdf"


def test_junk_before_the_header_is_skipped(make_pdf):
    data = b"x" * 2000 + make_pdf(b"BT /F1 12 Tf 72 700 Td (Hello visible text) Tj ET")
    assert "Hello visible text" in text_of(load(data, "a.pdf"))


def test_limits(pdf):
    with pytest.raises(TooHeavyError):
        load(pdf("two_pages"), "a.pdf", limits=LoadLimits(max_pages=1))
    with pytest.raises(TooHeavyError):
        load(pdf("two_pages"), "a.pdf", limits=LoadLimits(max_chars=20))
    with pytest.raises(TooHeavyError):
        load(b"abc", "a.txt", limits=LoadLimits(max_bytes=2))


def test_empty_unsupported_and_binary():
    with pytest.raises(EmptyFileError):
        load(b"", "a.txt")
    with pytest.raises(UnsupportedFormatError) as caught:
        load(b"PK\x03\x04", "a.zip")
    assert caught.value.params == {"extensions": " ".join(supported_extensions())}
    with pytest.raises(BinaryError):
        load(b"\x89PNG\r\n\x1a\n" + bytes(64), "notes.txt")


def test_text_records_its_encoding():
    loaded = load("机器学习是人工智能的一个分支，研究怎样从数据中学习。".encode("gb18030"), "笔记.txt")
    assert (loaded.media_type, loaded.encoding, loaded.warnings) == ("text/plain", "gb18030", ())
    assert loaded.pages[0].number is None


def test_damage_is_warned_about():
    data = ("机器学习是人工智能的一个分支，研究怎样从数据中学习。" * 3).encode()[:-1]
    assert load(data, "a.txt").warnings == ("characters_replaced",)


def test_front_matter_becomes_metadata():
    loaded = load(b'---\ntitle: "My notes"\ntags: a\n---\n# One\n', "a.md")
    assert loaded.title == "My notes"
    assert loaded.metadata == {"title": "My notes", "tags": "a"}
    assert load(b"---\n\ntext\n\n---\n", "a.md").metadata == {}
