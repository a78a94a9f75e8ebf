"""What happens when an index, or its check, fails: nothing is lost, and it is said."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from protocol_servers.ollama_server import OllamaServer
from sqlalchemy import text
from waiting import until

from kb_app.app import App, build_app
from kb_app.errors import KeywordIndexError, ReindexNeededError
from kb_app.services.answers.questions import AskRequest
from kb_app.services.documents.library import Upload
from kb_app.settings import load_settings

TEA = "# 龙井茶\n\n龙井茶产于杭州西湖，是中国十大名茶之一。冲泡水温以八十度为宜。\n".encode()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with build_app(load_settings(tmp_path / "data"), owner=True) as app:
        yield app


def add(app: App, base_id: str, name: str, data: bytes = TEA):
    (job,) = app.jobs.wait(app.library.add_files(base_id, [Upload(name=name, data=data)]))
    return job


def index_checks(app: App) -> list[tuple[str, bool]]:
    return [(check.detail.key, check.ok) for check in app.doctor.run() if check.name == "index"]


def test_the_doctor_finds_nothing_wrong_with_an_empty_base(app):
    app.library.create("空")
    until(lambda: app._indexes.vectors_ready)
    assert index_checks(app) == [("check_index", True)]


def test_the_doctor_reports_a_keyword_index_that_cannot_be_read_and_goes_on(app):
    bad, good = app.library.create("a"), app.library.create("b")
    add(app, bad.id, "tea.md")
    add(app, good.id, "tea.md")
    for file in (app.settings.data_dir / "index" / "keyword" / bad.id).iterdir():
        file.unlink()
    assert index_checks(app) == [("check_index_unreadable", False), ("check_index", True)]


def test_the_doctor_does_not_vouch_for_vectors_it_did_not_see(app):
    base = app.library.create("茶")
    add(app, base.id, "tea.md")
    with build_app(app.settings, owner=False) as guest:
        assert index_checks(guest) == [("check_vectors_unknown", True)]
    assert index_checks(app) == [("check_index", True)]


def test_jobs_go_on_while_chroma_cannot_be_rebuilt(app, caplog, monkeypatch):
    monkeypatch.setattr("kb_app.services.indexing.indexes._RETRY_S", 600.0)
    base = app.library.create("茶")
    add(app, base.id, "tea.md")
    chroma = app.settings.data_dir / "index" / "chroma"
    until(lambda: app._indexes.vectors_ready)
    app._indexes._chroma.reset()
    chroma.write_text("a file where the folder should be")
    vector = app.models.embedder("builtin").embed_query("龙井茶产于杭州")
    assert app._indexes.query(base.id, vector, 1), "the database is searched instead"
    job = add(app, base.id, "other.md", TEA + b"more")
    assert job.state == "ready"
    assert len(app._indexes.query(base.id, vector, 5)) == 2
    until(lambda: len(app.notices.current()) == 2)
    said = [notice.key for notice in app.notices.current()]
    assert said == ["vectors_distrusted", "vectors_unavailable"]
    assert caplog.text.count("cannot be rebuilt; searching") == 1, "attempts are spaced"
    assert "stumbled" not in caplog.text

    chroma.unlink()
    app._indexes._rebuild_at = 0.0  # the time of the next attempt has come
    until(lambda: app._indexes.vectors_ready)
    assert app._indexes.differences(app.library.base(base.id)) == (0, 0)
    until(lambda: app.notices.current()[-1].key == "vectors_rebuilt")


def test_a_group_that_the_database_refuses_leaves_nothing_in_the_indexes(app):
    base = app.library.create("茶")
    add(app, base.id, "tea.md")
    until(lambda: app._indexes.vectors_ready)
    refuse = "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
    with app._database.write() as session:
        session.execute(text(f"CREATE TRIGGER t BEFORE INSERT ON documents WHEN NEW.name = 'bad.md' {refuse}"))
    assert add(app, base.id, "bad.md", TEA + b"bad").state == "failed"
    assert add(app, base.id, "good.md", TEA + b"good").state == "ready"
    assert app._indexes.differences(app.library.base(base.id)) == (0, 0)


def test_a_keyword_index_that_refused_to_forget_is_made_anew_at_the_next_start(tmp_path, monkeypatch):
    def refuse(base_id, document_ids):
        raise KeywordIndexError("busy")

    settings = load_settings(tmp_path / "refused")
    with build_app(settings, owner=True) as app:
        base = app.library.create("茶")
        gone = add(app, base.id, "tea.md").document_id
        with monkeypatch.context() as patch:
            patch.setattr(app._indexes.keyword, "delete_documents", refuse)
            app.library.remove(base.id, [gone])
            until(lambda: not app.jobs.active())
        add(app, base.id, "other.md", TEA + b"more")  # does not make the index trusted again
    with build_app(settings, owner=True) as app:
        assert "keyword_rebuilt" in [notice.key for notice in app.notices.current()]
        until(lambda: app._indexes.vectors_ready)
        assert app._indexes.differences(app.library.base(base.id)) == (0, 0)


@pytest.mark.parametrize("column", ["analyzer_version", "chunking_version"])
def test_a_base_of_another_version_takes_no_documents_until_it_is_indexed_anew(app, column):
    base = app.library.create("茶")
    app.library._bases.change(base.id, {column: 0})
    assert add(app, base.id, "tea.md").state == "ready", "an empty base fits every version"
    assert getattr(app.library.base(base.id), column) == getattr(base, column)

    app.library._bases.change(base.id, {column: 0})
    assert add(app, base.id, "new.md", TEA + b"new").error.code == "reindex_needed"
    assert app.library.outdated(base.id) == 1
    (job,) = app.jobs.wait(app.library.reindex(base.id))
    assert job.state == "ready"
    assert add(app, base.id, "new.md", TEA + b"new").state == "ready"


def test_what_an_earlier_version_indexed_is_searched_and_indexed_anew_by_itself(app, monkeypatch):
    base, other = app.library.create("茶"), app.library.create("空")
    add(app, base.id, "tea.md")
    for old in (base, other):
        app.library._bases.change(old.id, {"analyzer_version": 0})
    with monkeypatch.context() as patch:
        patch.setattr(app._worker._jobs, "claim", lambda: None)  # it has not come to it yet
        app.renew_indexes()
        app.renew_indexes()
        answer = app.answering.ask(AskRequest(question="龙井茶产于哪里？", base_ids=(base.id,))).wait()
        assert answer.status == "complete"
        (job,) = app.jobs.active()
        assert (job.kind, job.base_id) == ("reindex", base.id), "an empty base is as good as new"
    app.jobs.wait(job.batch_id)
    assert app.library.outdated(base.id) == 0
    assert [notice.key for notice in app.notices.current()] == ["index_renewed"]
    app.renew_indexes()
    assert app.jobs.active() == []


def test_files_that_waited_during_an_upgrade_are_added_after_the_base_is_indexed_anew(app):
    base = app.library.create("茶")
    add(app, base.id, "tea.md")
    app.library._bases.change(base.id, {"analyzer_version": 0})
    assert add(app, base.id, "early.md", TEA + b"early").error.code == "reindex_needed"  # before it was noticed
    app.jobs.pause(base.id)
    batches = [app.library.add_files(base.id, [Upload(name=f"{n}.md", data=TEA + b"%d" % n)]) for n in range(3)]
    app.renew_indexes()
    app.jobs.resume(base.id)
    (reindex,) = [job for job in app.jobs.recent(base.id) if job.kind == "reindex"]
    for batch in (reindex.batch_id, *batches):
        assert [job.state for job in app.jobs.wait(batch)] == ["ready"]
    until(lambda: not app.jobs.active())
    documents = app.library.documents(base.id)
    assert {one.name: one.status for one in documents} == dict.fromkeys(
        ["tea.md", "early.md", "0.md", "1.md", "2.md"], "ready"
    )
    assert app._indexes.differences(app.library.base(base.id)) == (0, 0)
    assert add(app, base.id, "next.md", TEA + b"next").state == "ready"


def test_indexing_anew_that_failed_is_tried_once_at_each_start(app, monkeypatch):
    base = app.library.create("茶")
    add(app, base.id, "tea.md")
    app.library._bases.change(base.id, {"analyzer_version": 0})
    monkeypatch.setattr(app._worker._reindexer, "_embedder", lambda _: 1 / 0)
    for _ in range(2):
        app.renew_indexes()
        app.jobs.wait(app.jobs.recent(base.id, 1)[0].batch_id)
    assert [job.state for job in app.jobs.recent(base.id, 9) if job.kind == "reindex"] == ["failed"]


def test_an_embedder_of_another_dimension_is_refused_until_the_base_is_indexed_anew(tmp_path, monkeypatch):
    with OllamaServer() as server:
        monkeypatch.setenv("KB_OLLAMA_BASE_URL", server.url)
        server.vector_length = 16
        with build_app(load_settings(tmp_path / "data"), owner=True) as app:
            base = app.library.create("茶", embedder="ollama/bge-m3")
            add(app, base.id, "tea.md")
        server.vector_length = 24  # another version of the model was pulled while the app was not running
        with build_app(load_settings(tmp_path / "data"), owner=True) as app:
            assert add(app, base.id, "new.md", TEA + b"new").error.code == "reindex_needed"
            with pytest.raises(ReindexNeededError):
                app.retriever.retrieve("龙井茶产于哪里？", [base.id])
            assert app._indexes.differences(app.library.base(base.id)) == (0, 0)
            assert app.notices.current() == []

            app.jobs.wait(app.library.reindex(base.id))
            assert app.library.base(base.id).dimension == 24
            assert add(app, base.id, "new.md", TEA + b"new").state == "ready"
            assert len(app.retriever.retrieve("龙井茶产于哪里？", [base.id]).hits) >= 1
            assert app._indexes.differences(app.library.base(base.id)) == (0, 0)
