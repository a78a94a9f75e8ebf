"""Titles that a model writes, with a scripted model over a real database."""

import pytest
from said import Shop
from scripted import DefaultPrompts, Model

from kb_app.errors import UnreachableError
from kb_app.models import Finished, Thinking, Token
from kb_app.services.conversations.titles import Titles, clean_title
from kb_app.services.models.calls import ModelCalls
from kb_app.storage.database import Database
from kb_app.storage.migrate import migrate
from kb_app.storage.model_calls import ModelCallRepository
from kb_app.storage.shelf import ShelfRepository

QUESTION = "那个……请问绿茶到底应该用多少度的水来冲泡才不会发苦呢？"


class Nothing:
    def price(self, model_id):
        return None

    def fallback_for(self, base_ids):
        return ""


@pytest.fixture
def shop(tmp_path):
    database = Database(tmp_path / "kb.sqlite3")
    migrate(database)
    yield Shop(database)
    database.close()


def titled(shop, model, *turns):
    """Tell ``Titles`` of the answers of these turns; return the conversation's title when it has worked them off."""
    calls = ModelCalls(lambda _id: model, ModelCallRepository(shop.database), Nothing())
    titles = Titles(shop.conversations, ShelfRepository(shop.database), lambda _id: model, calls, DefaultPrompts())
    for turn in turns:
        titles.answered(shop.history.message(turn.answer_id))
    titles._thread.submit(lambda: None).result(10)
    titles.close()
    return shop.history.conversation(turns[0].conversation_id).title


WRITES = (Thinking(text="想"), Token(text="标题：「绿茶"), Token(text="的水温」\n第二行"), Finished(reason="complete"))


def test_the_model_that_answered_first_names_the_conversation(shop):
    turn = shop.say(QUESTION, "八十度。")
    model = Model(*WRITES)
    assert titled(shop, model, turn) == "绿茶的水温"
    prompt = model.requests[0].messages[0].content
    assert QUESTION in prompt
    assert "八十度。" in prompt


def test_a_title_of_the_user_stays(shop):
    turn = shop.say(QUESTION, "八十度。")
    shop.history.rename(turn.conversation_id, "Mine")
    model = Model(*WRITES)
    assert titled(shop, model, turn) == "Mine"
    assert model.requests == []


def test_one_given_while_the_model_writes_stays_too(shop):
    turn = shop.say(QUESTION, "八十度。")

    class Slow(Model):
        def __iter__(self):
            shop.history.rename(turn.conversation_id, "Mine")
            return super().__iter__()

    assert titled(shop, Slow(*WRITES), turn) == "Mine"


@pytest.mark.parametrize(
    "model",
    [
        Model(*WRITES, prompted=False),
        Model(Token(text=" \n「」\n"), Finished(reason="complete")),
        Model(UnreachableError("gone", provider="x", model="m", address="a")),
        Model(ValueError("a bug")),
    ],
)
def test_without_a_title_from_the_model_the_question_is_the_title(shop, model):
    turn = shop.say(QUESTION, "八十度。")
    assert titled(shop, model, turn) == QUESTION


def test_only_the_first_answer_names_it(shop):
    turn = shop.say(QUESTION, "", status="failed")
    later = shop.say("And then?", "Then.", turn.conversation_id)
    model = Model(*WRITES)
    assert titled(shop, model, turn, later) == QUESTION
    assert model.requests == []


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("**Green tea: water temperature.**", "Green tea: water temperature"),
        ("Title: Brewing\nmore", "Brewing"),
        ('"C++ in 3.5 hours"', "C++ in 3.5 hours"),
        ("", ""),
        ("绿茶用八十度的水 [1]。\n\n先温杯 [2]。", ""),
        ("x" * 100, "x" * 59 + "…"),
    ],
)
def test_what_a_model_writes_becomes_one_clean_line(written, title):
    assert clean_title(written) == title
