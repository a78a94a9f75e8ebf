"""What is searched for when a question leans on the conversation, with scripted models."""

import pytest
from scripted import DefaultPrompts, Model

from kb_app.errors import UnreachableError
from kb_app.models import Finished, Message, Thinking, Token
from kb_app.services.answers.rewriting import Rewriting
from kb_app.services.models.calls import ModelCalls

LONG = "绿茶和红茶在制作工艺、冲泡温度以及保存方法上各有什么区别？"


class Ledger:
    def __init__(self):
        self.purposes = []

    def add(self, call):
        self.purposes.append(call.purpose)

    def price(self, model_id):
        return None

    def fallback_for(self, base_ids):
        return ""


def said(role, text):
    return Message(id=text, conversation_id="c", role=role, text=text)


HISTORY = [said("user", "绿茶用多少度的水泡？"), said("assistant", "八十度。")]


def query(model, question, history=HISTORY, timeout_s=60.0):
    ledger = Ledger()
    rewriting = Rewriting(lambda _id: model, ModelCalls(lambda _id: model, ledger, ledger), DefaultPrompts(), timeout_s)
    return rewriting.query(question, history, model_id="ollama/m", base_ids=("b",), language="zh")


def test_a_follow_up_is_put_by_the_model():
    model = Model(
        Thinking(text="想"), Token(text="“红茶用多少度的"), Token(text="水泡？”\n"), Finished(reason="complete")
    )
    assert query(model, "那红茶呢？") == ("红茶用多少度的水泡？", None)
    prompt = model.requests[0].messages[0].content
    assert "user: 绿茶用多少度的水泡？\nassistant: 八十度。" in prompt
    assert "那红茶呢？" in prompt


@pytest.mark.parametrize(
    ("question", "history"),
    [("那红茶呢？", []), (LONG, HISTORY), ("谢谢", HISTORY)],
)
def test_nobody_is_asked_about_a_question_that_stands_by_itself(question, history):
    model = Model(Token(text="不"), Finished(reason="complete"))
    assert query(model, question, history) == (question, None)
    assert not model.requests


def test_without_a_language_model_the_words_of_the_turn_before_are_carried_over():
    rewritten = query(Model(prompted=False), "那红茶呢？")
    assert rewritten.problem is None
    assert rewritten.query.endswith("那红茶呢？")
    assert rewritten.query != "那红茶呢？"


def test_a_model_that_fails_is_told_and_the_words_are_carried_over():
    error = UnreachableError("gone", provider="ollama", model="m", address="http://x")
    rewritten = query(Model(error), "那红茶呢？")
    assert rewritten.problem.code == "unreachable"
    assert rewritten.query == query(Model(prompted=False), "那红茶呢？").query


def test_a_model_that_takes_too_long_is_given_up():
    model = Model(None)
    rewritten = query(model, "那红茶呢？", timeout_s=0.05)
    assert model.closed.is_set()
    assert (rewritten.problem.code, rewritten.problem.params["provider"]) == ("timeout", "ollama")
    assert rewritten.query.endswith("那红茶呢？")


@pytest.mark.parametrize("text", ["", "\n \n", "好" * 400, "资料说：绿茶用八十度的水泡 [1]。"])
def test_what_is_no_query_is_not_searched_for(text):
    model = Model(*([Token(text=text)] if text else []), Finished(reason="complete"))
    rewritten = query(model, "那红茶呢？")
    assert rewritten.query == query(Model(prompted=False), "那红茶呢？").query


@pytest.mark.parametrize("said", ["\ud800 \udfff", "\x00\x01\n---", "“ ”"])
def test_a_model_that_writes_nothing_readable_leaves_it_to_the_words_of_the_turn_before(said):
    rewritten = query(Model(Token(text=said), Finished(reason="complete")), "那红茶呢？")
    assert rewritten == query(Model(prompted=False), "那红茶呢？")


def test_what_no_database_takes_is_kept_out_of_the_query():
    assert (
        query(Model(Token(text="红茶\x00的\ud800水温"), Finished(reason="complete")), "那红茶呢？").query
        == "红茶 的\ufffd水温"
    )
