"""Summary cards over a real HTTP server: written beside ingestion, found, kept over a crash, gone with a document."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from protocol_servers.ollama_server import OllamaServer
from waiting import until

from kb_app.app import App, build_app
from kb_app.errors import SummaryModelError
from kb_app.models import Price
from kb_app.services.documents.intake import Upload
from kb_app.services.indexing.summarising import shortened
from kb_app.settings import Settings, load_settings

MODEL = "ollama/qwen2.5:0.5b"
QUESTION = "霍尔蒙值夜"
CARD = "介绍灯塔看守人的日常。关键词：霍尔蒙灯塔、值夜。"


class CardServer(OllamaServer):
    """Answers with a card that names its document; while ``free`` is not set it does not answer at all."""

    def __init__(self) -> None:
        super().__init__(answer_text=CARD)
        self.free = threading.Event()
        self.free.set()
        self.asked = threading.Event()

    def _chat(self, body):
        self.asked.set()
        self.free.wait(60)
        return super()._chat(body)

    @property
    def prompts(self) -> list[str]:
        return [body["messages"][-1]["content"] for body in self.bodies("/api/chat")]


@pytest.fixture
def server() -> Iterator[CardServer]:
    with CardServer() as server:
        yield server
        server.free.set()


@pytest.fixture
def settings(tmp_path: Path, server: CardServer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("KB_OLLAMA_BASE_URL", server.url)
    return load_settings(tmp_path / "data")


@pytest.fixture
def app(settings: Settings) -> Iterator[App]:
    with build_app(settings, owner=True) as app:
        app._summariser._pauses_s = (0.01, 0.01)
        yield app


def add(app: App, base_id: str, **files: str) -> None:
    uploads = [Upload(name=f"{name}.md", data=text.encode()) for name, text in files.items()]
    states = {job.state for job in app.jobs.wait(app.library.add_files(base_id, uploads))}
    assert states <= {"ready", "replaced"}


def wait(app: App) -> None:
    until(lambda: not app.jobs.active())


def cards(app: App, base_id: str) -> dict[str, str]:
    names = {document.id: document.name for document in app.library.documents(base_id)}
    return {names[document_id]: card.text for document_id, card in app.summaries.of_base(base_id).items()}


def found(app: App, base_id: str, question: str) -> list[tuple[str, bool]]:
    hits = app.retriever.retrieve(question, [base_id]).hits
    return [(hit.chunk.document_name, hit.chunk.index < 0) for hit in hits]


def differences(app: App, base_id: str) -> tuple[int, int | None]:
    return app._indexes.differences(app.library.base(base_id))


@pytest.mark.slow
def test_cards_are_written_found_replaced_and_removed(app, server):
    base = app.library.create("b")
    add(app, base.id, tower="# 楼\n\n老人每晚点灯。", tea="# 茶\n\n绿茶用八十度的水。")
    assert found(app, base.id, QUESTION) == [], "off by default"
    assert server.bodies("/api/chat") == []
    estimate = app.summaries.estimate(base.id, MODEL)
    assert (estimate.documents, estimate.completion_tokens, estimate.cost) == (2, 300, None)
    assert 2 * 100 < estimate.prompt_tokens < 2 * 700
    app.model_choices.set_price(MODEL, Price(prompt=2.0, completion=8.0, currency="CNY"))
    cost = app.summaries.estimate(base.id, MODEL).cost
    assert (cost.currency, round(cost.amount * 1e6)) == ("CNY", 2 * estimate.prompt_tokens + 8 * 300)
    app.summaries.switch_on(base.id, MODEL)
    wait(app)
    assert cards(app, base.id) == {"tower.md": CARD, "tea.md": CARD}
    assert {prompt.split('name="')[1].split('"')[0] for prompt in server.prompts} == {"tower.md", "tea.md"}
    assert any("老人每晚点灯" in prompt for prompt in server.prompts)
    assert {is_card for _, is_card in found(app, base.id, QUESTION)} == {True}
    (card,) = {card.prompt_tokens for card in app.summaries.of_base(base.id).values()}
    assert card is not None
    documents = {document.name: document for document in app.library.documents(base.id)}
    assert all("霍尔蒙" not in chunk.text for chunk in app.library.chunks(documents["tower.md"].id))

    server.answer_text = "一种新茶。"
    add(app, base.id, tea="# 茶\n\n红茶用开水。")
    wait(app)
    assert cards(app, base.id) == {"tower.md": CARD, "tea.md": "一种新茶。"}
    app.library.remove(base.id, [documents["tower.md"].id])
    wait(app)
    assert cards(app, base.id) == {"tea.md": "一种新茶。"}
    assert not any(is_card and name == "tower.md" for name, is_card in found(app, base.id, QUESTION))
    assert differences(app, base.id) == (0, 0)
    assert app.summaries.discard(base.id) == 1
    wait(app)
    assert (cards(app, base.id), differences(app, base.id)) == ({}, (0, 0))
    assert len(app.library.documents(base.id)) == 1


def test_a_reindex_keeps_the_cards_and_asks_no_model(app, server):
    base = app.library.create("b")
    add(app, base.id, tower="# 楼\n\n老人每晚点灯。")
    app.summaries.switch_on(base.id, MODEL)
    wait(app)
    asked = len(server.prompts)
    app.library.reindex(base.id, embedder="ollama/bge-m3")
    wait(app)
    assert cards(app, base.id) == {"tower.md": CARD}
    assert ("tower.md", True) in found(app, base.id, QUESTION)
    assert (len(server.prompts), differences(app, base.id)) == (asked, (0, 0))


def test_a_silent_model_holds_up_nothing_and_can_be_stopped(app, server):
    server.free.clear()
    base = app.library.create("b")
    app.summaries.switch_on(base.id, MODEL)
    add(app, base.id, one="Words about one.")
    assert server.asked.wait(60)
    add(app, base.id, two="Words about two.")
    assert {document.status for document in app.library.documents(base.id)} == {"ready"}
    app.summaries.switch_off(base.id)
    wait(app)
    assert server.client_gone.is_set() or not server.free.is_set()
    assert cards(app, base.id) == {}
    server.free.set()
    add(app, base.id, three="Words about three.")
    wait(app)
    assert cards(app, base.id) == {}, "switched off"


def test_what_was_not_written_when_the_app_ended_is_written_at_the_next_start(settings, server):
    server.free.clear()
    with build_app(settings, owner=True) as app:
        base = app.library.create("b")
        add(app, base.id, one="Words about one.", two="Words about two.")
        app.summaries.switch_on(base.id, MODEL)
        assert server.asked.wait(60)
    server.free.set()
    with build_app(settings, owner=True) as app:
        wait(app)
        assert cards(app, base.id).keys() == {"one.md", "two.md"}
        assert differences(app, base.id) == (0, 0)


def test_a_document_without_a_job_gets_its_card_at_the_next_start(settings, server):
    with build_app(settings, owner=True) as app:
        base = app.library.create("b")
        add(app, base.id, one="Words about one.")
        app._summariser.close()
        app.summaries.switch_on(base.id, MODEL)
        app._worker._jobs.forget(base.id, finished_only=False)
    with build_app(settings, owner=True) as app:
        wait(app)
        assert cards(app, base.id).keys() == {"one.md"}


@pytest.mark.parametrize(("model", "code"), [("ollama/none:1b", "not_pulled"), (MODEL, "server_error")])
def test_a_failing_model_is_told_once_and_can_be_tried_again(app, server, model, code):
    base = app.library.create("b")
    add(app, base.id, one="Words about one.", two="Words about two.")
    server.scenario = "server"
    app.summaries.switch_on(base.id, model)
    wait(app)
    failed = [job for job in app.jobs.recent(base.id) if job.kind == "summarise"]
    assert {(job.state, job.error.code) for job in failed} == {("failed", code)}
    assert len(failed) == 2
    assert {document.status for document in app.library.documents(base.id)} == {"ready"}
    server.scenario = "answer"
    if model == MODEL:
        assert app.summaries.retry(base.id) == 2
    else:
        app.summaries.switch_on(base.id, MODEL)
    wait(app)
    assert len(cards(app, base.id)) == 2


def test_the_quote_model_cannot_write(app):
    base = app.library.create("b")
    with pytest.raises(SummaryModelError):
        app.summaries.switch_on(base.id, "quote")
    assert app.library.base(base.id).summary_model == ""


def test_a_long_document_is_given_by_its_beginning_and_its_headings():
    text = "开头的话。" * 2000
    short = shortened(text, ["第一章", "第二章", "第一章"], 1000)
    assert short.startswith("开头的话。开头")
    assert short.endswith("\n[…]\n第一章\n第二章")
    assert len(short) < 1100
    assert shortened("短文。", ["第一章"], 1000) == "短文。"
