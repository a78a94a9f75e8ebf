import pytest

from ingestion.markdown_blocks import markdown_blocks


def blocks(text):
    return [(b.kind, text[b.start : b.end], b.heading) for b in markdown_blocks(text)]


def headings(text):
    return [b.heading for b in markdown_blocks(text) if b.kind == "heading"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# A\n\n## B\n\n# C", [("A",), ("A", "B"), ("C",)]),
        ("# A\n\n### C\n\n## B", [("A",), ("A", "C"), ("A", "B")]),
        ("A\n===\n\nB\n---\n", [("A",), ("A", "B")]),
        ("# **Bold** `code` [link](http://x) ![alt](y) #", [("Bold code link alt",)]),
        ("# A <img src=x> &amp; B", [("A & B",)]),
        ("<h1 align=center>Title <b>x</b></h1>\n\ntext", [("Title x",)]),
        ("<div><h1>Title</h1>\nmore</div>", []),
        ("```\n# no\n```", []),
        ("~~~\n# no\n```\n# no\n~~~\n# yes", [("yes",)]),
        ("````\n```\n# no\n```\n````\n# yes", [("yes",)]),
        ("    # indented code", []),
        ("<!--\n# comment\n-->\n\n# yes", [("yes",)]),
        ("#no", []),
        ("####### seven", []),
        ("\\# escaped", []),
        ("text\n# A", [("A",)]),
        ("---\ntitle: x\n---\n# A", [("A",)]),
        ("+++\ntitle = 'x'\n+++\n# A", [("A",)]),
        ("---\n\n# A", [("A",)]),
        ("一句很长的话" * 20 + "\n---\n", []),
        ("two\nlines\n---\n", []),
        ("> # quoted", []),
        ("- # in a list", []),
        ("# A\r\n\r\ntext".replace("\r\n", "\n"), [("A",)]),
        ("#\n\ntext", [("",)]),
    ],
)
def test_headings(text, expected):
    assert headings(text) == expected


def test_kinds_and_exact_source():
    text = "# A\n\npara  \nline\n\n- one\n- two\n\n```py\nx = 1\n\n    y\n```\n\n"
    text += "| a |\n|---|\n| 1 |\n\n> quote\n\n    code\n"
    assert blocks(text) == [
        ("heading", "# A", ("A",)),
        ("paragraph", "para  \nline", ("A",)),
        ("list", "- one\n- two", ("A",)),
        ("code", "```py\nx = 1\n\n    y\n```", ("A",)),
        ("table", "| a |\n|---|\n| 1 |", ("A",)),
        ("paragraph", "> quote", ("A",)),
        ("code", "    code", ("A",)),
    ]


def test_code_inside_a_list_stands_alone():
    text = "- step\n\n  ```sh\n  run  it\n\n  now\n  ```\n\n- next\n"
    assert blocks(text) == [
        ("list", "- step", ()),
        ("code", "  ```sh\n  run  it\n\n  now\n  ```", ()),
        ("list", "- next", ()),
    ]


def test_unclosed_fence_runs_to_the_end():
    assert blocks("```\na\n\n# b")[0][:2] == ("code", "```\na\n\n# b")


def test_front_matter_is_in_no_block():
    assert [text for _, text, _ in blocks("---\ntitle: x\n---\n\nBody")] == ["Body"]


def test_nothing():
    assert blocks("") == []
    assert blocks("\n\n---\n\n") == []
