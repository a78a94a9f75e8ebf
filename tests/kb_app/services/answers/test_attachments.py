"""Files attached to a question: their private base, the wait for it, what is left out, and how they go."""

import pytest

from kb_app.app import build_app
from kb_app.errors import NotFoundError
from kb_app.models import ErrorInfo, NewTurn, Reading, SearchFilters
from kb_app.services.answers.attachments import attached_names
from kb_app.services.answers.questions import AskRequest
from kb_app.services.documents.library import Upload
from kb_app.settings import load_settings
from kb_app.storage.database import DATABASE_FILE, Database
from kb_app.storage.jobs import JobRepository

LEASE = "# Lease\n\nThe monthly rent of the flat is 830 euros, and the deposit is three months of rent.\n"
BEES = "# Bees\n\nA bee colony keeps its brood at 35 degrees.\n"
LEASE_FILE = Upload(name="lease.md", data=LEASE.encode())


@pytest.fixture
def app(tmp_path):
    with build_app(load_settings(tmp_path / "data"), owner=True) as app:
        yield app


@pytest.fixture
def base_id(app):
    base = app.library.create("Insects")
    app.jobs.wait(app.library.add_files(base.id, [Upload(name="bees.md", data=BEES.encode())]))
    return base.id


def ask(app, question, *uploads, base_ids=(), conversation_id=None, **more):
    if uploads:
        turn = NewTurn(
            conversation_id=conversation_id, question=question, title=question, base_ids=base_ids, model_id="quote"
        )
        conversation_id = app.attachments.add(turn, uploads)
    names = attached_names(uploads)
    request = AskRequest(
        question=question, base_ids=base_ids, conversation_id=conversation_id, attachments=names, language="en", **more
    )
    generation = app.answering.ask(request)
    return generation, generation.wait()


def private_base(app, answer):
    question = app.history.before(answer.id, last=1)[0]
    return app.attachments.of(answer.conversation_id, question.id).base_id


def test_an_answer_waits_for_the_file_and_cites_it_beside_the_bases(app, base_id):
    generation, answer = ask(app, "How much is the monthly rent of the flat?", LEASE_FILE, base_ids=(base_id,))
    told = [event for event in generation.events() if isinstance(event, Reading)]
    assert told[-1] == Reading(done=1, total=1)
    assert "830 euros" in answer.text
    assert {source.document for source in answer.sources} >= {"lease.md"}
    assert "monthly rent" in app.library.text(answer.sources[0].document_id).text

    _, follow_up = ask(
        app, "At which temperature is the brood of a bee colony?", base_ids=(base_id,),
        conversation_id=answer.conversation_id,
    )  # fmt: skip
    assert "35 degrees" in follow_up.text
    asked = app.history.messages(answer.conversation_id)
    assert [message.attachments for message in asked] == [("lease.md",), (), (), ()]


def test_nobody_else_sees_the_file(app, base_id):
    _, answer = ask(app, "How much is the rent?", LEASE_FILE, base_ids=(base_id,))
    base = app.library.base(private_base(app, answer))
    assert [one.id for one in app.library.bases()] == [base_id]
    assert app.library.find(base.name) is None
    assert app.history.conversation(answer.conversation_id).base_ids == (base_id,)
    _, elsewhere = ask(app, "How much is the rent?", base_ids=(base_id,))
    assert "830" not in elsewhere.text
    assert "lease.md" not in {source.document for source in elsewhere.sources}
    # A base with the name of the conversation can still be made.
    assert app.library.create(base.name).conversation_id == ""


def test_without_any_base_the_file_alone_is_asked_even_about_itself(app):
    _, answer = ask(app, "What is in this file?", LEASE_FILE)
    assert answer.status == "complete"
    assert "830 euros" in answer.text
    assert [source.document for source in answer.sources] == ["lease.md"]
    _, again = ask(app, "Summarise the document.", conversation_id=answer.conversation_id)
    assert [source.document for source in again.sources] == ["lease.md"]
    _, other = ask(app, "Who won the football match?", conversation_id=answer.conversation_id)
    assert other.status == "no_sources"


def test_a_file_that_cannot_be_read_is_named_and_the_rest_answers(app):
    broken = Upload(name="scan.pdf", data=b"%PDF-1.7 broken")
    _, answer = ask(app, "How much is the monthly rent?", broken, LEASE_FILE)
    assert "830 euros" in answer.text
    (problem,) = answer.problems
    assert problem.params["attached"] == "scan.pdf"
    assert app.history.message(answer.id).problems == (problem,)


def test_limits_of_the_search_do_not_leave_out_what_was_attached(app, base_id):
    filters = SearchFilters(tags=("nothing has this tag",))
    _, answer = ask(app, "How much is the monthly rent?", LEASE_FILE, base_ids=(base_id,), filters=filters)
    assert {source.document for source in answer.sources} == {"lease.md"}
    broken = Upload(name="scan.pdf", data=b"%PDF-1.7 broken")
    _, nothing = ask(app, "How warm is the brood?", broken, base_ids=(base_id,), filters=filters)
    assert nothing.status == "no_sources"


def test_the_files_go_with_their_conversation_and_come_back_with_it(app):
    _, answer = ask(app, "How much is the monthly rent?", LEASE_FILE)
    chat, base_id = answer.conversation_id, private_base(app, answer)
    app.history.delete(chat)
    app.history.tidy()
    app.history.restore(chat)
    _, again = ask(app, "How much is the deposit?", conversation_id=chat)
    assert "three months" in again.text

    [document] = app.library.documents(base_id)
    original = app.library.original(document.id)
    app.history.delete(chat)
    assert app.history.empty_trash() == 1
    with pytest.raises(NotFoundError):
        app.library.base(base_id)
    assert not original.exists()


def test_a_kill_before_the_answer_loses_nothing(tmp_path, monkeypatch):
    settings = load_settings(tmp_path / "data")
    build_app(settings, owner=True).close()
    monkeypatch.setattr("kb_app.services.answers.attachments.LONGEST_S", 0.01)
    with build_app(settings, owner=False) as beside:  # reads nothing, as a process that was killed
        _, unread = ask(beside, "How much is the monthly rent?", LEASE_FILE)
        assert unread.problems == (ErrorInfo(code="attachment_slow", params={"attached": "lease.md"}),)
        assert unread.status == "no_sources"
    monkeypatch.undo()
    with build_app(settings, owner=True) as app:
        question, _ = app.history.messages(unread.conversation_id)
        _, again = ask(app, question.text, conversation_id=unread.conversation_id, again_id=question.id)
        assert "830 euros" in again.text
        assert again.problems == ()


def test_files_of_a_conversation_are_read_before_all_others(tmp_path):
    settings = load_settings(tmp_path / "data")
    build_app(settings, owner=True).close()
    with build_app(settings, owner=False) as beside:
        base = beside.library.create("Insects")
        beside.library.add_files(base.id, [Upload(name="bees.md", data=BEES.encode())])
        turn = NewTurn(conversation_id=None, question="q", title="q", base_ids=(base.id,), model_id="quote")
        beside.attachments.add(turn, [LEASE_FILE])
    database = Database(settings.data_dir / DATABASE_FILE)
    jobs = JobRepository(database)
    assert [claimed.job.name for claimed in (jobs.claim(), jobs.claim())] == ["lease.md", "bees.md"]
    database.close()


def test_files_that_are_indexed_anew_answer_meanwhile_and_without_a_notice(app, monkeypatch):
    _, answer = ask(app, "How much is the rent?", LEASE_FILE)
    app.library._bases.change(private_base(app, answer), {"analyzer_version": 0})
    monkeypatch.setattr(app._worker._jobs, "claim", lambda: None)  # it has not come to it yet
    app.renew_indexes()
    assert [job.kind for job in app.jobs.active()] == ["reindex"]
    assert app.notices.current() == []
    generation, again = ask(app, "How many months of rent is the deposit?", conversation_id=answer.conversation_id)
    assert "three months" in again.text
    assert not [event for event in generation.events() if isinstance(event, Reading)]


def test_an_export_holds_passages_and_names_but_no_file(app):
    _, answer = ask(app, "How much is the monthly rent?", LEASE_FILE)
    exported = app.exporter.export([answer.conversation_id], "json", "en")
    app.history.delete(answer.conversation_id)
    app.history.empty_trash()
    app.importer.run(exported.data)
    question, saved = app.history.messages(answer.conversation_id)
    assert question.attachments == ("lease.md",)
    assert "830 euros" in saved.sources[0].text
    assert not app.attachments.has_files(answer.conversation_id)
