"""Sets of cases, runs over them, and which items went into training."""

from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb_app.storage.tables.base import Row


class EvaluationSetRow(Row):
    """A named set of cases of one base."""

    __tablename__ = "evaluation_sets"
    __table_args__ = (UniqueConstraint("base_id", "name"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    base_id: Mapped[str] = mapped_column(ForeignKey("knowledge_bases.id", ondelete="CASCADE"))
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(default="")
    created_at: Mapped[str]


class EvaluationCaseRow(Row):
    """A question with what is expected; ``expected`` holds the answers, the passages and whether to decline."""

    __tablename__ = "evaluation_cases"

    id: Mapped[str] = mapped_column(primary_key=True)
    set_id: Mapped[str] = mapped_column(ForeignKey("evaluation_sets.id", ondelete="CASCADE"), index=True)
    question: Mapped[str]
    question_key: Mapped[str] = mapped_column(index=True)  # its normal form: questions that read alike are one
    expected: Mapped[dict[str, Any]]
    origin: Mapped[str]
    status: Mapped[str]
    split: Mapped[str] = mapped_column(default="test")
    question_group: Mapped[str] = mapped_column(default="")
    correction_id: Mapped[str | None] = mapped_column(index=True)
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[str]
    updated_at: Mapped[str]


class EvaluationRunRow(Row):
    """One run, or one generation of questions. It outlives its set, whose name it remembers."""

    __tablename__ = "evaluation_runs"

    id: Mapped[str] = mapped_column(primary_key=True)
    base_id: Mapped[str] = mapped_column(ForeignKey("knowledge_bases.id", ondelete="CASCADE"), index=True)
    set_id: Mapped[str] = mapped_column(index=True)
    set_name: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    settings: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(index=True)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[dict[str, Any]] = mapped_column(default=dict)  # counts and summary once it has ended
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    error: Mapped[dict[str, Any] | None]
    created_at: Mapped[str]
    ended_at: Mapped[str] = mapped_column(default="")


class EvaluationResultRow(Row):
    """What a run answered to one case; ``case_content`` is the case as it was then."""

    __tablename__ = "evaluation_results"

    run_id: Mapped[str] = mapped_column(ForeignKey("evaluation_runs.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    case_content: Mapped[dict[str, Any]]
    outcome: Mapped[dict[str, Any] | None]  # None until it was answered


class TrainingItemRow(Row):
    """A question whose right answer was exported, and into which split. No foreign keys: what was seen stays seen."""

    __tablename__ = "training_items"

    subject_id: Mapped[str] = mapped_column(primary_key=True)
    base_id: Mapped[str] = mapped_column(index=True)
    question: Mapped[str]
    split: Mapped[str]
    exported_at: Mapped[str]
