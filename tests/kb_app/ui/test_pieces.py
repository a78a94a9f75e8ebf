"""A long answer in pieces: they mean the same as the whole, and what is there stays as it is while more comes."""

import pytest
from markdown_it import MarkdownIt

from kb_app.ui.pieces import drawn, growing, pieces

WORDS = "茶汤太苦，多半是水太烫。" * 20
CODE = "```python\n" + "\n\n".join(f"def f{n}():\n    return {n}" for n in range(60)) + "\n```\n"
LIST = "\n\n".join(f"{n}. {WORDS}" for n in range(1, 9)) + "\n"
FORMULA = "$$\n" + "\n\n".join(f"x_{n} = {n} \\\\" for n in range(200)) + "\n$$\n"
TABLE = "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 200
LONG = "\n".join(
    f"## Part {n}\n\n{WORDS}\n\n{block}\nBehind it **all** [1].\n"
    for n, block in enumerate((CODE, LIST, FORMULA, TABLE, f"> {WORDS}\n\n> {WORDS}\n", f"- {WORDS}\n\n  {WORDS}\n"))
)


def render(text: str) -> str:
    return MarkdownIt("commonmark").enable("table").render(text)


def test_pieces_are_the_whole_and_mean_the_same() -> None:
    assert "".join(pieces(LONG)) == LONG
    assert len(pieces(LONG)) > 4
    assert "".join(map(render, pieces(LONG))) == render(LONG)


@pytest.mark.parametrize("block", [CODE, LIST, FORMULA, TABLE])
def test_what_belongs_together_is_not_cut(block: str) -> None:
    assert pieces(block) == [block]


def test_what_was_drawn_stays_as_it_is_while_more_comes() -> None:
    whole = drawn(LONG, {1}, "#")

    for length in range(0, len(LONG), 97):
        so_far = growing(LONG[:length], {1}, "#")
        assert so_far[:-1] == whole[: len(so_far) - 1]


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("words", "words ▍"),
        ("**bold", "**bold ▍**"),
        ("```python\nx = 1", "```python\nx = 1 ▍\n```"),
        ("```python\nx = 1\n```", "```python\nx = 1\n```\n\n▍"),
        ("", " ▍"),
    ],
)
def test_the_cursor_stands_behind_the_last_word(text: str, end: str) -> None:
    assert growing(text, (), "#")[-1] == end
