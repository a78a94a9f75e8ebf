"""Repository of corrections: SQL in, plain dataclasses out. Every method is one transaction; every version is kept."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from kb_app.errors import CorrectionConflictError, CorrectionGoneError
from kb_app.models import Correction, CorrectionStatus, Source, Staleness
from kb_app.storage.correction_rows import (
    as_it_was,
    content_of,
    new_row,
    set_support,
    to_correction,
    version_row,
)
from kb_app.storage.database import Database
from kb_app.storage.rows import now, source_to_json
from kb_app.storage.tables import (
    CorrectionRefusalRow,
    CorrectionRow,
    CorrectionSupportRow,
    CorrectionVersionRow,
    DocumentRow,
)

#: What identifies the corrections of a base as they stand: how many there are, and when the last one changed.
Fingerprint = tuple[int, str]


class CorrectionRepository:
    """The corrections of every base."""

    def __init__(self, database: Database) -> None:
        """Read and write ``database``."""
        self._database = database

    def add(self, corrections: Sequence[Correction]) -> list[Correction]:
        """Insert corrections as their first versions and return them with their ids; a group of none is their own.

        Raises CorrectionConflictError: somebody else has just corrected the same answer; nothing is inserted.
        """
        with self._database.write() as session:
            _require_uncorrected(session, [one.message_id for one in corrections if one.message_id is not None])
            rows = [new_row(correction) for correction in corrections]
            session.add_all(rows)
            session.flush()
            for row, correction in zip(rows, corrections, strict=True):
                session.add(version_row(row, row.author))
                set_support(session, row, correction.support)
            return [to_correction(row) for row in rows]

    def get(self, correction_id: str) -> Correction:
        """Return one correction. Raises CorrectionGoneError."""
        with self._database.read() as session:
            return to_correction(_get(session, correction_id))

    def of_messages(self, message_ids: Collection[str]) -> dict[str, Correction]:
        """Return message id -> its correction, of those messages that have one; the newest where there are several."""
        query = (
            select(CorrectionRow).where(CorrectionRow.message_id.in_(message_ids)).order_by(CorrectionRow.created_at)
        )
        with self._database.read() as session:
            return {str(row.message_id): to_correction(row) for row in session.scalars(query)}

    def of_ids(self, correction_ids: Collection[str]) -> dict[str, Correction]:
        """Return those of the corrections that exist, by id."""
        query = select(CorrectionRow).where(CorrectionRow.id.in_(correction_ids))
        with self._database.read() as session:
            return {row.id: to_correction(row) for row in session.scalars(query)}

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
            return [to_correction(row) for row in session.scalars(query)]

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

    def fingerprint(self, base_id: str) -> Fingerprint:
        """Return what changes whenever a correction of the base does, or comes or goes."""
        latest = func.coalesce(func.max(CorrectionRow.updated_at), "")
        query = select(func.count(), latest).where(CorrectionRow.base_id == base_id)
        with self._database.read() as session:
            count, changed_at = session.execute(query).one()
            return int(count), str(changed_at)

    def usable(self, base_id: str) -> list[Correction]:
        """Return the corrections of a base that may be reused: approved and not stale."""
        statuses: tuple[CorrectionStatus, ...] = ("approved",)
        return self.all(base_ids=(base_id,), statuses=statuses, stale=False)

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
            row.content, row.status, row.reviewer = content_of(correction), correction.status, correction.reviewer
            row.stale = correction.stale
            row.version, row.updated_at = row.version + 1, now()
            session.flush()
            session.add(version_row(row, editor))
            set_support(session, row, correction.support)
            return to_correction(row)

    def versions(self, correction_id: str) -> list[tuple[Correction, str]]:
        """Return every version of a correction and who saved it, newest first. Raises CorrectionGoneError."""
        query = (
            select(CorrectionVersionRow)
            .where(CorrectionVersionRow.correction_id == correction_id)
            .order_by(CorrectionVersionRow.version.desc())
        )
        with self._database.read() as session:
            row = _get(session, correction_id)
            return [(as_it_was(row, version), version.author) for version in session.scalars(query)]

    def delete(self, correction_ids: Collection[str]) -> None:
        """Delete corrections with all their versions."""
        with self._database.write() as session:
            session.execute(delete(CorrectionRow).where(CorrectionRow.id.in_(correction_ids)))

    def uprooted(self, correction_ids: Collection[str]) -> set[str]:
        """Return those of the corrections that rest on a document that is not there any more."""
        query = select(CorrectionRow.id).where(CorrectionRow.id.in_(correction_ids), _is_uprooted())
        with self._database.read() as session:
            return set(session.scalars(query))

    def move(self, correction_id: str, stale: Staleness, support: Sequence[Source]) -> None:
        """Record what became of the supporting passages; the text is not touched, so this is no new version."""
        with self._database.write() as session:
            row = session.get(CorrectionRow, correction_id)
            if row is not None:
                row.stale, row.updated_at = stale, now()
                row.content = {**row.content, "support": [source_to_json(source) for source in support]}
                set_support(session, row, support)

    def doubtful(self, base_ids: Collection[str] | None = None) -> list[Correction]:
        """Return the corrections that rest on a document that is not there any more, and those already stale."""
        query = select(CorrectionRow).where(or_(CorrectionRow.stale != "", _is_uprooted()))
        if base_ids is not None:
            query = query.where(CorrectionRow.base_id.in_(base_ids))
        with self._database.read() as session:
            return [to_correction(row) for row in session.scalars(query)]

    def count_hit(self, correction_id: str) -> None:
        """Record that a correction took part in an answer."""
        self._increase(correction_id, {"hits": CorrectionRow.hits + 1})

    def refuse(self, correction_id: str, question_key: str, *, counted: bool = True) -> None:
        """Record that a correction did not help with a question; the same question counts once."""
        with self._database.write() as session:
            known = session.get(CorrectionRefusalRow, (correction_id, question_key))
            if known is not None or session.get(CorrectionRow, correction_id) is None:
                return
            session.add(CorrectionRefusalRow(correction_id=correction_id, question_key=question_key, created_at=now()))
        if counted:
            self._increase(correction_id, {"not_helpful": CorrectionRow.not_helpful + 1})

    def refused(self, question_key: str) -> set[str]:
        """Return the ids of the corrections that did not help with a question."""
        query = select(CorrectionRefusalRow.correction_id).where(CorrectionRefusalRow.question_key == question_key)
        with self._database.read() as session:
            return set(session.scalars(query))

    def _increase(self, correction_id: str, values: Mapping[str, Any]) -> None:
        with self._database.write() as session:
            session.execute(update(CorrectionRow).where(CorrectionRow.id == correction_id).values(**values))


def _is_uprooted() -> ColumnElement[bool]:
    """Hold for a correction of whose support a document is gone; for one without, when nothing it was given is left."""
    is_there = and_(DocumentRow.id == CorrectionSupportRow.document_id, DocumentRow.status == "ready")
    joined = select(CorrectionSupportRow.correction_id).outerjoin(DocumentRow, is_there)
    return or_(CorrectionRow.id.in_(joined.where(DocumentRow.id.is_(None))), and_(_leans_on_sources(), ~_has_source()))


def _leans_on_sources() -> ColumnElement[bool]:
    """Hold for a correction without support that does not stand free of its sources, as a refusal does."""
    content = CorrectionRow.content
    reason = func.json_each(content, "$.reasons").table_valued("value", name="reason")
    declines = select(reason.c.value).where(reason.c.value == "should_decline").exists()
    return and_(
        func.json_array_length(content, "$.support") == 0,
        func.json_array_length(content, "$.sources") > 0,
        content["source_is_wrong"].as_boolean().is_(False),
        ~declines,
    )


def _has_source() -> ColumnElement[bool]:
    """Hold where a document of the sources is there, or one that took its place under its name."""
    source = func.json_each(CorrectionRow.content, "$.sources").table_valued("value", name="source")

    def told(name: str) -> ColumnElement[str]:
        return func.json_extract(source.c.value, f"$.{name}")

    replaced = and_(DocumentRow.base_id == told("base_id"), DocumentRow.name == told("document"))
    same = or_(DocumentRow.id == told("document_id"), replaced)
    return select(source.c.value).join(DocumentRow, and_(same, DocumentRow.status == "ready")).exists()


def _require_uncorrected(session: Session, message_ids: Collection[str]) -> None:
    """Raise CorrectionConflictError when one of the answers has a correction that is not put away."""
    query = select(CorrectionRow).where(CorrectionRow.message_id.in_(message_ids), CorrectionRow.status != "archived")
    known = session.scalars(query.limit(1)).first()
    if known is not None:
        raise CorrectionConflictError(known.id, name=known.author, version=known.version)


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
