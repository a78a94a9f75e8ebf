from itertools import pairwise

import pytest

from kb_app.models import Source
from kb_app.retrieval.fitness import defines, is_code, is_index
from kb_app.retrieval.quote import select_quotes

COURSE = """## 局限性

语言模型可能编造知识。这被称为“幻觉”(Hallucination)，是语言模型的一大缺陷。开发者要警惕模型的幻觉。

```python
response = get_completion("模型的幻觉 幻觉 模型")
```

@misc{model2023, author = {模型 幻觉}, title = {模型的幻觉}, year = {2023}}

- [模型的幻觉](hallucination.md)
- [更多模型的幻觉](more.md)

模型的幻觉 ........ 12
"""
TEA = """## 器具

- **盖碗**：白瓷的最通用。
- **紫砂壶**：会吸味。
- **玻璃杯**：适合绿茶。

泡茶的器具用完要晾干。

问：用什么罐子好？
答：锡罐密封最好。不要用装过香料的罐子。

## Torque

| Part | Torque |
| --- | --- |
| Pedals | 35 Nm |
| Crank bolt | 40 Nm |

The left pedal has a left-hand thread.

1. **Tyre pressure.** Check it with a gauge every week. A commuter tyre wants a pressure of 4 to 5 bar
   (58 to 72 psi), never more.
"""


def quotes(question, text, **changes):
    values = {"marker": 1, "base_id": "b", "document_id": "d", "document": "d.md", "chunk_id": "d:0", "score": 1.0}
    return [quote.text for quote in select_quotes(question, [Source(**values, text=text, end=len(text), **changes)])]


@pytest.mark.parametrize("question", ["模型的幻觉是什么意思？", "什么是幻觉？", "介绍一下幻觉"])
def test_a_definition_comes_first_where_one_is_asked_for(question):
    assert quotes(question, COURSE)[0].startswith("这被称为“幻觉”")


@pytest.mark.parametrize("question", ["模型的幻觉要紧吗？", "怎么看待模型的幻觉", "为什么要警惕模型的幻觉？"])
def test_an_ordinary_question_is_answered_in_prose(question):
    told = "\n".join(quotes(question, COURSE))
    assert "警惕" in told
    assert not any(noise in told for noise in ("get_completion", "@misc", ".md", "...."))


def test_code_is_quoted_where_it_is_asked_for():
    assert any("get_completion" in told for told in quotes("检查模型的幻觉的代码怎么写？", COURSE))


def test_a_list_below_the_heading_it_answers_is_quoted_whole():
    told = quotes("有哪些泡茶的器具？", TEA)[0]
    assert told in TEA
    assert told.startswith("- **盖碗**")
    assert told.endswith("适合绿茶。")


def test_a_table_in_a_section_that_is_named_is_quoted_whole():
    assert quotes("What does “Torque” say?", TEA)[0].splitlines() == [
        "| Part | Torque |",
        "| --- | --- |",
        "| Pedals | 35 Nm |",
        "| Crank bolt | 40 Nm |",
    ]


def test_a_question_in_the_text_that_is_asked_again_brings_its_answer():
    assert quotes("装茶叶用哪种罐子好？", TEA)[0].startswith("问：用什么罐子好？\n答：锡罐")


def test_a_wrapped_item_is_not_cut_in_the_middle_of_a_sentence():
    assert any(told.endswith("(58 to 72 psi), never more.") for told in quotes("What pressure does a tyre want?", TEA))


def test_quotations_of_one_passage_do_not_overlap():
    for question in ("What pressure does a tyre want?", "器具", "模型的幻觉"):
        for text in (COURSE, TEA):
            told = quotes(question, text)
            assert sum(text.count(one) for one in told) >= len(told)
            places = sorted((text.index(one), text.index(one) + len(one)) for one in told)
            assert all(end <= start for (_, end), (start, _) in pairwise(places))


@pytest.mark.parametrize(
    ("text", "code", "index"),
    [
        ("```\nprint(1)\n```", True, False),
        ("response = get_completion(prompt)", True, False),
        ("@article{a, title={b}}", True, False),
        ("[第一章](a.md)", False, True),
        ("第一章 绪论 ........ 3", False, True),
        ("见[南瓜书](https://a.b/c)，它解释了西瓜书里的公式。", False, False),
        ("用 `git clone` 下载仓库。", False, False),
    ],
)
def test_code_and_indexes_are_told_from_prose(text, code, index):
    assert (is_code(text), is_index(text)) == (code, index)


@pytest.mark.parametrize(
    ("subject", "text", "expected"),
    [
        ("幻觉", "所谓幻觉，是模型编造的知识。", True),
        ("joyrl", "JoyRL is a reinforcement learning library.", True),
        ("幻觉", "开发者要警惕幻觉。", False),
        ("幻觉", "什么是幻觉？", False),
        ("git", "Everybody uses git at work.", False),
    ],
)
def test_definitions_are_told_from_mentions(subject, text, expected):
    assert defines(subject, text) is expected
