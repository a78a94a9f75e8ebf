"""Untrusted text, rendered by a CommonMark parser: nothing is loaded, nothing is linked behind the reader's back."""

import time

import pytest
from markdown_it import MarkdownIt

from kb_app.ui.markup import closed, label, plain, readable, safe

REMOTE = "http://attacker.test/x.png"


def render(text: str) -> str:
    # Like Streamlit: GitHub's dialect, HTML shown as text.
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).render(text)


@pytest.mark.parametrize(
    "attack",
    [
        f"![x]({REMOTE})",
        f"[![x]({REMOTE})]({REMOTE})",
        f"\\`![x]({REMOTE})`",
        f"```\ncode without an end ![x]({REMOTE})",
        f"~~~\n```\n~~~\n![x]({REMOTE})",
        f"![x][1]\n\n[1]: {REMOTE}",
        f"> ![x][1]\n\n> [1]: {REMOTE}",
        f"![x\n]({REMOTE})",
        f"- a\n  ![x]({REMOTE})",
        f"<img src='{REMOTE}'>",
        f"<iframe src='{REMOTE}'></iframe>",
        f"!&#91;x]({REMOTE})",
        f"`` ` ![x]({REMOTE})",
    ],
)
def test_no_attack_makes_an_image_or_a_frame(attack: str) -> None:
    html = render(safe(attack, {1}))

    assert "<img" not in html
    assert "<iframe" not in html


@pytest.mark.parametrize(
    "definition",
    [
        f"[1]: {REMOTE}",
        f"> [1]: {REMOTE}",
        f"- [1]: {REMOTE}",
        f"   [1]:\n{REMOTE}",
        f"1. [1]: {REMOTE}",
        f"\r\r[1]: {REMOTE}",
        f"\ufeff[1]: {REMOTE}",
    ],
)
def test_a_document_cannot_turn_a_marker_into_its_own_link(definition: str) -> None:
    assert "<a " not in render(f"see [1]\n\n{safe(definition)}").replace(f">{REMOTE}<", "")


@pytest.mark.parametrize("label_text", [r"a\[b", r"a\]b", r"\\", "two\nlines", "a" * 999])
def test_a_document_cannot_define_a_link_by_any_label(label_text: str) -> None:
    assert "<a " in render(f"see [{label_text}]\n\n[{label_text}]: {REMOTE}")
    assert "<a " not in render(f"see [{label_text}]\n\n{safe(f'[{label_text}]: {REMOTE}')}")


@pytest.mark.parametrize("text", ["[\n", "[", "[\\[\n", "[a\n", "`a ", "$a", "**a", "http://", "- [", "<", "\\"])
def test_repeated_marks_take_no_time(text: str) -> None:
    start = time.process_time()
    safe(text * 20_000)

    assert time.process_time() - start < 1


def test_an_address_ends_before_a_bracket_and_keeps_its_tilde() -> None:
    shown = safe("see http://a.test/~me<br>, www.a.test<b> and a<b ~ c")

    assert "http://a.test/~me\u200a\\<br>" in shown
    assert "www.a.test\u200a\\<b>" in shown
    assert "a\\<b \\~ c" in shown


def test_markers_become_links_only_where_a_source_exists_and_not_in_code() -> None:
    text = safe("Yes [1][2], not [7].\n\n```python\nx = a[1]\n```\nand `b[1]` too [1].", {1, 2}, "#source-")

    assert text.count("[1](#source-1)") == 2
    assert "[1](#source-1)[2](#source-2)" in text
    assert "not [7]" in text
    assert "x = a[1]" in text
    assert "`b[1]`" in text


def test_code_keeps_its_characters() -> None:
    code = "```python\nif a[0]: print('<b>', ~x)\n```"

    assert safe(code) == code


def test_formulas_keep_their_characters() -> None:
    assert safe("so $a<b$ and $$x < y$$") == "so $a<b$ and $$x < y$$"


def test_a_range_with_tildes_is_not_struck_through() -> None:
    html = MarkdownIt("commonmark", {"html": False}).enable("strikethrough").render(safe("5~10 天，20~30 天"))

    assert "<s>" not in html
    assert "5~10 天，20~30 天" in html


def test_bold_next_to_chinese_punctuation_is_bold() -> None:
    assert "<strong>退款（30天）</strong>" in render(safe("请在**退款（30天）**内提出"))
    assert "<strong>“引文”</strong>" in render(safe("他说**“引文”**之后"))


def test_plain_shows_markup_literally() -> None:
    text = "# not a heading\n*not bold* [x](http://a.test) `code` <b> 1. $x$"
    html = render(plain(text))

    assert "<h1>" not in html
    assert "<em>" not in html
    assert "<a " not in html
    assert "# not a heading" in html
    assert "[x](http://a.test)" in html


@pytest.mark.parametrize(
    "line",
    [
        "# h",
        "1. one",
        "1) one",
        "- item",
        "+ item",
        "===",
        "---",
        "    four spaces",
        "> quote",
        "a & b &amp;",
        "7 eggs",
    ],
)
def test_plain_makes_no_block_of_any_line(line: str) -> None:
    html = render(f"above  \n{plain(line)}")

    assert html.startswith("<p>above")
    assert html.count("<") == html.count("<br") + 2
    shown = html.replace("<br />", "").replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
    assert line.strip() in shown


def test_label_is_one_short_line() -> None:
    assert "\n" not in label("two\nlines")
    assert render(label("![x](http://a.test/y.png)")).count("<img") == 0
    assert len(label("字" * 100, 20)) == 20


@pytest.mark.parametrize(
    ("growing", "whole"),
    [
        ("```py\nx", "```py\nx\n```"),
        ("```\na\n```\nb", "```\na\n```\nb"),
        ("**bo", "**bo**"),
        ("a **b** c", "a **b** c"),
    ],
)
def test_text_that_is_still_growing_is_closed(growing: str, whole: str) -> None:
    assert closed(growing) == whole


def test_formulas_of_every_spelling_are_written_as_streamlit_knows_them() -> None:
    assert safe(r"So \( a_1 < b \) and \[ \frac{1}{2} \] hold.") == r"So $a_1 < b$ and $$\frac{1}{2}$$ hold."
    assert safe("Also $ x^2 + y $ here and $a_1$.") == "Also $x^2 + y$ here and $a_1$."
    assert safe(r"Code `\( a \)` and `$ x^2 $` stays.") == r"Code `\( a \)` and `$ x^2 $` stays."
    assert safe(r"> See \[3\] and \[todo\] (or \(this\)). [1]") == r"> See \[3\] and \[todo\] (or \(this\)). [1]"


def test_prices_are_no_formulas() -> None:
    assert safe("It is $5 and $10.") == r"It is \$5 and \$10."
    assert safe("费用 $5，另加 $3。") == r"费用 \$5，另加 \$3。"
    assert safe(r"Already \$5.") == r"Already \$5."


def test_a_passage_of_a_markdown_document_is_drawn_without_marks_html_or_images():
    passage = (
        "## 一、水温\n\n<div align=center><b>绿茶</b></div>\n\n![图](https://a.b/x.png)\n\n"
        "| 茶 | 水温 |\n| --- | --- |\n| 绿茶 | 80 |\n\n```python\n# a < b\n"
    )
    drawn = readable(passage)
    assert drawn.startswith("**一、水温**")
    assert "绿茶" in drawn
    assert "<div" not in drawn
    assert "![" not in drawn
    assert "| --- | --- |" in drawn
    assert drawn.rstrip().endswith("# a < b\n\n```")


def test_an_address_ends_before_chinese_punctuation_and_a_marker() -> None:
    shown = safe("见 https://a.test/茶。后面还有；www.b.test[1]，[书](https://c.test/（二）)", {1}, "#")

    assert "https://a.test/茶\u200a。后面" in shown
    assert "www.b.test\u200a[1](#1)，" in shown
    assert "[书](https://c.test/（二）)" in shown
