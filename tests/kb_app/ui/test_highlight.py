import pytest

from kb_app.retrieval.analyzer import analyse
from kb_app.ui.highlight import highlight_html, matched
from kb_app.ui.search_hits import parts_html


def marked_words(text: str, question: str) -> list[str]:
    flags = matched(text, analyse(question))
    kept = "".join(char if flag else "\n" for char, flag in zip(text, flags, strict=True))
    return [piece for piece in kept.split("\n") if piece]


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        ("绿茶用 80 ℃ 的水，茶叶不要多。", "绿茶用多少度的水？", ["绿茶用", "的水"]),
        ("綠茶用水", "绿茶是什么？", ["綠茶"]),
        ("Chains wear; the chain's oiling.", "How often should I oil the chain?", ["Chains", "chain's", "oiling"]),
        ("JoyRL 建立在 PyTorch 上", "pytorch 是什么", ["PyTorch"]),
        ("nothing here", "绿茶", []),
        ("", "绿茶", []),
        ("㍿ 绿茶 ｆｉｘ", "绿茶 fix", ["绿茶", "ｆｉｘ"]),
    ],
)
def test_what_the_question_says_is_marked_as_the_document_writes_it(text, question, expected):
    assert marked_words(text, question) == expected


def test_nothing_of_a_document_becomes_html():
    html = highlight_html("<script>alert(1)</script> & <mark>绿茶</mark> <img src=x onerror=y>", analyse("绿茶 script"))
    for tag in ("<script", "<img"):
        assert tag not in html
    assert "&lt;<mark>script</mark>&gt;" in html
    assert "&lt;mark&gt;<mark>绿茶</mark>&lt;/mark&gt;" in html


def test_bars_stay_between_nothing_and_all_and_escape_their_words():
    html = parts_html([("a<b", 1.3), ("c", -0.2)])
    assert "a&lt;b" in html
    assert "width:100%" in html
    assert "width:0%" in html
