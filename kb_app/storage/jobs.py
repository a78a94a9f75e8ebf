"""Repository of background jobs. The table is also how another process hands work to the owner of the data folder."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, delete, func, select, update
from sqlalchemy import Row as RowOf

from kb_app.models import PASSWORD_CODES, ErrorInfo, Job, JobKind, JobState
from kb_app.storage.database import Database
from kb_app.storage.rows import error_from_json, error_to_json, new_id, now, table_of
from kb_app.storage.tables import JobRow, KnowledgeBaseRow

ACTIVE: tuple[JobState, ...] = ("queued", "running")
#: Kinds of jobs that wait while their base is paused; the others only tidy up.
_PAUSABLE: tuple[JobKind, ...] = ("ingest", "expand", "fetch", "reindex", "summarise")
#: Kinds of jobs that add documents.
_ADDING: tuple[JobKind, ...] = ("ingest", "expand", "fetch")
#: Writing a summary card, and indexing it.
SUMMARY_KINDS: tuple[JobKind, ...] = ("summarise", "card")


#: An ended job that is to be done once more.
_AFRESH: dict[str, Any] = {
    "state": "queued",
    "error": None,
    "stage": "",
    "done": 0,
    "total": 0,
    "started_at": None,
    "cancel_requested": False,
}


class NewJob(NamedTuple):
    """What is known of a job when it is queued."""

    base_id: str
    kind: JobKind
    name: str
    sha256: str = ""
    byte_count: int = 0
    payload: Mapping[str, Any] = {}


class ClaimedJob(NamedTuple):
    """A job taken by the worker, with what it needs to do it."""

    job: Job
    sha256: str
    byte_count: int
    payload: dict[str, Any]


class JobRepository:
    """The job table. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        """Read and write ``database``."""
        self._database = database

    def add(self, jobs: Iterable[NewJob], batch_id: str | None = None) -> str:
        """Queue jobs as one batch, in order, and return the batch's id."""
        batch = batch_id or new_id()
        time = now()
        with self._database.write() as session:
            for job in jobs:
                fields = job._asdict() | {"payload": dict(job.payload)}
                session.add(
                    JobRow(id=new_id(), batch_id=batch, state="queued", created_at=time, updated_at=time, **fields)
                )
                session.flush()
        return batch

    def add_failed(self, base_id: str, name: str, error: ErrorInfo, batch_id: str | None = None) -> str:
        """Record a file that cannot even be queued; return the batch's id."""
        batch, time = batch_id or new_id(), now()
        with self._database.write() as session:
            session.add(
                JobRow(
                    id=new_id(),
                    batch_id=batch,
                    base_id=base_id,
                    kind="ingest",
                    name=name,
                    state="failed",
                    error=error_to_json(error),
                    created_at=time,
                    updated_at=time,
                )
            )
        return batch

    def claim(self, *, writing: bool = False) -> ClaimedJob | None:
        """Take the oldest queued job that need not wait, or return None.

        Cards are written (``writing``) by other threads than the worker, which indexes them after everything else.
        """
        with self._database.read() as session:
            found = (session.scalars(query).first() for query in (_WRITING if writing else _WORK))
            sequence = next((one for one in found if one is not None), None)
        if sequence is None:
            return None
        with self._database.write() as session:
            row = session.execute(_CLAIM, {"due": sequence, "time": now()}).one_or_none()
            # None: another thread was faster.
            return None if row is None else ClaimedJob(_to_job(row), row.sha256, row.byte_count, dict(row.payload))

    def progress(self, job_id: str, stage: str, done: int, total: int) -> bool:
        """Record progress of a running job; return whether it was asked to stop."""
        with self._database.write() as session:
            row = session.scalars(select(JobRow).where(JobRow.id == job_id)).one_or_none()
            if row is None:
                return True
            row.stage, row.done, row.total, row.updated_at = stage, done, total, now()
            return row.cancel_requested

    def finish(self, job_id: str, state: JobState, *, error: ErrorInfo | None = None, **values: Any) -> None:
        """Record the end of a job; ``values`` are further columns."""
        with self._database.write() as session:
            session.execute(
                update(JobRow)
                .where(JobRow.id == job_id)
                .values(state=state, error=error_to_json(error), updated_at=now(), **values)
            )

    def finish_all(self, ends: Mapping[str, Mapping[str, Any]], *, error: ErrorInfo | None = None) -> None:
        """Record the ends of several jobs at once: id -> columns, for all the same ones; ``error`` is that of all."""
        told = {"error": error_to_json(error), "updated_at": now()}
        rows = [
            {"job": job_id} | {f"new_{key}": v for key, v in (told | {**end}).items()} for job_id, end in ends.items()
        ]
        values: dict[str, Any] = {key.removeprefix("new_"): bindparam(key) for key in rows[0] if key != "job"}
        with self._database.write() as session:
            session.execute(_JOBS.update().where(_JOBS.c.id == bindparam("job")).values(values), rows)

    def resume(self) -> list[Job]:
        """Put jobs that were running when the process died back into the queue, and return them.

        Those that were to stop are cancelled: the process ended before they came to it.
        """
        with self._database.write() as session:
            rows = session.scalars(select(JobRow).where(JobRow.state == "running")).all()
            for row in rows:
                row.state = "cancelled" if row.cancel_requested else "queued"
                row.stage, row.done, row.total, row.started_at = "", 0, 0, None
            return [_to_job(row) for row in rows if row.state == "queued"]

    def batch(self, batch_id: str) -> list[Job]:
        """Return the jobs of a batch, in order."""
        with self._database.read() as session:
            query = select(JobRow).where(JobRow.batch_id == batch_id).order_by(JobRow.sequence)
            return [_to_job(row) for row in session.scalars(query)]

    def recent(self, base_id: str, limit: int) -> list[Job]:
        """Return the newest jobs of a base, oldest first."""
        with self._database.read() as session:
            query = select(JobRow).where(JobRow.base_id == base_id).order_by(JobRow.sequence.desc()).limit(limit)
            return [_to_job(row) for row in reversed(session.scalars(query).all())]

    def active(self, base_id: str | None = None) -> list[Job]:
        """Return waiting and running jobs, in order."""
        query = select(JobRow).where(JobRow.state.in_(ACTIVE)).order_by(JobRow.sequence)
        if base_id is not None:
            query = query.where(JobRow.base_id == base_id)
        with self._database.read() as session:
            return [_to_job(row) for row in session.scalars(query)]

    def active_digests(self) -> set[str]:
        """Return the SHA-256 of every file that waits to be read, or that failed and is kept by no document."""
        waiting = JobRow.state.in_(ACTIVE)
        only_here = (JobRow.state == "failed") & JobRow.document_id.is_(None)
        with self._database.read() as session:
            return set(session.scalars(select(JobRow.sha256).where(waiting | only_here, JobRow.sha256 != "")))

    def cancel(self, batch_id: str) -> None:
        """Cancel waiting jobs of a batch at once and ask running ones to stop."""
        with self._database.write() as session:
            mine = update(JobRow).where(JobRow.batch_id == batch_id)
            session.execute(mine.where(JobRow.state == "queued").values(state="cancelled", updated_at=now()))
            session.execute(mine.where(JobRow.state == "running").values(cancel_requested=True))

    def retry_failed(self, base_id: str, kinds: Collection[JobKind] = ("fetch", "reindex", "ingest")) -> int:
        """Put the failed jobs of a base that can be done again back into the queue; return how many."""
        again = JobRow.kind.in_(kinds) & ((JobRow.kind != "ingest") | (JobRow.sha256 != ""))
        with self._database.write() as session:
            failed = update(JobRow).where(JobRow.base_id == base_id, JobRow.state == "failed", again)
            result = session.scalars(failed.values(**_AFRESH, updated_at=now()).returning(JobRow.id))
            return len(result.all())

    def locked_archives(self, base_id: str) -> dict[str, str]:
        """Return job id -> SHA-256 of the ZIP files of a base that could not be unpacked without their password."""
        query = select(JobRow).where(JobRow.base_id == base_id, JobRow.kind == "expand", JobRow.state == "failed")
        with self._database.read() as session:
            rows = session.scalars(query).all()
            return {
                row.id: row.sha256 for row in rows if row.sha256 and (row.error or {}).get("code") in PASSWORD_CODES
            }

    def queue_again(self, job_id: str) -> None:
        """Queue an ended job once more."""
        with self._database.write() as session:
            session.execute(update(JobRow).where(JobRow.id == job_id).values(**_AFRESH, updated_at=now()))

    def put_back(self, job_id: str, error: ErrorInfo) -> None:
        """Queue a running job again, with the reason why it has to wait."""
        with self._database.write() as session:
            values = {"state": "queued", "error": error_to_json(error), "updated_at": now()}
            session.execute(update(JobRow).where(JobRow.id == job_id).values(**values))

    def fail_waiting(self, base_id: str, kind: JobKind, error: ErrorInfo) -> None:
        """End every waiting job of this kind in the base: what stopped one would stop them all."""
        waiting = update(JobRow).where(JobRow.base_id == base_id, JobRow.kind == kind, JobRow.state == "queued")
        with self._database.write() as session:
            session.execute(waiting.values(state="failed", error=error_to_json(error), updated_at=now()))

    def wait_for_last(self, base_id: str) -> None:
        """Put what is to be added to a base behind the newest job, and what failed because that was not done yet."""
        needed = (JobRow.state == "failed") & (JobRow.error["code"].as_string() == "reindex_needed")
        mine = (JobRow.base_id == base_id) & JobRow.kind.in_(_ADDING) & ((JobRow.state == "queued") | needed)
        last = select(func.max(JobRow.sequence)).scalar_subquery()
        with self._database.write() as session:
            session.execute(update(JobRow).where(mine).values(**_AFRESH, sequence=JobRow.sequence + last))

    def remove(self, job_id: str) -> None:
        """Delete one job, of which there is nothing to tell."""
        with self._database.write() as session:
            session.execute(delete(JobRow).where(JobRow.id == job_id))

    def forget_failed(self, base_id: str, name: str, kind: JobKind | None = None) -> None:
        """Delete the failed jobs (of one ``kind``) of what has this name, and is being done again."""
        mine = (JobRow.base_id == base_id) & (JobRow.name == name) & (JobRow.state == "failed")
        if kind is not None:
            mine &= JobRow.kind == kind
        with self._database.write() as session:
            session.execute(delete(JobRow).where(mine))

    def forget(self, base_id: str, *, finished_only: bool = True) -> None:
        """Delete the finished (or all) jobs of a base."""
        query = delete(JobRow).where(JobRow.base_id == base_id)
        if finished_only:
            query = query.where(JobRow.state.not_in(ACTIVE))
        with self._database.write() as session:
            session.execute(query)


def _due(*conditions: ColumnElement[bool]) -> Select[int]:
    """Return the query for the number of the oldest queued job that need not wait and fulfils ``conditions``."""
    paused = select(KnowledgeBaseRow.id).where(KnowledgeBaseRow.paused)
    waits = JobRow.kind.in_(_PAUSABLE) & JobRow.base_id.in_(paused)
    query = select(JobRow.sequence).where(JobRow.state == "queued", ~waits, *conditions)
    return query.order_by(JobRow.sequence).limit(1)


def _for_a_conversation() -> ColumnElement[bool]:
    """Return the condition that a job is the first one for the files of a conversation."""
    private = select(KnowledgeBaseRow.id).where(KnowledgeBaseRow.conversation_id != "")
    # The empty text keeps SQLite from looking through the whole queue by its state.
    waiting = (JobRow.base_id.in_(private), JobRow.state.concat("") == "queued")
    return JobRow.sequence == select(func.min(JobRow.sequence)).where(*waiting).scalar_subquery()


# Made once: making a statement takes longer than running it, and every file takes these.
_WRITING = (_due(JobRow.kind == "summarise"),)
#: Somebody waits for the files of a conversation, so they come before all others. Cards come last, by a query of their
#: own, because an order by kind would sort the whole queue for every job.
_WORK = (_due(_for_a_conversation()), _due(JobRow.kind.not_in(SUMMARY_KINDS)), _due(JobRow.kind == "card"))
_JOBS = table_of(JobRow)
_CLAIM = (
    _JOBS.update()
    .where(_JOBS.c.sequence == bindparam("due"), _JOBS.c.state == "queued")
    .values(state="running", started_at=bindparam("time"), updated_at=bindparam("time"))
    .returning(*_JOBS.c)
)


def _to_job(row: JobRow | RowOf[Any]) -> Job:
    return Job(
        id=row.id,
        batch_id=row.batch_id,
        base_id=row.base_id,
        kind=row.kind,  # type: ignore[arg-type]  # only written from JobKind
        name=row.name,
        state=row.state,  # type: ignore[arg-type]  # only written from JobState
        stage=row.stage,
        done=row.done,
        total=row.total,
        document_id=row.document_id,
        page_count=row.page_count,
        chunk_count=row.chunk_count,
        char_count=row.char_count,
        elapsed_s=row.elapsed_s,
        error=error_from_json(row.error),
        byte_count=row.byte_count,
        created_at=row.created_at,
        started_at=row.started_at or "",
        updated_at=row.updated_at,
    )
