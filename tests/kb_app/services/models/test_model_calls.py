"""One call of a chat model: waiting, stepping over to another model, and what is written down."""

import threading

import pytest

from kb_app.errors import (
    ContentFilterError,
    EndlessAnswerError,
    QuotaError,
    RateLimitError,
    ServerError,
    UnreachableError,
)
from kb_app.models import (
    ChatMessage,
    ChatRequest,
    FellBack,
    Finished,
    Measured,
    ModelCall,
    Price,
    Thinking,
    Token,
    Usage,
    Waiting,
)
from kb_app.services.models.calls import Call, ModelCalls
from kb_app.storage.database import Database
from kb_app.storage.migrate import migrate
from kb_app.storage.model_calls import ModelCallRepository

WHERE = {"provider": "glm", "model": "m", "address": "http://x"}
GOOD = (Token(text="好"), Token(text="的"), Usage(prompt_tokens=100, completion_tokens=2), Finished(reason="complete"))


class Attempts:
    """A model whose every try plays the next script; an exception among the events is raised."""

    context_tokens = 8192
    prompted = True

    def __init__(self, model_id, *tries):
        self.model_id = model_id
        self.tries = list(tries)
        self.asked = 0

    def stream(self, request):
        self.asked += 1
        return Stream(self.tries.pop(0))


class Stream:
    def __init__(self, events):
        self.events = events
        self.closed = False

    def __iter__(self):
        for event in self.events:
            if isinstance(event, Exception):
                raise event
            yield event

    def close(self):
        self.closed = True


class Choices:
    def __init__(self, fallback="", price=None):
        self.fallback, self.one_price = fallback, price

    def price(self, model_id):
        return self.one_price

    def fallback_for(self, base_ids):
        return self.fallback


def limited(retry_after_s=0.01):
    return [RateLimitError("busy", **WHERE, retry_after_s=retry_after_s)]


@pytest.fixture
def repository(tmp_path):
    database = Database(tmp_path / "kb.sqlite3")
    migrate(database)
    yield ModelCallRepository(database)
    database.close()


class Memory(list):
    add = list.append


def calls(*models, choices=None, written=None):
    by_id = {model.model_id: model for model in models}
    return ModelCalls(by_id.__getitem__, Memory() if written is None else written, choices or Choices())


def start(service, model_id="glm/a"):
    request = ChatRequest(messages=(ChatMessage(role="user", content="?"),))
    return service.start(Call(model_id=model_id, prepare=lambda _model: request))


def test_a_rate_limit_is_waited_out_as_long_as_the_server_asks():
    model = Attempts("glm/a", limited(0.01), limited(0.02), GOOD)
    events = list(start(calls(model)))
    assert [event.seconds for event in events if isinstance(event, Waiting)] == [0.01, 0.02]
    assert events[0].error.code == "rate_limit"
    assert events[-1] == Finished(reason="complete")
    assert model.asked == 3


def test_without_a_word_from_the_server_the_waits_grow(monkeypatch):
    monkeypatch.setattr("kb_app.services.models.calls.BACKOFF_S", (0.01, 0.02, 0.04))
    model = Attempts("glm/a", *[limited(0)] * 4)
    waits = []
    with pytest.raises(RateLimitError):
        waits += [event.seconds for event in start(calls(model)) if isinstance(event, Waiting)] or []
    assert model.asked == 4


def test_a_wait_that_is_too_long_is_not_begun():
    model = Attempts("glm/a", limited(3600))
    with pytest.raises(RateLimitError) as caught:
        list(start(calls(model)))
    assert caught.value.params["retry_after_s"] == 3600


def test_stop_ends_a_wait_at_once():
    running = start(calls(Attempts("glm/a", limited(60))))
    events = iter(running)
    assert isinstance(next(events), Waiting)
    threading.Timer(0.05, running.close).start()
    assert list(events) == []


def test_other_failures_are_not_repeated():
    model = Attempts("glm/a", [QuotaError("arrears", **WHERE)])
    with pytest.raises(QuotaError):
        list(start(calls(model)))
    assert model.asked == 1


@pytest.mark.parametrize("failure", [UnreachableError("down", **WHERE), *limited(30)])
def test_another_model_steps_in_before_the_first_word(failure):
    first, second = Attempts("glm/a", [failure]), Attempts("ollama/b", GOOD)
    events = list(start(calls(first, second, choices=Choices(fallback="ollama/b"))))
    assert isinstance(events[0], FellBack)
    assert (events[0].asked_model_id, events[0].model_id) == ("glm/a", "ollama/b")
    assert events[0].error.code == failure.code
    assert [event.text for event in events if isinstance(event, Token)] == ["好", "的"]


def test_no_other_model_steps_in_after_the_first_word_or_against_a_filter():
    for failure in ([Token(text="半"), ServerError("broke", **WHERE)], [ContentFilterError("no", **WHERE)]):
        first, second = Attempts("glm/a", failure), Attempts("ollama/b", GOOD)
        with pytest.raises((ServerError, ContentFilterError)):
            list(start(calls(first, second, choices=Choices(fallback="ollama/b"))))
        assert second.asked == 0


def test_what_a_call_took_is_measured_priced_and_written_down():
    written = Memory()
    price = Price(prompt=2.0, completion=8.0, currency="CNY")
    events = list(start(calls(Attempts("glm/a", GOOD), choices=Choices(price=price), written=written)))
    measured = next(event for event in events if isinstance(event, Measured))
    assert measured.cost.amount == pytest.approx((100 * 2 + 2 * 8) / 1e6)
    assert measured.cost.currency == "CNY"
    assert events.index(measured) == len(events) - 2
    assert [(call.model_id, call.purpose, call.prompt_tokens, call.currency) for call in written] == [
        ("glm/a", "answer", 100, "CNY")
    ]
    assert written[0].first_token_s <= written[0].total_s


def test_a_stopped_call_is_written_down_without_figures():
    written = Memory()
    events = iter(start(calls(Attempts("glm/a", GOOD), written=written)))
    next(events)
    events.close()
    assert [(call.model_id, call.completion_tokens, call.cost) for call in written] == [("glm/a", None, None)]


def test_use_is_summed_for_each_model_purpose_and_currency(repository):
    timed = {"purpose": "answer", "first_token_s": 1.0, "total_s": 3.0}
    for cost, currency in ((0.5, "CNY"), (0.25, "CNY"), (1.0, "USD")):
        repository.add(
            ModelCall(model_id="glm/a", prompt_tokens=100, completion_tokens=20, cost=cost, currency=currency, **timed)
        )
    repository.add(ModelCall(model_id="glm/a", purpose="answer", total_s=9.0))
    repository.add(ModelCall(model_id="ollama/b", prompt_tokens=1, completion_tokens=1, **timed))
    repository.add(ModelCall(model_id="glm/a", purpose="title", total_s=1.0, cost=0.125, currency="CNY"))
    first, title, second = repository.use()
    assert (title.model_id, title.purpose, title.calls, title.costs) == ("glm/a", "title", 1, ((0.125, "CNY"),))
    assert (first.model_id, first.purpose, first.calls, first.uncounted) == ("glm/a", "answer", 4, 1)
    assert (first.prompt_tokens, first.completion_tokens) == (300, 60)
    assert first.costs == ((0.75, "CNY"), (1.0, "USD"))
    assert first.tokens_per_s == pytest.approx(10.0)
    assert first.first_token_s == pytest.approx(1.0)
    assert (second.model_id, second.costs) == ("ollama/b", ())
    assert repository.use(since="9999") == []


def test_a_model_that_never_stops_is_cut_off(monkeypatch):
    monkeypatch.setattr("kb_app.services.models.calls.MOST_CHARS", 10)
    written = Memory()
    model = Attempts("glm/a", [Thinking(text="想" * 4), *[Token(text="啦" * 4)] * 9, Finished(reason="complete")])
    events = iter(start(calls(model, written=written)))
    seen = [next(events) for _ in range(3)]
    with pytest.raises(EndlessAnswerError) as caught:
        next(events)
    assert "".join(event.text for event in seen) == "想想想想啦啦啦啦啦啦"
    assert caught.value.params == {"model": "glm/a", "limit": 10}
    assert len(written) == 1, "what it took is written down"


def test_a_model_that_does_not_exist_is_refused_unless_another_steps_in():
    with pytest.raises(KeyError):
        calls().require("nope/x", ())
    calls(choices=Choices(fallback="glm/a")).require("nope/x", ())
