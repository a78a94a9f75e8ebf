"""Re-indexing: beside the old index, without losing anything, and only as long as it is wanted."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from protocol_servers.ollama_server import OllamaServer
from sqlalchemy import text
from waiting import until

from kb_app.app import App, build_app
from kb_app.models import KEPT_WARNING
from kb_app.services.documents.library import Upload
from kb_app.settings import load_settings

ENCRYPTED = Path(__file__).parents[3] / "ingestion" / "fixtures" / "encrypted.pdf"
PASSWORD = "柿子2026"  # as in the script that makes the fixtures
TEA = "# 龙井茶\n\n龙井茶产于杭州西湖，是中国十大名茶之一。冲泡水温以八十度为宜。\n"
QUESTION = "龙井茶的冲泡水温是多少"
EMBEDDER = "ollama/bge-m3"


class PausingServer(OllamaServer):
    """Once ``armed``, requests for vectors wait until ``go_on`` is set; a text with ``refused`` gets a wrong answer."""

    def __init__(self) -> None:
        super().__init__()
        self.vector_length = 16
        self.armed = False
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.texts = 0
        self.refused = ""

    def _embed(self, body):
        self.texts += len(body["input"])
        if self.refused and any(self.refused in one for one in body["input"]):
            self.scenario = "embed_short"
        if self.armed and body["input"] != ["dimension"]:
            self.reached.set()
            self.go_on.wait(60)
        return super()._embed(body)


@pytest.fixture
def server() -> Iterator[PausingServer]:
    with PausingServer() as server:
        yield server
        server.go_on.set()


@pytest.fixture
def app(tmp_path: Path, server: PausingServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    monkeypatch.setenv("KB_OLLAMA_BASE_URL", server.url)
    with build_app(load_settings(tmp_path / "data"), owner=True) as app:
        yield app


def add(app: App, base_id: str, files: dict[str, bytes]) -> None:
    uploads = [Upload(name=name, data=data) for name, data in files.items()]
    assert {job.state for job in app.jobs.wait(app.library.add_files(base_id, uploads))} == {"ready"}


def rows(app: App, status: str) -> int:
    with app._database.read() as session:
        query = text("SELECT count(*) FROM documents WHERE status = :status")
        return session.execute(query, {"status": status}).scalar_one()


def found(app: App, base_id: str, question: str = QUESTION) -> list[str]:
    return [hit.chunk.document_name for hit in app.retriever.retrieve(question, [base_id]).hits]


@pytest.mark.slow
@pytest.mark.parametrize("embedder", ["builtin", EMBEDDER, f"{EMBEDDER}:latest"])
def test_every_question_is_answered_while_the_index_is_replaced(app, server, embedder):
    base = app.library.create("茶", embedder="builtin" if embedder == "builtin" else EMBEDDER)
    add(app, base.id, {f"tea{n}.md": f"{TEA}\n第{n}号茶园。\n".encode() for n in range(12)})
    until(lambda: app._indexes.vectors_ready)
    before = {document.created_at for document in app.library.documents(base.id)}
    batch = app.library.reindex(base.id, embedder=embedder)
    asked = 0
    while app.jobs.active():
        assert found(app, base.id), f"question {asked} found nothing"
        asked += 1
    (job,) = app.jobs.batch(batch)
    assert (job.state, job.done, job.total) == ("ready", 12, 12)
    assert asked > 3
    assert app.notices.current() == [], "nothing was distrusted or rebuilt"
    assert app._indexes.differences(app.library.base(base.id)) == (0, 0)
    assert {document.created_at for document in app.library.documents(base.id)} == before


def test_an_embedder_of_another_length_takes_over_without_a_rebuild(app, server):
    base, other = app.library.create("茶"), app.library.create("b")
    add(app, base.id, {"tea.md": TEA.encode()})
    add(app, other.id, {"tea.md": TEA.encode()})
    until(lambda: app._indexes.vectors_ready)
    batch = app.library.reindex(base.id, embedder=EMBEDDER)
    while app.jobs.active():
        assert found(app, base.id) == ["tea.md"]
    assert app.jobs.batch(batch)[0].state == "ready"
    changed = app.library.base(base.id)
    assert (changed.embedder, changed.dimension) == (EMBEDDER, 16)
    assert found(app, base.id) == ["tea.md"]
    assert app._indexes.vectors_ready
    assert app.notices.current() == []
    assert [app._indexes.differences(app.library.base(one.id)) for one in (base, other)] == [(0, 0), (0, 0)]


@pytest.mark.parametrize("embedder", ["builtin", EMBEDDER])
def test_a_protected_document_survives_without_its_password(tmp_path, server, monkeypatch, embedder):
    monkeypatch.setenv("KB_OLLAMA_BASE_URL", server.url)
    settings = load_settings(tmp_path / "data")
    with build_app(settings, owner=True) as app:
        base = app.library.create("b")
        upload = Upload(name="a.pdf", data=ENCRYPTED)
        (job,) = app.jobs.wait(app.library.add_files(base.id, [upload], password=PASSWORD))
        words = app.library.chunks(job.document_id)[0].text
    with build_app(settings, owner=True) as app:  # the password is forgotten
        (job,) = app.jobs.wait(app.library.reindex(base.id, embedder=embedder))
        assert (job.state, job.chunk_count > 0) == ("ready", True)
        (document,) = app.library.documents(base.id)
        assert (document.status, document.warnings) == ("ready", (KEPT_WARNING,))
        assert set(found(app, base.id, words[:60])) == {"a.pdf"}
        assert app.library.text(document.id).text
        assert app._indexes.differences(app.library.base(base.id))[0] == 0
        app.library.retry([document.id], password=PASSWORD)
        (job,) = app.jobs.wait(app.library.reindex(base.id))
        assert app.library.documents(base.id)[0].warnings == (), "read again, with the password"


@pytest.mark.slow
def test_cancelling_stops_within_a_document_and_leaves_the_old_index(app, server, monkeypatch):
    base = app.library.create("茶", embedder=EMBEDDER)
    add(app, base.id, {"long.md": "".join(f"# 第{n}节\n\n{TEA}\n" for n in range(400)).encode()})
    (before,) = app.library.documents(base.id)
    assert before.chunk_count >= 200
    server.texts, server.armed = 0, True
    batch = app.library.reindex(base.id)
    assert server.reached.wait(60)
    app.jobs.cancel(batch)
    monkeypatch.setattr("kb_app.services.indexing.ingesting._PROGRESS_EVERY_S", 0.0)  # and a wish to stop heard
    server.go_on.set()
    (job,) = app.jobs.wait(batch)
    assert job.state == "cancelled"
    assert server.texts < before.chunk_count
    assert rows(app, "staged") == 0
    assert app.library.documents(base.id) == [before]
    assert found(app, base.id)
    assert app._indexes.differences(app.library.base(base.id)) == (0, 0)


def test_an_embedder_that_fails_leaves_nothing_behind(app, server):
    base = app.library.create("茶", embedder=EMBEDDER)
    add(app, base.id, {"a.md": TEA.encode(), "b.md": f"{TEA}坏".encode()})
    server.refused = "坏"
    (job,) = app.jobs.wait(app.library.reindex(base.id))
    assert (job.state, job.error.code) == ("failed", "bad_response")
    assert rows(app, "staged") == 0
    assert rows(app, "ready") == 2
    assert app._indexes.differences(app.library.base(base.id)) == (0, 0)


def test_a_database_that_refuses_the_new_index_keeps_the_old(app):
    base = app.library.create("茶")
    add(app, base.id, {"tea.md": TEA.encode()})
    until(lambda: app._indexes.vectors_ready)
    refuse = "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
    with app._database.write() as session:
        session.execute(text(f"CREATE TRIGGER t BEFORE UPDATE OF status ON documents {refuse}"))
    (job,) = app.jobs.wait(app.library.reindex(base.id))
    assert job.state == "failed"
    assert (rows(app, "staged"), rows(app, "ready")) == (0, 1)
    assert found(app, base.id) == ["tea.md"]
    assert app._indexes.differences(app.library.base(base.id)) == (0, 0)
