import pytest

from ingestion.prepare import prepare


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("范廷颂\n\n范廷颂枢机，圣名保禄·若瑟。\n", "范廷颂"),
        ("\n\nSuper Bowl 50\n\nThe game was played in 2016.\n", "Super Bowl 50"),
        ("这是一句话。\n\n后面还有一段。\n", ""),
        ("第一行没有空行\n第二行接着写。\n", ""),
        ("x" * 61 + "\n\ntext\n", ""),
        ("只有一行", ""),
        ("A list of things:\n\none\n", ""),
    ],
)
def test_a_short_line_alone_at_the_top_is_the_title(text, title):
    assert prepare(text.encode(), "a.txt").document.title == title
