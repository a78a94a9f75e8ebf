"""Corrections over a real database: what an answer leaves in one, versions, and who may approve."""

from dataclasses import replace

import pytest

from kb_app.errors import (
    CorrectionConflictError,
    CorrectionEmptyError,
    CorrectionGoneError,
    NotFoundError,
    SecondPersonError,
)
from kb_app.models import ChatMessage, Correction, KnowledgeBase, Message, NewTurn, Source
from kb_app.services.corrections.curation import Corrections
from kb_app.storage.conversations import ConversationRepository
from kb_app.storage.corrections import CorrectionRepository
from kb_app.storage.database import Database
from kb_app.storage.migrate import migrate

BASE = KnowledgeBase(
    id="b", name="茶", embedder="builtin", dimension=256, analyzer_version=1, chunking_version=1,
    chunk_size_units=300, chunk_overlap_units=60, created_at="2026",
)  # fmt: skip


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "kb.sqlite3")
    migrate(database)
    yield database
    database.close()


def service(database, **options):
    conversations = ConversationRepository(database)
    return Corrections(CorrectionRepository(database), conversations, lambda _id: BASE, top_k=8, **options)


def source(marker, text="绿茶用八十度的水"):
    return Source(
        marker=marker, base_id="b", document_id="d", document="茶.md", chunk_id=f"d:{marker}", text=text, score=0.9
    )


def answered(database, question, text, conversation=None, **fields):
    """Save a question with its answer; return the conversation's id and the answer's."""
    conversations = ConversationRepository(database)
    turn = conversations.start_turn(
        NewTurn(conversation_id=conversation, question=question, title=question, base_ids=("b",), model_id="ollama/x")
    )
    given = {
        "status": "complete",
        "model_id": "ollama/x",
        "sources": (source(1), source(2)),
        "cited": (2,),
        "confidence": 0.7,
    } | fields
    conversations.save_answer(
        Message(id=turn.answer_id, conversation_id=turn.conversation_id, role="assistant", text=text, **given)
    )
    return turn.conversation_id, turn.answer_id


def written(**fields):
    return Correction(**{"id": "", "base_id": "b", "question": "绿茶用多少度的水？", "chosen": "八十度。", **fields})


def test_a_draft_from_an_answer_holds_everything_that_was_seen(database):
    conversation, _ = answered(database, "绿茶怎么泡？", "用热水。")
    _, answer = answered(database, "多少度？", "一百度[2]。", conversation, query="绿茶 多少度")
    draft = service(database).from_message(answer, "小李")
    assert (draft.id, draft.version, draft.status, draft.author, draft.base_id) == ("", 0, "draft", "小李", "b")
    assert (draft.question, draft.rejected, draft.chosen) == ("多少度？", "一百度[2]。", "")
    assert draft.history == (
        ChatMessage(role="user", content="绿茶怎么泡？"),
        ChatMessage(role="assistant", content="用热水。"),
    )
    assert [one.marker for one in draft.sources] == [1, 2]
    assert [one.marker for one in draft.support] == [2]
    assert (draft.model_id, draft.confidence, draft.message_id) == ("ollama/x", 0.7, answer)
    assert draft.settings == {
        "top_k": 8, "query": "绿茶 多少度", "embedder": "builtin", "chunk_size": 300, "chunk_overlap": 60
    }  # fmt: skip


def test_that_nothing_was_found_is_no_answer_to_begin_with(database):
    _, answer = answered(database, "王阳明是谁？", "没有找到相关内容。", status="no_sources", cited=())
    draft = service(database).from_message(answer)
    assert (draft.question, draft.rejected, draft.chosen) == ("王阳明是谁？", "", "")
    assert [one.marker for one in draft.sources] == [1, 2]


def test_an_answer_has_one_correction(database):
    _, answer = answered(database, "绿茶怎么泡？", "用开水。")
    corrections = service(database)
    draft = corrections.from_message(answer, "小李")
    saved = corrections.create(replace(draft, chosen="用八十度的水。"))
    assert corrections.from_message(answer, "小王") == saved
    assert corrections.of_messages([answer, "other"]) == {answer: saved}


def test_of_two_first_corrections_of_one_answer_the_second_is_refused(database):
    _, answer = answered(database, "绿茶怎么泡？", "用开水。")
    corrections = service(database)
    one, other = corrections.from_message(answer, "小李"), corrections.from_message(answer, "小王")
    saved = corrections.create(replace(one, chosen="用八十度的水。"))
    with pytest.raises(CorrectionConflictError) as refused:
        corrections.create(replace(other, chosen="用温水。"))
    assert refused.value.params["name"] == "小李"
    assert corrections.all() == [saved]
    corrections.archive(saved.id)
    corrections.create(replace(other, chosen="用温水。"))


def test_only_an_answer_can_be_corrected(database):
    conversation, _ = answered(database, "绿茶怎么泡？", "用开水。")
    asked = ConversationRepository(database).messages(conversation)[0]
    with pytest.raises(NotFoundError):
        service(database).from_message(asked.id)
    with pytest.raises(NotFoundError):
        service(database).from_message("nothing")


def test_everything_written_comes_back_as_it_was(database):
    corrections = service(database)
    full = written(
        rejected="一百度。", history=(ChatMessage(role="user", content="你好"),), sources=(source(1),),
        support=(source(2),), source_is_wrong=True, reasons=("invented", "style"), note="见第二页", model_id="m",
        prompt=(ChatMessage(role="system", content="s"),), settings={"top_k": 8}, confidence=0.5, origin="import",
        author="小李", group="g", external={"dify_id": "7"},
    )  # fmt: skip
    saved = corrections.create(full)
    assert corrections.get(saved.id) == saved
    assert replace(saved, id="", created_at="", updated_at="") == full


def test_every_version_is_kept_with_who_saved_it(database):
    corrections = service(database)
    first = corrections.create(written(author="小李", chosen="九十度。"))
    second = corrections.save(replace(first, chosen="八十度。"), "小王")
    corrections.approve(second.id, "小李")
    told = [(one.version, one.chosen, one.status, editor) for one, editor in corrections.versions(first.id)]
    assert told == [
        (3, "八十度。", "approved", "小李"),
        (2, "八十度。", "draft", "小王"),
        (1, "九十度。", "draft", "小李"),
    ]


def test_a_lost_update_is_refused_and_says_who_was_faster(database):
    corrections = service(database)
    seen = corrections.create(written(author="小李"))
    corrections.save(replace(seen, chosen="七十五度。"), "小王")
    with pytest.raises(CorrectionConflictError) as caught:
        corrections.save(replace(seen, chosen="八十五度。"), "小李")
    assert caught.value.params == {"name": "小王", "version": 2}
    assert corrections.get(seen.id).chosen == "七十五度。"


def test_nothing_without_a_question_is_saved_and_nothing_without_an_answer_approved(database):
    corrections = service(database)
    with pytest.raises(CorrectionEmptyError):
        corrections.create(written(question="  "))
    draft = corrections.create(written(chosen=" "))
    with pytest.raises(CorrectionEmptyError):
        corrections.approve(draft.id, "小李")


def test_one_person_may_write_and_approve_where_nobody_else_is_wanted(database):
    corrections = service(database)
    draft = corrections.create(written(author="小李"))
    approved = corrections.approve(draft.id, "小李")
    assert (approved.status, approved.reviewer, approved.version) == ("approved", "小李", 2)


def test_where_a_second_person_is_wanted_no_writer_approves_and_a_change_undoes_it(database):
    corrections = service(database, needs_second_person=True)
    draft = corrections.create(written(author="小李"))
    changed = corrections.save(replace(draft, chosen="八十度左右。"), "小王")
    for writer in ("小李", " 小王 ", ""):
        with pytest.raises(SecondPersonError):
            corrections.approve(changed.id, writer)
    approved = corrections.approve(changed.id, "小张")
    assert approved.status == "approved"
    assert corrections.save(replace(approved, chosen="八十五度。"), "小张").status == "draft"


def test_corrections_are_found_by_base_state_and_words(database):
    corrections = service(database)
    tea = corrections.create(written())
    bike = corrections.create(written(base_id="c", question="How do I patch a tube?", chosen="Use 100% rubber."))
    corrections.approve(tea.id, "小李")
    assert [one.id for one in corrections.all("b")] == [tea.id]
    assert [one.id for one in corrections.all(status="draft")] == [bike.id]
    assert [one.id for one in corrections.all(words="100%")] == [bike.id]
    assert [one.id for one in corrections.all(words="八十")] == [tea.id]
    assert corrections.all(words="100_") == []
    assert (corrections.count(), corrections.count("b"), corrections.count(status="archived")) == (2, 1, 0)
    assert [one.id for one in corrections.all(limit=1, offset=1)] == [bike.id]


def test_what_is_deleted_is_gone_with_its_versions(database):
    corrections = service(database)
    draft = corrections.create(written())
    corrections.archive(draft.id)
    assert corrections.reopen(draft.id).status == "draft"
    corrections.delete(draft.id)
    for read in (corrections.get, corrections.versions):
        with pytest.raises(CorrectionGoneError):
            read(draft.id)
    assert corrections.all() == []


def test_not_helpful_counts_once_a_question(database):
    repository = CorrectionRepository(database)
    (one,) = repository.add([written()])
    for key in ("a", "a", "b"):
        repository.refuse(one.id, key)
    repository.count_hit(one.id)
    saved = repository.get(one.id)
    assert (saved.hits, saved.not_helpful, repository.refused("a"), repository.refused("c")) == (1, 2, {one.id}, set())
