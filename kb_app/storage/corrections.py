"""Repository of corrections: SQL in, plain dataclasses out. Every method is one transaction; every version is kept."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.orm import Session

from kb_app.errors import CorrectionConflictError, CorrectionGoneError
from kb_app.models import ChatMessage, Correction, CorrectionStatus, Source, Staleness
from kb_app.storage.database import Database
from kb_app.storage.rows import new_id, now, source_from_json, source_to_json
from kb_app.storage.tables import CorrectionRefusalRow, CorrectionRow, CorrectionVersionRow

#: What identifies the corrections of some bases as they stand: it differs whenever one of them does.
Fingerprint = tuple[int, int, str]


class CorrectionRepository:
    """The corrections of every base."""

    def __init__(self, database: Database) -> None:
        """Read and write ``database``."""
        self._database = database

    def add(self, corrections: Sequence[Correction]) -> list[Correction]:
        """Insert corrections as their first versions and return them with their ids; a group of none is their own."""
        with self._database.write() as session:
            rows = [_new_row(correction) for correction in corrections]
            session.add_all(rows)
            session.flush()
            session.add_all(_version(row, row.author) for row in rows)
            return [_to_correction(row) for row in rows]

    def get(self, correction_id: str) -> Correction:
        """Return one correction. Raises CorrectionGoneError."""
        with self._database.read() as session:
            return _to_correction(_get(session, correction_id))

    def of_messages(self, message_ids: Collection[str]) -> dict[str, Correction]:
        """Return message id -> its correction, of those messages that have one; the newest where there are several."""
        query = (
            select(CorrectionRow).where(CorrectionRow.message_id.in_(message_ids)).order_by(CorrectionRow.created_at)
        )
        with self._database.read() as session:
            return {str(row.message_id): _to_correction(row) for row in session.scalars(query)}

    def all(
        self,
        *,
        base_ids: Collection[str] | None = None,
        statuses: Collection[CorrectionStatus] | None = None,
        stale: bool | None = None,
        words: str = "",
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Correction]:
        """Return corrections, newest change first; ``words`` stand in the question or in an answer."""
        query = _filtered(select(CorrectionRow), base_ids, statuses, stale, words)
        query = query.order_by(CorrectionRow.updated_at.desc(), CorrectionRow.id).limit(limit).offset(offset)
        with self._database.read() as session:
            return [_to_correction(row) for row in session.scalars(query)]

    def count(
        self,
        *,
        base_ids: Collection[str] | None = None,
        statuses: Collection[CorrectionStatus] | None = None,
        stale: bool | None = None,
        words: str = "",
    ) -> int:
        """Return how many :meth:`all` would return without a limit."""
        query = _filtered(select(func.count()).select_from(CorrectionRow), base_ids, statuses, stale, words)
        with self._database.read() as session:
            return session.scalar(query) or 0

    def fingerprint(self, base_ids: Collection[str]) -> Fingerprint:
        """Return what changes whenever a correction of these bases does."""
        query = select(
            func.count(), func.coalesce(func.sum(CorrectionRow.version), 0), func.coalesce(_latest(), "")
        ).where(CorrectionRow.base_id.in_(base_ids))
        with self._database.read() as session:
            count, versions, latest = session.execute(query).one()
            return int(count), int(versions), str(latest)

    def save(self, correction: Correction, editor: str) -> Correction:
        """Save a correction as its next version and return it; ``correction.version`` is the one it was made from.

        Raises:
            CorrectionConflictError: it is not the newest any more.
            CorrectionGoneError: it was deleted.
        """
        with self._database.write() as session:
            row = _get(session, correction.id)
            if row.version != correction.version:
                by = session.get(CorrectionVersionRow, (row.id, row.version))
                raise CorrectionConflictError(correction.id, name=by.author if by else "", version=row.version)
            row.base_id, row.question = correction.base_id, correction.question
            row.content, row.status, row.reviewer = _content(correction), correction.status, correction.reviewer
            row.stale = correction.stale
            row.version, row.updated_at = row.version + 1, now()
            session.flush()
            session.add(_version(row, editor))
            return _to_correction(row)

    def versions(self, correction_id: str) -> list[tuple[Correction, str]]:
        """Return every version of a correction and who saved it, newest first. Raises CorrectionGoneError."""
        query = (
            select(CorrectionVersionRow)
            .where(CorrectionVersionRow.correction_id == correction_id)
            .order_by(CorrectionVersionRow.version.desc())
        )
        with self._database.read() as session:
            row = _get(session, correction_id)
            return [(_as_it_was(row, version), version.author) for version in session.scalars(query)]

    def delete(self, correction_ids: Collection[str]) -> None:
        """Delete corrections with all their versions."""
        with self._database.write() as session:
            session.execute(delete(CorrectionRow).where(CorrectionRow.id.in_(correction_ids)))

    def move(self, correction_id: str, stale: Staleness, support: Sequence[Source]) -> None:
        """Record what became of the supporting passages; the text is not touched, so this is no new version."""
        with self._database.write() as session:
            row = session.get(CorrectionRow, correction_id)
            if row is not None:
                row.stale, row.updated_at = stale, now()
                row.content = {**row.content, "support": [source_to_json(source) for source in support]}

    def regroup(self, from_groups: Collection[str], to_group: str) -> None:
        """Put every correction of some groups into one."""
        with self._database.write() as session:
            changed = update(CorrectionRow).where(CorrectionRow.question_group.in_(from_groups))
            session.execute(changed.values(question_group=to_group))

    def count_hit(self, correction_id: str) -> None:
        """Record that a correction took part in an answer."""
        self._increase(correction_id, {"hits": CorrectionRow.hits + 1})

    def refuse(self, correction_id: str, question_key: str) -> None:
        """Record that a correction did not help with a question; the same question counts once."""
        with self._database.write() as session:
            known = session.get(CorrectionRefusalRow, (correction_id, question_key))
            if known is not None or session.get(CorrectionRow, correction_id) is None:
                return
            session.add(CorrectionRefusalRow(correction_id=correction_id, question_key=question_key, created_at=now()))
        self._increase(correction_id, {"not_helpful": CorrectionRow.not_helpful + 1})

    def refused(self, question_key: str) -> set[str]:
        """Return the ids of the corrections that did not help with a question."""
        query = select(CorrectionRefusalRow.correction_id).where(CorrectionRefusalRow.question_key == question_key)
        with self._database.read() as session:
            return set(session.scalars(query))

    def _increase(self, correction_id: str, values: Mapping[str, Any]) -> None:
        with self._database.write() as session:
            session.execute(update(CorrectionRow).where(CorrectionRow.id == correction_id).values(**values))


def _latest() -> Any:
    return func.max(CorrectionRow.updated_at)


def _filtered(
    query: Select[Any],
    base_ids: Collection[str] | None,
    statuses: Collection[CorrectionStatus] | None,
    stale: bool | None,
    words: str,
) -> Select[Any]:
    if base_ids is not None:
        query = query.where(CorrectionRow.base_id.in_(base_ids))
    if statuses is not None:
        query = query.where(CorrectionRow.status.in_(statuses))
    if stale is not None:
        query = query.where(CorrectionRow.stale != "" if stale else CorrectionRow.stale == "")
    if words:
        chosen = CorrectionRow.content["chosen"].as_string()
        query = query.where(
            or_(CorrectionRow.question.icontains(words, autoescape=True), chosen.icontains(words, autoescape=True))
        )
    return query


def _get(session: Session, correction_id: str) -> CorrectionRow:
    row = session.get(CorrectionRow, correction_id)
    if row is None:
        raise CorrectionGoneError(correction_id)
    return row


def _new_row(correction: Correction) -> CorrectionRow:
    row_id, time = new_id(), now()
    return CorrectionRow(
        id=row_id,
        base_id=correction.base_id,
        message_id=correction.message_id,
        question=correction.question,
        content=_content(correction),
        author=correction.author,
        reviewer=correction.reviewer,
        status=correction.status,
        stale=correction.stale,
        question_group=correction.group or row_id,
        version=1,
        hits=0,
        not_helpful=0,
        created_at=correction.created_at or time,
        updated_at=time,
    )


def _version(row: CorrectionRow, editor: str) -> CorrectionVersionRow:
    return CorrectionVersionRow(
        correction_id=row.id,
        version=row.version,
        question=row.question,
        content=row.content,
        author=editor,
        reviewer=row.reviewer,
        status=row.status,
        updated_at=row.updated_at,
    )


def _content(correction: Correction) -> dict[str, Any]:
    return {
        "chosen": correction.chosen,
        "rejected": correction.rejected,
        "history": [asdict(turn) for turn in correction.history],
        "sources": [source_to_json(source) for source in correction.sources],
        "support": [source_to_json(source) for source in correction.support],
        "source_is_wrong": correction.source_is_wrong,
        "reasons": list(correction.reasons),
        "note": correction.note,
        "model_id": correction.model_id,
        "prompt": [asdict(turn) for turn in correction.prompt],
        "settings": dict(correction.settings),
        "confidence": correction.confidence,
        "origin": correction.origin,
        "external": dict(correction.external),
    }


def _of_content(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a correction that its content holds."""
    return {
        **content,
        "history": tuple(ChatMessage(**turn) for turn in content["history"]),
        "sources": tuple(source_from_json(source) for source in content["sources"]),
        "support": tuple(source_from_json(source) for source in content["support"]),
        "reasons": tuple(content["reasons"]),
        "prompt": tuple(ChatMessage(**turn) for turn in content["prompt"]),
    }


def _to_correction(row: CorrectionRow) -> Correction:
    return Correction(
        id=row.id,
        base_id=row.base_id,
        message_id=row.message_id,
        question=row.question,
        author=row.author,
        reviewer=row.reviewer,
        status=row.status,  # type: ignore[arg-type]  # only written from CorrectionStatus
        stale=row.stale,  # type: ignore[arg-type]  # only written from Staleness
        group=row.question_group,
        version=row.version,
        hits=row.hits,
        not_helpful=row.not_helpful,
        created_at=row.created_at,
        updated_at=row.updated_at,
        **_of_content(row.content),
    )


def _as_it_was(row: CorrectionRow, version: CorrectionVersionRow) -> Correction:
    return Correction(
        id=row.id,
        base_id=row.base_id,
        message_id=row.message_id,
        question=version.question,
        author=row.author,
        reviewer=version.reviewer,
        status=version.status,  # type: ignore[arg-type]  # as above
        group=row.question_group,
        version=version.version,
        created_at=row.created_at,
        updated_at=version.updated_at,
        **_of_content(version.content),
    )
