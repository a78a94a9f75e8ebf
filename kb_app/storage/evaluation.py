"""Repository of evaluation sets and their cases. Every method is one transaction."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import case as when
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kb_app.errors import DuplicateSetError, EvaluationGoneError, NotFoundError
from kb_app.models import EvaluationCase, EvaluationSet, ExpectedPassage, SetKind
from kb_app.storage.database import Database
from kb_app.storage.rows import new_id, now
from kb_app.storage.tables import EvaluationCaseRow, EvaluationSetRow, KnowledgeBaseRow


class EvaluationRepository:
    """The evaluation sets of every base."""

    def __init__(self, database: Database) -> None:
        """Read and write ``database``."""
        self._database = database

    # --- sets ----------------------------------------------------------------------------------

    def require_base(self, base_id: str) -> None:
        """Raise NotFoundError where there is no such base (any more)."""
        with self._database.read() as session:
            _require_base(session, base_id)

    def sets(self, base_id: str) -> list[EvaluationSet]:
        """Return the sets of a base, oldest first."""
        drafts = func.coalesce(func.sum(when((EvaluationCaseRow.status == "draft", 1), else_=0)), 0)
        query = (
            select(EvaluationSetRow, func.count(EvaluationCaseRow.id), drafts)
            .outerjoin(EvaluationCaseRow, EvaluationCaseRow.set_id == EvaluationSetRow.id)
            .where(EvaluationSetRow.base_id == base_id)
            .group_by(EvaluationSetRow.id)
            .order_by(EvaluationSetRow.created_at)
        )
        with self._database.read() as session:
            return [_to_set(row, count, waiting) for row, count, waiting in session.execute(query)]

    def set(self, set_id: str) -> EvaluationSet:
        """Return one set. Raises EvaluationGoneError."""
        with self._database.read() as session:
            row = _get(session, set_id)
            base_id = row.base_id
        return next(one for one in self.sets(base_id) if one.id == set_id)

    def create_set(self, base_id: str, name: str, kind: SetKind = "") -> str:
        """Create a set and return its id.

        Raises:
            DuplicateSetError: the base has one of this name.
            NotFoundError: there is no such base (any more).
        """
        row = EvaluationSetRow(id=new_id(), base_id=base_id, name=name, kind=kind, created_at=now())
        try:
            with self._database.write() as session:
                _require_base(session, base_id)
                session.add(row)
        except IntegrityError as error:
            raise DuplicateSetError(name, name=name) from error
        return row.id

    def ensure_set(self, base_id: str, name: str, kind: SetKind) -> str:
        """Return the id of the base's set of this kind; make it at first use. Raises NotFoundError."""
        query = select(EvaluationSetRow.id).where(EvaluationSetRow.base_id == base_id, EvaluationSetRow.kind == kind)
        with self._database.write() as session:
            found = session.scalar(query)
            if found is None:
                _require_base(session, base_id)
                found = new_id()
                session.add(EvaluationSetRow(id=found, base_id=base_id, name=name, kind=kind, created_at=now()))
            return found

    def rename_set(self, set_id: str, name: str) -> None:
        """Name a set. Raises EvaluationGoneError, DuplicateSetError."""
        try:
            with self._database.write() as session:
                _get(session, set_id).name = name
        except IntegrityError as error:
            raise DuplicateSetError(name, name=name) from error

    def delete_set(self, set_id: str) -> None:
        """Delete a set with its cases; its runs stay."""
        with self._database.write() as session:
            session.execute(delete(EvaluationSetRow).where(EvaluationSetRow.id == set_id))

    # --- cases ---------------------------------------------------------------------------------

    def cases(self, set_id: str) -> list[EvaluationCase]:
        """Return the cases of a set in the order they were added."""
        query = select(EvaluationCaseRow).where(EvaluationCaseRow.set_id == set_id)
        ordered = query.order_by(EvaluationCaseRow.created_at, EvaluationCaseRow.id)
        with self._database.read() as session:
            return [_to_case(row) for row in session.scalars(ordered)]

    def find(self, set_id: str, question_key: str) -> EvaluationCase | None:
        """Return the first case of a set that asks this question, by its normal form."""
        query = select(EvaluationCaseRow).where(
            EvaluationCaseRow.set_id == set_id, EvaluationCaseRow.question_key == question_key
        )
        with self._database.read() as session:
            row = session.scalars(query.order_by(EvaluationCaseRow.created_at)).first()
            return None if row is None else _to_case(row)

    def add(self, set_id: str, cases: Sequence[tuple[str, EvaluationCase]]) -> list[EvaluationCase]:
        """Insert (question key, case) pairs, all or none; return them with their ids. Raises EvaluationGoneError."""
        with self._database.write() as session:
            _get(session, set_id)
            rows = [_new_row(set_id, key, case) for key, case in cases]
            session.add_all(rows)
            return [_to_case(row) for row in rows]

    def save(self, case: EvaluationCase, question_key: str) -> None:
        """Save a changed case. Raises EvaluationGoneError."""
        with self._database.write() as session:
            row = session.get(EvaluationCaseRow, case.id)
            if row is None:
                raise EvaluationGoneError(case.id)
            for name, value in _values(question_key, case).items():
                setattr(row, name, value)
            row.updated_at = now()

    def delete(self, case_ids: Collection[str]) -> None:
        """Delete cases."""
        with self._database.write() as session:
            session.execute(delete(EvaluationCaseRow).where(EvaluationCaseRow.id.in_(case_ids)))


def case_to_json(case: EvaluationCase) -> dict[str, Any]:
    """Return the JSON form of a case."""
    return asdict(case)


def case_from_json(value: dict[str, Any]) -> EvaluationCase:
    """Return the case a JSON form stands for."""
    passages = tuple(ExpectedPassage(**passage) for passage in value["passages"])
    return EvaluationCase(**{**value, "answers": tuple(value["answers"]), "passages": passages})


def _require_base(session: Session, base_id: str) -> None:
    if session.get(KnowledgeBaseRow, base_id) is None:
        raise NotFoundError(f"base {base_id}", name=base_id)


def _get(session: Session, set_id: str) -> EvaluationSetRow:
    row = session.get(EvaluationSetRow, set_id)
    if row is None:
        raise EvaluationGoneError(set_id)
    return row


def _new_row(set_id: str, question_key: str, case: EvaluationCase) -> EvaluationCaseRow:
    time = now()
    return EvaluationCaseRow(
        id=new_id(), set_id=set_id, created_at=time, updated_at=time, **_values(question_key, case)
    )


def _values(question_key: str, case: EvaluationCase) -> dict[str, Any]:
    return {
        "question": case.question,
        "question_key": question_key,
        "expected": {
            "answers": list(case.answers),
            "passages": [asdict(passage) for passage in case.passages],
            "refuses": case.refuses,
        },
        "origin": case.origin,
        "status": case.status,
        "split": case.split,
        "question_group": case.group,
        "correction_id": case.correction_id,
        "note": case.note,
    }


def _to_set(row: EvaluationSetRow, case_count: int, draft_count: int) -> EvaluationSet:
    return EvaluationSet(
        id=row.id,
        base_id=row.base_id,
        name=row.name,
        kind=row.kind,  # type: ignore[arg-type]  # only written from SetKind
        case_count=case_count,
        draft_count=draft_count,
        created_at=row.created_at,
    )


def _to_case(row: EvaluationCaseRow) -> EvaluationCase:
    return case_from_json(
        {
            **row.expected,
            "id": row.id,
            "set_id": row.set_id,
            "question": row.question,
            "origin": row.origin,
            "status": row.status,
            "split": row.split,
            "group": row.question_group,
            "correction_id": row.correction_id,
            "note": row.note,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
        }
    )
