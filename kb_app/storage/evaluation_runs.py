"""Repository of evaluation runs and their results. Every method is one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from kb_app.errors import EvaluationGoneError
from kb_app.models import (
    CaseResult,
    ErrorInfo,
    EvaluationCase,
    EvaluationRun,
    Judgement,
    MetricSummary,
    RunKind,
    RunSettings,
    RunState,
)
from kb_app.storage.database import Database
from kb_app.storage.evaluation import case_from_json, case_to_json
from kb_app.storage.rows import (
    error_from_json,
    error_to_json,
    new_id,
    now,
    plain_to_json,
    source_from_json,
    source_to_json,
    usage_from_json,
)
from kb_app.storage.tables import EvaluationResultRow, EvaluationRunRow


class NewRun(NamedTuple):
    """What a run is made of; ``left_out`` cases were not taken."""

    base_id: str
    set_id: str
    set_name: str
    name: str
    kind: RunKind
    settings: RunSettings
    cases: Sequence[EvaluationCase]
    left_out: int = 0


class EvaluationRunRepository:
    """The evaluation runs of every base."""

    def __init__(self, database: Database) -> None:
        """Read and write ``database``."""
        self._database = database

    def create(self, new: NewRun, total: int | None = None) -> str:
        """Queue a run with its cases as they are now, and return its id; ``total`` is how many it has to write."""
        run_id = new_id()
        row = EvaluationRunRow(
            id=run_id,
            base_id=new.base_id,
            set_id=new.set_id,
            set_name=new.set_name,
            name=new.name,
            kind=new.kind,
            settings=asdict(new.settings),
            state="queued",
            total=len(new.cases) if total is None else total,
            outcome={"left_out": new.left_out},
            created_at=now(),
        )
        with self._database.write() as session:
            session.add(row)
            session.flush()
            session.add_all(
                EvaluationResultRow(run_id=run_id, position=position, case_content=case_to_json(case))
                for position, case in enumerate(new.cases)
            )
        return run_id

    def all(self, base_id: str) -> list[EvaluationRun]:
        """Return the runs of a base, newest first."""
        query = select(EvaluationRunRow).where(EvaluationRunRow.base_id == base_id)
        with self._database.read() as session:
            return [_to_run(row) for row in session.scalars(query.order_by(EvaluationRunRow.created_at.desc()))]

    def everywhere(self) -> list[EvaluationRun]:
        """Return the runs of every base, newest first."""
        with self._database.read() as session:
            rows = session.scalars(select(EvaluationRunRow).order_by(EvaluationRunRow.created_at.desc()))
            return [_to_run(row) for row in rows]

    def get(self, run_id: str) -> EvaluationRun:
        """Return one run. Raises EvaluationGoneError."""
        with self._database.read() as session:
            return _to_run(_get(session, run_id))

    def claim(self) -> EvaluationRun | None:
        """Take the oldest run that waits."""
        query = select(EvaluationRunRow).where(EvaluationRunRow.state == "queued")
        with self._database.read() as session:  # asked often, and others write
            if session.scalars(query.limit(1)).first() is None:
                return None
        with self._database.write() as session:
            row = session.scalars(query.order_by(EvaluationRunRow.created_at).limit(1)).first()
            if row is None:
                return None
            row.state = "running"
            return _to_run(row)

    def resume(self) -> None:
        """Put the runs that were running when the process died back into the queue; what is answered stays."""
        with self._database.write() as session:
            running = update(EvaluationRunRow).where(EvaluationRunRow.state == "running")
            session.execute(running.values(state="queued"))

    def pending(self, run_id: str) -> list[tuple[int, EvaluationCase]]:
        """Return the cases not answered yet with their positions."""
        query = select(EvaluationResultRow).where(
            EvaluationResultRow.run_id == run_id, EvaluationResultRow.outcome.is_(None)
        )
        with self._database.read() as session:
            rows = session.scalars(query.order_by(EvaluationResultRow.position))
            return [(row.position, case_from_json(row.case_content)) for row in rows]

    def is_cancelled(self, run_id: str) -> bool:
        """Return whether a run was asked to stop, or is gone."""
        with self._database.read() as session:
            row = session.get(EvaluationRunRow, run_id)
            return row is None or row.cancel_requested

    def save(self, run_id: str, result: CaseResult) -> None:
        """Save the answer to one case; nothing when the run is gone."""
        with self._database.write() as session:
            row = session.get(EvaluationResultRow, (run_id, result.position))
            run = session.get(EvaluationRunRow, run_id)
            if row is not None and run is not None:
                run.done += row.outcome is None
                row.outcome = _result_to_json(result)

    def finish(
        self, run_id: str, state: RunState, outcome: Mapping[str, Any] | None = None, error: ErrorInfo | None = None
    ) -> None:
        """Record how a run ended; ``outcome`` holds ``summary`` and the counts."""
        with self._database.write() as session:
            row = session.get(EvaluationRunRow, run_id)
            if row is not None:
                row.state, row.error, row.ended_at = state, error_to_json(error), now()
                row.outcome = {**row.outcome, **(outcome or {})}

    def progress(self, run_id: str, done: int) -> None:
        """Record how far a generation of questions is."""
        with self._database.write() as session:
            changed = update(EvaluationRunRow).where(EvaluationRunRow.id == run_id)
            session.execute(changed.values(done=done))

    def cancel(self, run_id: str) -> None:
        """Ask a run to stop; what waits is cancelled at once."""
        with self._database.write() as session:
            row = session.get(EvaluationRunRow, run_id)
            if row is not None and row.state in ("queued", "running"):
                row.cancel_requested = True
                if row.state == "queued":
                    row.state, row.ended_at = "cancelled", now()

    def delete(self, run_id: str) -> None:
        """Delete a run with its results."""
        with self._database.write() as session:
            session.execute(delete(EvaluationRunRow).where(EvaluationRunRow.id == run_id))

    def results(self, run_id: str) -> list[CaseResult]:
        """Return what was answered so far, in the order of the cases."""
        query = select(EvaluationResultRow).where(EvaluationResultRow.run_id == run_id)
        with self._database.read() as session:
            rows = session.scalars(query.order_by(EvaluationResultRow.position))
            return [_to_result(row) for row in rows if row.outcome is not None]

    def count(self, base_id: str) -> int:
        """Return how many runs a base has had."""
        with self._database.read() as session:
            query = select(func.count()).where(EvaluationRunRow.base_id == base_id, EvaluationRunRow.kind == "run")
            return session.scalar(query) or 0


def _get(session: Session, run_id: str) -> EvaluationRunRow:
    row = session.get(EvaluationRunRow, run_id)
    if row is None:
        raise EvaluationGoneError(run_id)
    return row


def _to_run(row: EvaluationRunRow) -> EvaluationRun:
    outcome = row.outcome
    return EvaluationRun(
        id=row.id,
        base_id=row.base_id,
        set_id=row.set_id,
        set_name=row.set_name,
        name=row.name,
        kind=row.kind,  # type: ignore[arg-type]  # only written from RunKind
        settings=RunSettings(**row.settings),
        state=row.state,  # type: ignore[arg-type]  # only written from RunState
        done=row.done,
        total=row.total,
        reused=outcome.get("reused", 0),
        left_out=outcome.get("left_out", 0),
        failed=outcome.get("failed", 0),
        summary={name: MetricSummary(**value) for name, value in outcome.get("summary", {}).items()},
        error=error_from_json(row.error),
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def _result_to_json(result: CaseResult) -> dict[str, Any]:
    return {
        "answer": result.answer,
        "status": result.status,
        "sources": [source_to_json(source) for source in result.sources],
        "cited": list(result.cited),
        "confidence": result.confidence,
        "reused_id": result.reused_id,
        "metrics": dict(result.metrics),
        "judgement": asdict(result.judgement) if result.judgement else None,
        "usage": plain_to_json(result.usage),
        "elapsed_s": result.elapsed_s,
        "error": error_to_json(result.error),
    }


def _to_result(row: EvaluationResultRow) -> CaseResult:
    outcome = row.outcome or {}
    return CaseResult(
        **{
            **outcome,
            "position": row.position,
            "case": case_from_json(row.case_content),
            "sources": tuple(map(source_from_json, outcome["sources"])),
            "cited": tuple(outcome["cited"]),
            "judgement": Judgement(**outcome["judgement"]) if outcome["judgement"] else None,
            "usage": usage_from_json(outcome["usage"]),
            "error": error_from_json(outcome["error"]),
        }
    )
