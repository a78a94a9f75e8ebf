"""Answers over a real database, with a retriever and a model made for the test."""

import threading

import pytest
from waiting import until

from kb_app.errors import BusyError, ClosingError, ModelNotFoundError, NotFoundError, UnreachableError
from kb_app.models import (
    ChatOptions,
    ConversationFilter,
    Correction,
    CorrectionMatch,
    ErrorInfo,
    Failed,
    Finished,
    Hit,
    Measured,
    NewTurn,
    Retrieval,
    Retrieved,
    StoredChunk,
    Thinking,
    Token,
    Usage,
)
from kb_app.services.answers.answering import Answering
from kb_app.services.answers.attachments import Attached
from kb_app.services.answers.knowledge import Knowledge
from kb_app.services.answers.questions import AskRequest
from kb_app.services.answers.rewriting import Rewriting
from kb_app.services.models.calls import ModelCalls
from kb_app.services.prompting.store import default_prompt
from kb_app.storage.conversations import ConversationRepository
from kb_app.storage.database import Database
from kb_app.storage.migrate import migrate
from kb_app.storage.shelf import ShelfRepository


class FakeRetriever:
    def __init__(self, found=True, nothing=False):
        self.found = found
        self.nothing = nothing
        self.asked = []

    def retrieve(self, question, base_ids, *, top_k=8, filters=None):
        self.asked.append(question)
        self.filters = filters
        chunk = StoredChunk(
            id="d:0", base_id="b", document_id="d", document_name="南瓜书.pdf", title="南瓜书", index=0,
            text="周志华老师的《机器学习》", search_text="", start=10, end=22, page=4, heading=("前言",),
        )  # fmt: skip
        hits = () if self.nothing else (Hit(chunk=chunk, score=0.9),)
        return Retrieval(query=question, hits=hits, confidence=0.8, found=self.found)


class ScriptedModel:
    """Plays events; a callable among them is called, and may block or raise."""

    model_id = "scripted"
    context_tokens = 4096
    prompted = True

    def __init__(self, *events):
        self.events = events
        self.requests = []
        self.closed = threading.Event()

    def stream(self, request):
        self.requests.append(request)
        return self

    def __iter__(self):
        for event in self.events:
            if callable(event):
                event()
            else:
                yield event

    def close(self):
        self.closed.set()


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "kb.sqlite3")
    migrate(database)
    yield database
    database.close()


class Written(list):
    """Keeps the model calls in memory."""

    def add(self, call):
        self.append(call)


class NoChoices:
    def price(self, model_id):
        return None

    def fallback_for(self, base_ids):
        return ""


class NoCorrections:
    def exact(self, question, base_ids):
        return None

    def examples(self, question, base_ids, retrieval):
        return []


class NoAttachments:
    def of(self, conversation_id, question_id):
        return Attached()

    def reading(self, attached, stopped):
        return iter(())

    def problems(self, attached):
        return ()

    def widened(self, filters, base_ids, attached):
        return filters

    def opened(self, retrieval, attached, top_k):
        return retrieval


class DefaultPrompts:
    def get(self, kind, language, base_id=()):
        return default_prompt(kind, language)


@pytest.fixture
def conversations(database):
    return ConversationRepository(database)


@pytest.fixture
def shelf(database):
    return ShelfRepository(database)


def answering(conversations, model, *, found=True, reuse=None, options=None, retriever=None, chat=None):
    calls = ModelCalls(chat or (lambda _model_id: model), Written(), NoChoices())
    prompts = DefaultPrompts()
    knowledge = Knowledge(
        conversations=conversations,
        top_k=8,
        retriever=retriever or FakeRetriever(found),
        rewriting=Rewriting(lambda _model_id: model, calls, prompts),
        reuse=reuse or NoCorrections(),
        living=tuple,
        attachments=NoAttachments(),
        pages_of=lambda _document_id: (),
    )
    return Answering(knowledge, calls, prompts, options=lambda _model_id: options or ChatOptions())


def ask(service, question="什么是南瓜书？", **more):
    return service.ask(AskRequest(question=question, base_ids=("b",), model_id="scripted", **more))


def test_an_answer_is_streamed_saved_and_its_markers_checked(conversations):
    model = ScriptedModel(
        Thinking(text="想一想"),
        Token(text="南瓜书是公式详解[1]"),
        Token(text="，据说[7]。"),
        Usage(prompt_tokens=10, completion_tokens=5),
        Finished(reason="complete"),
    )
    generation = ask(answering(conversations, model))
    kinds = [type(event) for event in generation.events()]
    assert kinds == [Retrieved, Thinking, Token, Token, Usage, Measured, Finished]
    answer = generation.wait()
    assert (answer.status, answer.text, answer.cited) == ("complete", "南瓜书是公式详解[1]，据说。", (1,))
    asked, saved = conversations.messages(generation.conversation_id)
    assert asked.text == "什么是南瓜书？"
    assert saved.text == answer.text
    assert saved.thinking == "想一想"
    assert saved.sources[0].document == "南瓜书.pdf"
    assert (saved.sources[0].page, saved.sources[0].heading, saved.sources[0].start) == (4, ("前言",), 10)
    assert saved.usage == Usage(prompt_tokens=10, completion_tokens=5)
    assert 0 <= saved.timing.first_token_s <= saved.timing.total_s
    assert saved.tokens_per_s > 0
    assert "周志华老师" in model.requests[0].messages[0].content


def test_words_to_search_for_may_be_given_with_the_question(conversations):
    model = ScriptedModel(Token(text="好"), Finished(reason="complete"))
    generation = ask(answering(conversations, model), question="它讲什么？", query=" 南瓜书 讲什么 ")
    assert next(iter(generation.events())).query == "南瓜书 讲什么"
    answer = generation.wait()
    asked, saved = conversations.messages(generation.conversation_id)
    assert (asked.text, saved.query, answer.query) == ("它讲什么？", "南瓜书 讲什么", "南瓜书 讲什么")
    assert model.requests[0].messages[-1].content == "它讲什么？"


def test_the_question_is_saved_before_the_model_is_asked(conversations, shelf):
    seen = []
    model = ScriptedModel(
        lambda: seen.extend(
            m.text for one in shelf.all(ConversationFilter(), 9) for m in conversations.messages(one.id)
        ),
        Finished(reason="complete"),
    )
    ask(answering(conversations, model)).wait()
    assert seen[0] == "什么是南瓜书？"


def test_what_has_streamed_is_in_the_database_before_the_answer_ends(conversations, monkeypatch):
    release = threading.Event()
    monkeypatch.setattr("kb_app.services.answers.generation.SAVE_EVERY_S", 0.0)
    model = ScriptedModel(
        Token(text="第一段"), Token(text="，第二段"), lambda: release.wait(60), Finished(reason="complete")
    )
    generation = ask(answering(conversations, model))
    until(lambda: conversations.message(generation.answer_id).text == "第一段，第二段")
    assert conversations.message(generation.answer_id).status == "streaming"
    release.set()
    assert generation.wait().status == "complete"


def test_stop_keeps_the_text_and_closes_the_model(conversations):
    gate = threading.Event()
    model = ScriptedModel(Token(text="半句"), lambda: gate.wait(60), Token(text="后半"), Finished(reason="complete"))
    service = answering(conversations, model)
    generation = ask(service)
    next(event for event in generation.events() if isinstance(event, Token))
    generation.stop()
    assert generation.wait().status == "stopped"
    assert model.closed.is_set()  # although the model is still waiting for its server
    assert service.running(generation.conversation_id) is None
    gate.set()
    saved = conversations.message(generation.answer_id)
    assert (saved.text, saved.status) == ("半句", "stopped")


def test_a_failing_model_keeps_what_came_and_says_why(conversations):
    def fail():
        raise UnreachableError("gone", provider="ollama", model="x", address="http://127.0.0.1:1")

    generation = ask(answering(conversations, ScriptedModel(Token(text="半句"), fail)))
    assert isinstance(list(generation.events())[-1], Failed)
    saved = conversations.message(generation.answer_id)
    assert (saved.status, saved.text, saved.error.code) == ("failed", "半句", "unreachable")
    assert saved.error.params["address"] == "http://127.0.0.1:1"


def test_a_bug_in_a_model_ends_the_answer_visibly(conversations):
    def bug():
        raise ZeroDivisionError

    generation = ask(answering(conversations, ScriptedModel(bug)))
    assert generation.wait().error == ErrorInfo(code="internal")


def test_nothing_found_is_said_without_asking_the_model(conversations):
    model = ScriptedModel(Finished(reason="complete"))
    generation = ask(answering(conversations, model, found=False), "王阳明是谁？")
    answer = generation.wait()
    assert answer.status == "no_sources"
    assert "王阳明是谁？" in answer.text
    assert answer.cited == ()
    assert model.requests == []


def test_what_was_declined_is_answered_anyway_from_the_nearest_passages(conversations):
    model = ScriptedModel(Token(text="大概是南瓜书[1]。"), Finished(reason="complete"))
    service = answering(conversations, model, found=False)
    declined = ask(service, "王阳明是谁？")
    declined.wait()
    turn = {"conversation_id": declined.conversation_id, "again_id": declined.question_id}
    answer = ask(service, "王阳明是谁？", anyway=True, **turn).wait()
    assert (answer.status, answer.text, answer.cited) == ("complete", "大概是南瓜书[1]。", (1,))
    assert answer.confidence == declined.snapshot().confidence  # being asked to answer makes nobody surer
    (request,) = model.requests
    assert "周志华老师的《机器学习》" in "".join(message.content for message in request.messages)
    view = conversations.view(declined.conversation_id, 20)
    assert view.siblings == {answer.id: (declined.answer_id, answer.id)}


def test_without_any_passage_nothing_is_answered_anyway(conversations):
    model = ScriptedModel(Finished(reason="complete"))
    service = answering(conversations, model, retriever=FakeRetriever(found=False, nothing=True))
    assert ask(service, "你好", anyway=True).wait().status == "no_sources"
    assert model.requests == []


def test_an_answer_cut_by_the_length_limit_says_so(conversations):
    generation = ask(answering(conversations, ScriptedModel(Token(text="长"), Finished(reason="length"))))
    answer = generation.wait()
    assert (answer.status, answer.error) == ("complete", ErrorInfo(code="answer_cut"))


def test_an_answer_without_end_is_cut_kept_and_explained(conversations, monkeypatch):
    monkeypatch.setattr("kb_app.services.models.calls.MOST_CHARS", 10)
    generation = ask(
        answering(conversations, ScriptedModel(*[Token(text="啦啦啦啦")] * 9, Finished(reason="complete")))
    )
    generation.wait()
    saved = conversations.message(generation.answer_id)
    assert (saved.status, saved.text, saved.error.code) == ("failed", "啦" * 10, "answer_endless")


class OneExample(NoCorrections):
    """Finds one related correction, whose text is as long as asked, and counts its use."""

    def __init__(self, length):
        self.correction = Correction(id="c", base_id="b", question="什么是西瓜书？", chosen="书" * length)
        self.used = []

    def examples(self, question, base_ids, retrieval):
        return [CorrectionMatch(correction=self.correction, kind="example", likeness=0.5, related=0.5)]

    def count(self, corrections):
        self.used += [one.id for one in corrections]


@pytest.mark.parametrize(("length", "used"), [(20, ["c"]), (4000, [])])
def test_an_example_counts_as_used_when_the_prompt_has_room_for_it(conversations, length, used):
    reuse = OneExample(length)
    model = ScriptedModel(Token(text="答"), Token(text="案"), Finished(reason="complete"))
    answer = ask(answering(conversations, model, reuse=reuse)).wait()
    assert reuse.used == used
    assert answer.reuse == ("example" if used else "")
    assert ("西瓜书" in model.requests[0].messages[0].content) == bool(used)


def test_an_example_of_an_answer_that_never_began_was_not_used(conversations):
    def fail():
        raise UnreachableError("gone", provider="ollama", model="x", address="http://127.0.0.1:1")

    reuse = OneExample(20)
    answer = ask(answering(conversations, ScriptedModel(fail), reuse=reuse)).wait()
    assert (answer.status, answer.reuse, reuse.used) == ("failed", "", [])


def test_an_unknown_model_is_refused_before_anything_is_searched(conversations):
    def unknown(model_id):
        raise ModelNotFoundError(model_id, provider="nope", model="x", address="")

    retriever = FakeRetriever()
    service = answering(conversations, None, retriever=retriever, chat=unknown)
    answer = ask(service).wait()
    assert (answer.status, answer.error.code) == ("failed", "model_not_found")
    assert retriever.asked == []


def test_a_model_answers_as_it_is_set_and_leaves_half_of_its_window_to_the_prompt(conversations):
    model = ScriptedModel(Token(text="八十度。[1]"), Finished(reason="complete"))
    set_so = ChatOptions(temperature=0.7, max_tokens=9000, thinking=True)
    service = answering(conversations, model, options=set_so)
    service.ask(AskRequest(question="水温？", base_ids=("base",), model_id="scripted")).wait()
    (request,) = model.requests
    assert request.options == ChatOptions(temperature=0.7, max_tokens=2048, thinking=True)
    assert request.sources


def test_a_greeting_is_told_what_can_be_asked_and_offered_no_passage(conversations):
    service = answering(conversations, ScriptedModel(Finished(reason="complete")), found=False)

    greeted = ask(service, "你好").wait()
    assert (greeted.status, greeted.sources, greeted.query) == ("no_sources", (), "")
    assert "没有找到" not in greeted.text
    assert ask(service, "水温是多少度？").wait().sources


def test_nothing_is_saved_or_begun_once_answers_are_closed(conversations, database):
    service = answering(conversations, ScriptedModel(Finished(reason="complete")))
    service.close()

    with pytest.raises(ClosingError):
        ask(service)
    assert ShelfRepository(database).all(ConversationFilter(), 10) == []


def test_one_conversation_answers_one_question_at_a_time_and_others_go_on(conversations):
    gate = threading.Event()
    service = answering(conversations, ScriptedModel(lambda: gate.wait(60), Finished(reason="complete")))
    first = ask(service)
    with pytest.raises(BusyError):
        ask(service, conversation_id=first.conversation_id)
    other = ask(service)
    assert other.conversation_id != first.conversation_id
    gate.set()
    first.wait()
    assert ask(service, conversation_id=first.conversation_id).wait().status == "complete"
    assert [m.role for m in conversations.messages(first.conversation_id)] == ["user", "assistant"] * 2


def test_a_deleted_conversation_cannot_be_continued(conversations, shelf):
    service = answering(conversations, ScriptedModel(Finished(reason="complete")))
    generation = ask(service)
    generation.wait()
    shelf.delete(generation.conversation_id)
    with pytest.raises(NotFoundError):
        ask(service, conversation_id=generation.conversation_id)


def test_an_edited_question_makes_a_branch_with_the_history_before_it(conversations):
    model = ScriptedModel(Token(text="答"), Finished(reason="complete"))
    service = answering(conversations, model)
    first = ask(service, "第一问")
    first.wait()
    conversation = first.conversation_id
    second = ask(service, "第二问", conversation_id=conversation)
    second.wait()
    edited = ask(service, "另一个第二问", conversation_id=conversation, edited_id=second.question_id)
    edited.wait()
    texts = [message.text for message in conversations.messages(conversation)]
    assert texts == ["第一问", "答", "另一个第二问", "答"]
    prompt = [message.content for message in model.requests[-1].messages[1:]]
    assert prompt == ["第一问", "答", "另一个第二问"]
    conversations.show(second.question_id)
    assert [message.text for message in conversations.messages(conversation)] == ["第一问", "答", "第二问", "答"]


def test_one_more_answer_stands_beside_the_first(conversations):
    service = answering(conversations, ScriptedModel(Token(text="答"), Finished(reason="complete")))
    first = ask(service, "第一问")
    first.wait()
    again = ask(service, "第一问", conversation_id=first.conversation_id, again_id=first.question_id)
    again.wait()
    view = conversations.view(first.conversation_id, 20)
    assert [message.id for message in view.messages] == [first.question_id, again.answer_id]
    assert view.siblings == {again.answer_id: (first.answer_id, again.answer_id)}
    with pytest.raises(NotFoundError):
        ask(service, conversation_id=first.conversation_id, again_id="no such question")


def test_answers_left_streaming_by_a_crash_are_marked(conversations):
    turn = conversations.start_turn(
        NewTurn(conversation_id=None, question="问", title="问", base_ids=("b",), model_id="m")
    )
    conversations.save_answer(
        conversations.message(turn.answer_id).__class__(
            id=turn.answer_id, conversation_id=turn.conversation_id, role="assistant", text="半", status="streaming"
        )
    )
    assert conversations.interrupt_streaming(ErrorInfo(code="app_stopped")) == 1
    saved = conversations.message(turn.answer_id)
    assert (saved.text, saved.status, saved.error.code) == ("半", "interrupted", "app_stopped")
    assert conversations.interrupt_streaming(ErrorInfo(code="app_stopped")) == 0


def test_many_readers_see_every_event(conversations):
    model = ScriptedModel(*[Token(text=str(n)) for n in range(200)], Finished(reason="complete"))
    generation = ask(answering(conversations, model))
    seen = [[] for _ in range(6)]
    readers = [threading.Thread(target=lambda out=out: out.extend(generation.events())) for out in seen]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(60)
    assert all(len(events) == 203 for events in seen)


def test_a_character_cut_in_two_is_joined_and_half_a_one_ends_nothing(conversations):
    model = ScriptedModel(
        Token(text="好\ud83d"),
        Token(text="\ude00的"),
        Token(text="\ud83d"),
        Token(text="x"),
        Finished(reason="complete"),
    )
    service = answering(conversations, model)
    generation = ask(service, "caf\udce9 是什么？")
    answer = generation.wait()
    assert (answer.status, answer.text) == ("complete", "好😀的\ufffdx")
    assert conversations.message(generation.question_id).text == "caf\ufffd 是什么？"
    assert service.running(generation.conversation_id) is None
    assert "".join(event.text for event in generation.events() if isinstance(event, Token)) == answer.text
