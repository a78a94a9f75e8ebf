import pytest

from kb_app.retrieval.preamble import asked_alone, without_preamble


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("你好，我在写报告。大沙地站有几个出入口？", "大沙地站有几个出入口？"),
        ("麻烦帮我查一下：河茂铁路全长多少公里", "河茂铁路全长多少公里"),
        ("Which port did the plague enter? I need it for class.", "Which port did the plague enter?"),
        ("See section 3.2: which value is used at 10:30?", "which value is used at 10:30?"),
        ("河茂铁路全长多少公里？", ""),
        ("What is v2.5 of http://example.org/a?", ""),
        ("河茂铁路很长。对吗？", ""),
        ("Which strain of y. pestis did the U.S. Army find?", ""),
        ("……！？", ""),
        ("", ""),
    ],
)
def test_the_sentence_that_asks_is_told_from_what_leads_to_it(text, asked):
    assert asked_alone(text) == asked


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("你好，我最近在做一个报告，找了很久都没有找到：大沙地站有几个出入口？", "大沙地站有几个出入口？"),
        ("变形金刚：超能连结是哪个公司发行的作品？", "变形金刚：超能连结是哪个公司发行的作品？"),
        ("Hi! Which port did the plague enter?", "Hi! Which port did the plague enter?"),
        ("大沙地站有几个出入口？", "大沙地站有几个出入口？"),
    ],
)
def test_a_longer_way_round_is_left_out_and_a_name_is_not(text, left):
    assert without_preamble(text) == left
