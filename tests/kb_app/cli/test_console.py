import pytest

from kb_app.cli.console import clip, width


@pytest.mark.parametrize(
    ("text", "columns", "clipped"),
    [
        ("", 5, ""),
        ("tea", 3, "tea"),
        ("green\n tea", 9, "green tea"),
        ("green tea", 8, "green t…"),
        ("绿茶水温", 8, "绿茶水温"),
        ("绿茶水温", 7, "绿茶水…"),
        ("绿茶水温", 6, "绿茶…"),
        ("绿茶 tea", 7, "绿茶 t…"),
    ],
)
def test_a_line_is_cut_to_the_columns_it_takes_on_screen(text: str, columns: int, clipped: str) -> None:
    assert clip(text, columns) == clipped
    assert width(clipped) <= columns
