"""Evaluation sets over a real database: people's cases, files, marks, and corrections kept in step."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kb_app.errors import (
    CaseEmptyError,
    DuplicateSetError,
    EvaluationGoneError,
    NotFoundError,
    QuestionsFileError,
    SetNameError,
)
from kb_app.models import Correction, EvaluationCase, Source
from kb_app.services.evaluation.sets import Evaluation
from kb_app.storage.corrections import CorrectionRepository
from kb_app.storage.database import Database
from kb_app.storage.evaluation import EvaluationRepository
from kb_app.storage.migrate import migrate
from kb_app.storage.tables import KnowledgeBaseRow
from kb_app.storage.training import TrainingItem, TrainingRepository

BASE = "b"
PASSAGE = Source(
    marker=1,
    base_id=BASE,
    document_id="d",
    document="绿茶.md",
    chunk_id="d:0",
    text="绿茶用八十度的水冲泡",
    score=0.9,
    page=2,
)

NO_QUESTION = EvaluationCase(question=" ", answers=("a",))
NOTHING_EXPECTED = EvaluationCase(question="q", answers=(" ",))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "kb.sqlite3")
    migrate(database)
    made_by = {"embedder": "builtin", "dimension": 8, "analyzer_version": 1, "chunking_version": 1}
    sizes = {"chunk_size_units": 300, "chunk_overlap_units": 30}
    with database.write() as session:
        session.add(KnowledgeBaseRow(id=BASE, name="茶", name_key="茶", created_at="2026", **made_by, **sizes))
    yield database
    database.close()


@pytest.fixture
def corrections(database: Database) -> CorrectionRepository:
    return CorrectionRepository(database)


@pytest.fixture
def training(database: Database) -> TrainingRepository:
    return TrainingRepository(database)


@pytest.fixture
def evaluation(database: Database, corrections: CorrectionRepository, training: TrainingRepository) -> Evaluation:
    return Evaluation(EvaluationRepository(database), corrections, training)


def approved(corrections: CorrectionRepository, question: str, **more: object) -> Correction:
    draft = Correction(
        id="", base_id=BASE, question=question, chosen="八十度 [1]", support=(PASSAGE,), status="approved"
    )
    return corrections.add([replace(draft, **more)])[0]  # type: ignore[arg-type]


def test_a_deleted_base_has_no_sets_whatever_corrections_it_left(
    database: Database, evaluation: Evaluation, corrections: CorrectionRepository
) -> None:
    kept = approved(corrections, "绿茶用多少度的水？")
    assert [one.kind for one in evaluation.sets(BASE)] == ["corrections"]
    with database.write() as session:
        session.delete(session.get_one(KnowledgeBaseRow, BASE))
    for attempt in (
        lambda: evaluation.sets(BASE),
        lambda: evaluation.create_set(BASE, "茶"),
        lambda: evaluation.mark_passage(BASE, "水温？", PASSAGE),
    ):
        with pytest.raises(NotFoundError):
            attempt()
    assert evaluation.marked_chunks(BASE, "水温？") == frozenset()
    assert corrections.get(kept.id) == kept


def test_sets_are_named_once_and_hold_cases(evaluation: Evaluation) -> None:
    made = evaluation.create_set(BASE, " 茶  题 ")
    assert made.name == "茶 题"
    with pytest.raises(DuplicateSetError):
        evaluation.create_set(BASE, "茶 题")
    with pytest.raises(SetNameError):
        evaluation.create_set(BASE, "  ")
    case = evaluation.add_case(made.id, EvaluationCase(question=" 水温？ ", answers=("八十度", " ")))
    assert (case.question, case.answers) == ("水温？", ("八十度",))
    evaluation.add_case(made.id, EvaluationCase(question="天气？", refuses=True, status="draft", origin="generated"))
    found = evaluation.find(BASE, "茶 题")
    assert found is not None
    assert (found.case_count, found.draft_count) == (2, 1)
    (draft,) = [one for one in evaluation.cases(made.id) if one.status == "draft"]
    evaluation.save_case(replace(draft, status="approved"))
    assert evaluation.set(made.id).draft_count == 0
    evaluation.delete_cases([case.id])
    assert [one.question for one in evaluation.cases(made.id)] == ["天气？"]
    evaluation.delete_set(made.id)
    assert evaluation.sets(BASE) == []


@pytest.mark.parametrize("case", [NO_QUESTION, NOTHING_EXPECTED])
def test_a_case_asks_and_expects_something(evaluation: Evaluation, case: EvaluationCase) -> None:
    made = evaluation.create_set(BASE, "s")
    with pytest.raises(CaseEmptyError):
        evaluation.add_case(made.id, case)


def test_what_is_gone_is_said(evaluation: Evaluation) -> None:
    with pytest.raises(EvaluationGoneError):
        evaluation.set("nowhere")
    with pytest.raises(EvaluationGoneError):
        evaluation.add_case("nowhere", EvaluationCase(question="q", answers=("a",)))
    with pytest.raises(EvaluationGoneError):
        evaluation.save_case(EvaluationCase(id="nowhere", question="q", answers=("a",)))


def test_a_file_is_taken_once_and_whole(evaluation: Evaluation) -> None:
    data = "question,answer\n水温？,八十度\n水温,80\n产地？,杭州\n".encode()
    assert evaluation.import_questions(BASE, "题", data, "q.csv") == (2, 1, 0)
    assert evaluation.import_questions(BASE, "题", data, "q.csv") == (0, 3, 0)
    with pytest.raises(QuestionsFileError):
        evaluation.import_questions(BASE, "题", b"question,answer\nx,y\nz,\n", "bad.csv")
    (found,) = evaluation.sets(BASE)
    assert found.case_count == 2


def test_marks_are_one_case_a_query(evaluation: Evaluation) -> None:
    other = replace(PASSAGE, chunk_id="d:1", text="水太烫会发苦")
    evaluation.mark_passage(BASE, "绿茶水温？", PASSAGE)
    evaluation.mark_passage(BASE, "绿茶水温", other)
    evaluation.mark_passage(BASE, "绿茶水温", other)
    assert evaluation.marked_chunks(BASE, "綠茶水温") == {"d:0", "d:1"}
    assert evaluation.marked_chunks(BASE, "别的") == frozenset()
    (made,) = evaluation.sets(BASE)
    assert (made.kind, made.case_count) == ("marks", 1)
    (case,) = evaluation.cases(made.id)
    assert (case.origin, case.passages[0].document, case.passages[0].page) == ("mark", "绿茶.md", 2)
    evaluation.unmark_passage(BASE, "绿茶水温", PASSAGE)
    assert evaluation.marked_chunks(BASE, "绿茶水温") == {"d:1"}
    evaluation.unmark_passage(BASE, "绿茶水温", other)
    evaluation.unmark_passage(BASE, "绿茶水温", other)
    assert evaluation.cases(made.id) == []


def test_corrections_are_cases_as_long_as_they_hold(evaluation: Evaluation, corrections: CorrectionRepository) -> None:
    assert evaluation.sets(BASE) == []
    tea = approved(corrections, "绿茶用多少度的水？")
    approved(corrections, "今天天气怎么样？", support=(), reasons=("should_decline",), chosen="资料里没有。")
    approved(corrections, "草稿", status="draft")
    found = evaluation.find(BASE, "corrections")
    assert found is not None
    first, second = evaluation.cases(found.id)
    assert (first.question, first.answers, first.correction_id) == ("绿茶用多少度的水？", ("八十度",), tea.id)
    assert first.passages[0].text == PASSAGE.text
    assert second.refuses
    assert {first.split, second.split} == {"test"}
    saved = corrections.save(replace(tea, chosen="八十五度"), "me")
    evaluation.sets(BASE)
    changed, _ = evaluation.cases(found.id)
    assert (changed.id, changed.answers) == (first.id, ("八十五度",))
    corrections.move(saved.id, "passage_gone", [])
    evaluation.sets(BASE)
    assert [case.id for case in evaluation.cases(found.id)] == [second.id]


def test_what_a_model_was_trained_on_is_no_test_item(
    evaluation: Evaluation, corrections: CorrectionRepository, training: TrainingRepository
) -> None:
    tea = approved(corrections, "绿茶用多少度的水冲泡？")
    again = approved(corrections, "请问绿茶用几度的水冲泡")
    other = approved(corrections, "乌龙茶的产地在哪里？")
    training.record(BASE, {tea.id: TrainingItem(tea.question, "train"), other.id: TrainingItem(other.question, "test")})
    found = evaluation.find(BASE, "corrections")
    assert found is not None
    splits = {case.correction_id: case.split for case in evaluation.cases(found.id)}
    assert splits == {tea.id: "train", again.id: "train", other.id: "test"}
    assert evaluation.trained_questions(BASE) == [tea.question]
    # A later export that calls it a test item does not make the model forget it.
    training.record(BASE, {tea.id: TrainingItem(tea.question, "test")})
    assert training.items(BASE)[tea.id].split == "train"
