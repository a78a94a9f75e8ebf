"""Conversations of two turns over the example base, answered by quoting."""

import pytest

from kb_app.app import build_app
from kb_app.services.answers.questions import AskRequest
from kb_app.settings import load_settings


@pytest.fixture(scope="module")
def example_app(tmp_path_factory):
    with build_app(load_settings(tmp_path_factory.mktemp("examples")), owner=True) as app:
        app.jobs.wait(app.library.add_examples("zh"))
        yield app


def converse(app, *questions):
    """Ask in one conversation and return the last answer."""
    base_ids = tuple(base.id for base in app.library.bases())
    conversation = None
    for question in questions:
        generation = app.answering.ask(
            AskRequest(question=question, base_ids=base_ids, conversation_id=conversation, language="zh")
        )
        answer = generation.wait()
        conversation = generation.conversation_id
    return answer


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("茶汤太苦怎么补救？", "为什么？", "水太烫"),
        ("普洱茶可以放冰箱吗？", "为什么不能？", "空气"),
        ("紫砂壶是什么样的器具？", "能用洗洁精洗它吗？", "洗洁精"),
        ("茶叶受潮了还能喝吗？", "那怎么补救？", "小火"),
        ("How do I measure the wear of the chain?", "When should it be replaced?", "0.75 %"),
        ("What is the torque of the stem bolts?", "What about the pedals?", "35 Nm"),
        ("What does a squeal when braking mean?", "How do I fix it?", "Sand the pads"),
        ("What does a click from the rear wheel mean?", "Why?", "loose spoke"),
    ],
)
def test_a_follow_up_is_answered_about_what_the_first_question_named(example_app, first, second, expected):
    answer = converse(example_app, first, second)
    assert answer.status == "complete"
    assert expected in answer.text
    assert answer.query.endswith(second)
    assert answer.query != second


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("绿茶用多少度的水泡？", "那红茶呢？", "红茶 | 90 ℃"),
        ("白茶保存得当可以放多少年？", "那绿茶呢？", "十二个月"),
        ("How often should I oil the chain?", "And after rain?", "heavy rain"),
    ],
)
def test_the_best_passage_of_an_elliptic_question_holds_its_answer(example_app, first, second, expected):
    answer = converse(example_app, first, second)
    assert expected in answer.sources[0].text


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("绿茶用多少度的水泡？", "用什么罐子好？"),
        ("How often should I oil the chain?", "普洱茶可以放冰箱吗？"),
        ("茶汤太苦怎么补救？", "What is the torque of the stem bolts?"),
    ],
)
def test_an_independent_question_is_searched_and_answered_as_if_it_were_the_first(example_app, first, second):
    alone, later = converse(example_app, second), converse(example_app, first, second)
    assert later.query == second
    assert (later.text, later.sources, later.confidence) == (alone.text, alone.sources, alone.confidence)
