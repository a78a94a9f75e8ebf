"""What the loaders of OpenDocument text, RTF, reStructuredText and Org leave out, and what they must not trip over."""

import format_samples as samples
import pytest

from ingestion.errors import DamagedError, PasswordNeededError
from ingestion.load import load


def texts(data, name):
    return [block.text for block in load(data, name).blocks]


def test_history_comments_and_contents_are_no_text_of_an_odt():
    found = load(samples.sample_odt(), "a.odt")
    assert found.title == "评测报告"
    assert found.blocks[0].kind == "toc"
    assert not any(word in block.text for block in found.blocks for word in ("删去的", "批注"))


def test_an_odt_is_known_by_its_content_and_a_locked_one_asks_for_its_password():
    assert load(samples.sample_odt(), "a.doc").title == "评测报告"
    locked = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    with pytest.raises(PasswordNeededError):
        load(samples.sample_odt(**{"META-INF/manifest.xml": locked}), "a.odt")


def test_styles_of_an_odt_that_say_what_a_paragraph_is():
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "style")
    )
    styles = (
        '<style:style style:name="P1" style:parent-style-name="Preformatted_20_Text"/>'
        '<text:list-style style:name="L1"><text:list-level-style-number/></text:list-style>'
    )
    body = (
        '<text:p text:style-name="Title">Report</text:p><text:p text:style-name="P1">def f():</text:p>\n'
        '<text:p text:style-name="P1"><text:s text:c="4"/>return <text:span>1</text:span></text:p>'
        '<text:list text:style-name="L1"><text:list-item><text:p>first</text:p></text:list-item></text:list>'
    )
    content = f"<d {names}>{styles}<office:text>{body}</office:text></d>"
    found = load(samples.sample_odt(**{"content.xml": content}), "a.odt").blocks
    assert [(one.kind, one.text) for one in found] == [
        ("heading", "Report"),
        ("code", "def f():\n    return 1"),
        ("list", "1. first"),
    ]


def test_nesting_beyond_reason_in_an_odt():
    deep = "<text:span>" * 300 + "x" + "</text:span>" * 300
    content = (
        '<d xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><text:text>'
        f"<text:p>{deep}</text:p></text:text></d>"
    )
    with pytest.raises(DamagedError):
        load(samples.sample_odt(**{"content.xml": content}), "a.odt")


def test_an_odt_of_many_paragraphs_and_of_numbers_beyond_reason():
    digits = "9" * 5000
    heading = f'<text:h text:outline-level="{digits}">A<text:s text:c="{digits}"/>B</text:h>'
    body = heading + "<text:p>C</text:p>" * 50_000
    content = f'<d xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><text:text>{body}</text:text></d>'
    found = texts(samples.sample_odt(**{"content.xml": content}), "a.odt")
    assert found[0].split() == ["A", "B"]
    assert len(found) == 50_001


def test_old_word_files_that_are_rtf_inside():
    assert "关于预算的通知" in texts(samples.RTF, "通知.doc")


def test_links_of_rtf_keep_what_stands_between_them_and_pictures_are_no_text():
    link = rb'{\field{\*\fldinst{HYPERLINK "http://x.example/"}}{\fldrslt{link}}}'
    picture = rb"{\pict\pngblip " + (b"a0" * 64 + b"\r\n") * 3 + b"}"
    source = rb"{\rtf1 one " + link + b" two " + link + b" three" + picture + rb"\par Call 0123456789.}"
    assert texts(source, "a.rtf") == ["one link two link three", "Call 0123456789."]
    assert texts(rb"{\rtf1 " + link * 3000 + b"}", "a.rtf")


def test_cells_of_rtf_that_hold_paragraphs():
    source = rb"{\rtf1 \trowd {\pard\intbl A\par}\cell {\pard\intbl B\par}\cell\row after}"
    assert texts(source, "a.rtf") == ["A | B", "after"]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("===\nTop\n===\n\nSub\n===\n\nx", ["Top", "Sub", "x"]),
        ("a :ref:`other page <p>` and ``x*y`` *b*", ["a other page and x*y b"]),
        (".. code-block:: sh\n   :linenos:\n\n   make all\n\nend", ["make all", "end"]),
        (".. note:: Look out.\n\n   More.", ["Look out.", "More."]),
        (".. [#one] A note\n   goes on.", ["[one] A note goes on."]),
        ("+---+---+\n| a | b |\n+===+===+\n| c | d |\n+---+---+", ["a | b\nc | d"]),
        ("..\n\n   Quoted.", ["Quoted."]),
        (":a:" * 100_000, [":a:" * 100_000]),
    ],
)
def test_rst(source, wanted):
    assert texts(source.encode(), "a.rst")[: len(wanted)] == wanted


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("* A\n** DONE B :x:\n* C", ["A", "B", "C"]),
        ("* A" + " " * 200_000 + "b :x:y: \t\n** :z:\ntext", ["A b", "text"]),
        ("#+begin_quote\nwords\n#+end_quote\n#+begin_comment\nno\n#+end_comment", ["words"]),
        ("#+BEGIN_SRC sh\nmake\n", ["make"]),
        ("a /b/ =c= x/y/z", ["a b c x/y/z"]),
        (": one\n: two", ["one\ntwo"]),
        ("- a\n  more\n- b\n\ntext", ["- a\n  more\n- b", "text"]),
    ],
)
def test_org(source, wanted):
    assert texts(source.encode(), "a.org") == wanted
