"""Questions made of headings: real ones, not "What does Contents say?"."""

from dataclasses import replace

import pytest

from kb_app.models import Message, Source
from kb_app.services.documents.suggestions import is_question, next_topics, topic, topics
from kb_app.services.prompting.prompts import with_wishes


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("第三章 迭代优化", "迭代优化"),
        ("一、从产品说明书生成营销产品描述", "从产品说明书生成营销产品描述"),
        ("1.3 提示优化2: 处理抓错文本细节", "提示优化2: 处理抓错文本细节"),
        ("2. **Winter** feeding", "Winter feeding"),
        ("A4 paper sizes", "A4 paper sizes"),
        ("目录", ""),
        ("3. Summary", ""),
        ("***", ""),
        ("x" * 80, ""),
    ],
)
def test_a_heading_becomes_a_topic_or_nothing(heading: str, expected: str) -> None:
    assert topic(heading) == expected


def test_topics_are_different_and_few() -> None:
    assert topics(["1. Tea leaves", "Contents", "2. Tea leaves", "Water", "Cups and pots"], 2) == (
        "Tea leaves",
        "Water",
    )


def test_a_heading_that_asks_is_asked_as_it_is() -> None:
    assert is_question("如何选择茶叶")
    assert is_question("How to choose tea")
    assert not is_question("Choosing tea")


def source(marker: int, *heading: str) -> Source:
    return Source(
        marker=marker,
        base_id="b",
        document_id="d",
        document="a.md",
        chunk_id=str(marker),
        text="",
        score=1,
        heading=heading,
    )


def test_the_next_topics_are_those_not_used_yet() -> None:
    answer = Message(
        id="m",
        conversation_id="c",
        role="assistant",
        text="...",
        cited=(1,),
        sources=(source(1, "Bees", "Brood"), source(2, "Bees", "Winter"), source(3, "Bees", "Honey harvest")),
    )

    assert next_topics(answer, "How warm is it in winter?") == ("Honey harvest",)


def test_a_passage_from_afar_is_no_next_topic() -> None:
    near = replace(source(2, "Frames", "Cleaning frames"), document_id="e", score=0.6)
    far = replace(source(3, "Statistics", "Gibbs sampling"), document_id="f", score=0.3)
    answer = Message(
        id="m",
        conversation_id="c",
        role="assistant",
        text="...",
        cited=(1,),
        sources=(source(1, "Bees", "Brood"), near, far),
    )

    assert next_topics(answer, "How warm is it in winter?") == ("Cleaning frames", "Frames")


def test_wishes_stand_with_the_question() -> None:
    assert with_wishes("Why?", "en", "normal", is_forced=False) == "Why?"
    assert with_wishes("Why?", "en", "short", is_forced=False) == "Why?\n\n(Answer in one or two sentences.)"
    assert with_wishes("Why?", "zh", "list", is_forced=True) == "Why?\n\n（请用要点列表回答。） （请用中文回答。）"
