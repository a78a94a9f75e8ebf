import pytest

from kb_app.retrieval.preamble import asked_alone


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
        ("……！？", ""),
        ("", ""),
    ],
)
def test_the_sentence_that_asks_is_told_from_what_leads_to_it(text, asked):
    assert asked_alone(text) == asked
