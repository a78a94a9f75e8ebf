import pytest

from kb_app.models import Source
from kb_app.retrieval.quote import select_quotes
from kb_app.retrieval.sentences import is_call_to_action, is_whole, without_addresses


def passage(text, marker=1, score=1.0):
    return Source(
        marker=marker,
        base_id="b",
        document_id="d",
        document="d.md",
        chunk_id="d:0",
        text=text,
        score=score,
        end=len(text),
    )


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("扫描下方二维码关注公众号", True),
        ("欢迎加入读者交流群", True),
        ("Subscribe to our newsletter.", True),
        ("二维码由方块组成。", False),
    ],
)
def test_what_asks_to_follow_or_join_is_told_from_what_says_something(text, is_one):
    assert is_call_to_action(text) is is_one


def test_the_words_of_addresses_do_not_count():
    assert without_addresses("见 [JoyRL](https://a.b/joyrl-book) 或 https://c.d/x。").split() == [
        "见",
        "[JoyRL",
        "或",
        "。",
    ]


def test_a_list_with_its_announcement_is_a_whole_sentence():
    assert is_whole("It has two parts:\n1. one\n2. two")
    assert not is_whole("A fragment of")


def test_what_says_something_is_quoted_before_addresses_and_calls():
    question = "joyrl-book 与 joyrl 是什么关系"
    passages = [
        passage("地址：https://example.org/joyrl-book/joyrl"),
        passage("扫描下方二维码，即可加入“EasyRL & JoyRL 读者交流群”", marker=2, score=0.98),
        passage("joyrl-book 是一本教程，附带开源代码框架 JoyRL。", marker=3, score=0.9),
    ]
    assert select_quotes(question, passages)[0].marker == 3
