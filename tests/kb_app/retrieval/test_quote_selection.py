import pytest

from kb_app.models import Source
from kb_app.retrieval.quote import select_quotes
from kb_app.retrieval.sentences import quotable_spans


def source(text: str, marker: int = 1, score: float = 1.0, **changes) -> Source:
    values = {
        "marker": marker,
        "base_id": "base",
        "document_id": "d",
        "document": "d.md",
        "chunk_id": f"d:{marker}",
        "text": text,
        "score": score,
    }
    return Source(**{**values, **changes})


CHINESE = (
    "南瓜书是西瓜书的公式推导解析。它由一群志愿者在业余时间编写完成。全书于二〇二一年出版，由人民邮电出版社发行。"
    "读者可以在网上免费阅读全文。"
)
ENGLISH = (
    "JoyRL is a parallel reinforcement learning library based on PyTorch and Ray. It was first released in 2022 by a "
    "group of volunteers. The documentation is written in two languages and hosted for free."
)


@pytest.mark.parametrize(
    ("question", "text", "answer"),
    [
        ("南瓜书是哪一年出版的？", CHINESE, "二〇二一年"),
        ("南瓜书由谁编写？", CHINESE, "一群志愿者"),
        ("When was JoyRL released?", ENGLISH, "2022"),
        ("Which library is JoyRL based on?", ENGLISH, "PyTorch"),
    ],
)
def test_the_sentence_that_answers_comes_first(question, text, answer):
    quotes = select_quotes(question, [source(text)])
    assert answer in quotes[0].text


def test_every_quote_is_an_exact_part_of_its_passage():
    passages = [source(CHINESE, 1), source(ENGLISH, 2)]
    quotes = select_quotes("南瓜书 JoyRL 出版 released", passages, limit=5)
    assert {quote.marker for quote in quotes} == {1, 2}
    for quote in quotes:
        assert passages[quote.marker - 1].text[quote.start : quote.end] == quote.text


def test_no_quote_repeats_another():
    passages = [source(CHINESE, 1), source(CHINESE, 2, 0.9)]
    texts = [quote.text for quote in select_quotes("南瓜书是什么？", passages, limit=5)]
    assert len(texts) == len(set(texts))


def test_limit_and_nothing_to_quote():
    assert len(select_quotes("南瓜书", [source(CHINESE)], limit=1)) == 1
    assert select_quotes("南瓜书", []) == []
    assert select_quotes("南瓜书", [source("# 标题\n\n---\n![图](a.png)\n")]) == []


MARKDOWN = """# Guide

[![badge](https://img.example/b.svg)](https://example.org)
<div align="center">

The **tool** reads files. It writes *nothing.*

- first item
2. second item
> quoted line

| name | use |
|------|-----|
| a    | one. Two. |

**All bold**

Underlined
==========

```python
# not a heading
run(a | b)
```

It needs three things:

1. a file
2. a folder

Done here.
"""


def test_markdown_noise_is_not_quotable_and_code_stays_whole():
    quoted = [MARKDOWN[start:end] for start, end in quotable_spans(MARKDOWN)]
    assert quoted == [
        "The **tool** reads files.",
        "It writes *nothing.*",
        "first item",
        "second item",
        "quoted line",
        "| a    | one. Two. |",
        "```python\n# not a heading\nrun(a | b)\n```",
        "It needs three things:\n\n1. a file\n2. a folder",
        "a file",
        "a folder",
        "Done here.",
    ]


def test_a_list_is_quoted_with_the_sentence_that_announces_it():
    quotes = select_quotes("What does the tool need? Which things?", [source(MARKDOWN)])
    assert quotes[0].text == "It needs three things:\n\n1. a file\n2. a folder"


def test_a_table_row_gives_way_to_a_sentence_that_says_it():
    text = "| 章节 | 负责人 |\n|---|---|\n| 第六章 | 王五 |\n\n第六章的负责人是王五，他写得很好。\n"
    assert select_quotes("第六章的负责人是谁？", [source(text)])[0].text == "第六章的负责人是王五，他写得很好。"


@pytest.mark.parametrize("text", ["", "。。。", "```\nunclosed", "| a", "1.", "**", "- ", "a" * 5000])
def test_strange_texts_do_not_fail(text):
    for quote in select_quotes("anything 什么", [source(text)]):
        assert text[quote.start : quote.end] == quote.text


EXPENSES = """# 报销制度

本制度适用于全体员工，自 2025 年 1 月 1 日起执行。

## 住宿标准

出差住宿按职级和城市报销，超出部分由个人承担。

| 职级 | 一线城市 | 其他城市 |
|------|------|------|
| 员工 | 400 元/晚 | 300 元/晚 |
| **经理** | 600 元/晚 | 450 元/晚 |
| 总监（含副总） | 900 元/晚 | 700 元/晚 |

出差结束后 10 天内提交报销单，经理在 3 天内审批。
"""
PRICES = """Plans and what they cost.

| Plan | Price | Storage |
| :-- | --: | :-: |
| Basic plan | 5 euros | 10 GB |
| Family plan | 12 euros | 1 TB |

The price of a plan is due each month.
"""


@pytest.mark.parametrize(
    ("question", "text", "row"),
    [
        ("经理在一线城市住宿标准是多少？", EXPENSES, "| **经理** | 600 元/晚 | 450 元/晚 |"),
        ("总监住宿能报多少？", EXPENSES, "| 总监（含副总） | 900 元/晚 | 700 元/晚 |"),
        ("其他城市员工住宿多少钱", EXPENSES, "| 员工 | 400 元/晚 | 300 元/晚 |"),
        ("What is the price of the family plan?", PRICES, "| Family plan | 12 euros | 1 TB |"),
        ("Which plan has 10 GB of storage?", PRICES, "| Basic plan | 5 euros | 10 GB |"),
    ],
)
def test_the_row_that_the_question_names_comes_first_with_its_header(question, text, row):
    first, *others = select_quotes(question, [source(text)])
    assert first.text == text[first.start : first.end] == row
    assert first.header in text
    assert first.header.splitlines()[0] in ("| 职级 | 一线城市 | 其他城市 |", "| Plan | Price | Storage |")
    assert not any(quote.text.startswith("|") for quote in others)


def test_a_row_cut_off_from_its_header_is_quoted_without_one():
    (quote,) = select_quotes("经理住宿标准是多少？", [source("| 经理 | 600 元/晚 | 450 元/晚 |")])
    assert quote.header == ""


def test_a_cell_within_a_longer_word_names_no_row():
    text = "| Part | Note |\n|---|---|\n| art | see page 3 |\n\nEvery part is made of steel.\n"
    assert select_quotes("What is every part made of?", [source(text)])[0].text == "Every part is made of steel."


def test_what_has_hardly_to_do_with_the_question_is_not_quoted():
    quotes = select_quotes("报销单多久内提交？", [source(EXPENSES)])
    assert [quote.text for quote in quotes] == ["出差结束后 10 天内提交报销单，经理在 3 天内审批。"]


def test_the_title_and_the_headings_are_not_quoted():
    passage = source("员工手册\n\n请假流程\n\n先填请假单，再交主管。\n", title="员工手册", heading=("请假流程",))
    assert [quote.text for quote in select_quotes("员工手册的请假流程是什么？", [passage])] == [
        "先填请假单，再交主管。"
    ]


def test_a_question_in_the_text_is_quoted_with_its_answer():
    (quote,) = select_quotes("绿茶怎么保存？", [source("问：绿茶怎么保存？\n答：密封以后放冰箱冷藏，离异味远一点。\n")])
    assert quote.text == "问：绿茶怎么保存？\n答：密封以后放冰箱冷藏，离异味远一点。"
