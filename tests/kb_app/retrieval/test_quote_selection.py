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
    passages = [source(CHINESE, 1), source(ENGLISH, 2, 0.8)]
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
        "| name | use |",
        "```python\n# not a heading\nrun(a | b)\n```",
        "It needs three things:\n\n1. a file\n2. a folder",
        "a file",
        "a folder",
        "Done here.",
    ]


def test_a_list_is_quoted_with_the_sentence_that_announces_it():
    quotes = select_quotes("What does the tool need? Which things?", [source(MARKDOWN)])
    assert quotes[0].text == "It needs three things:\n\n1. a file\n2. a folder"


def test_a_table_row_is_the_last_resort():
    text = "| 章节 | 负责人 |\n|---|---|\n| 第六章 | 王五 |\n\n第六章的负责人是王五，他写得很好。\n"
    assert select_quotes("第六章的负责人是谁？", [source(text)])[0].text == "第六章的负责人是王五，他写得很好。"


@pytest.mark.parametrize("text", ["", "。。。", "```\nunclosed", "| a", "1.", "**", "- ", "a" * 5000])
def test_strange_texts_do_not_fail(text):
    for quote in select_quotes("anything 什么", [source(text)]):
        assert text[quote.start : quote.end] == quote.text
