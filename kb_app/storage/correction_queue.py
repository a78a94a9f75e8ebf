"""Answers that wait for a correction, and who works on which."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, cast, delete, exists, func, or_, select
from sqlalchemy.orm import aliased

from kb_app.models import QueuedAnswer, QueueReason
from kb_app.storage.database import Database
from kb_app.storage.tables import ConversationRow, CorrectionClaimRow, CorrectionRow, MessageRow, RatingRow

#: Answers less sure than this are worth a look; the confidence from which a question counts as answered is 0.4.
_LOW_CONFIDENCE = 0.6
#: A claim holds for so long after its holder was last seen on it.
CLAIM_MINUTES = 15


class CorrectionQueue:
    """Reads answers and ratings; writes claims."""

    def __init__(self, database: Database) -> None:
        """Use ``database``."""
        self._database = database

    def items(
        self, reasons: Collection[QueueReason] = (), base_id: str | None = None, *, limit: int = 50, offset: int = 0
    ) -> list[QueuedAnswer]:
        """Return answers without a correction that one of ``reasons`` (none: any) applies to, newest first."""
        asked = aliased(MessageRow)
        query = (
            _waiting(select(MessageRow, asked.text), reasons, base_id)
            .outerjoin(asked, asked.id == MessageRow.parent_id)
            .order_by(MessageRow.created_at.desc(), MessageRow.id)
            .limit(limit)
            .offset(offset)
        )
        with self._database.read() as session:
            rows = session.execute(query).unique().all()
            holders = _holders([row.id for row, _ in rows])
            held = {row[0]: row[1] for row in session.execute(holders)} if rows else {}
        return [_to_item(row, question or "", held.get(row.id, "")) for row, question in rows]

    def count(self, reason: QueueReason | None = None, base_id: str | None = None) -> int:
        """Return how many answers wait, of one reason or in all."""
        query = _waiting(select(func.count(MessageRow.id)), () if reason is None else (reason,), base_id)
        with self._database.read() as session:
            return session.scalar(query) or 0

    def claim(self, subject_id: str, holder: str) -> str:
        """Take an answer or a correction for ``holder``, or stay on it; return who holds it now."""
        time = datetime.now(UTC)
        with self._database.write() as session:
            row = session.get(CorrectionClaimRow, subject_id)
            if row is not None and row.holder != holder and row.expires_at > _text(time):
                return row.holder
            if row is None:
                row = CorrectionClaimRow(subject_id=subject_id)
                session.add(row)
            row.holder, row.expires_at = holder, _text(time + timedelta(minutes=CLAIM_MINUTES))
            return holder

    def release(self, subject_id: str, holder: str) -> None:
        """Give back what ``holder`` took; what somebody else holds stays theirs."""
        mine = and_(CorrectionClaimRow.subject_id == subject_id, CorrectionClaimRow.holder == holder)
        with self._database.write() as session:
            session.execute(delete(CorrectionClaimRow).where(mine))

    def holder(self, subject_id: str) -> str:
        """Return who works on it, empty for nobody."""
        with self._database.read() as session:
            found = session.execute(_holders([subject_id])).one_or_none()
            return "" if found is None else str(found[1])


def _text(time: datetime) -> str:
    return time.isoformat(timespec="microseconds")


def _holders(subject_ids: Collection[str]) -> Select[str, str]:
    live = CorrectionClaimRow.expires_at > _text(datetime.now(UTC))
    columns = select(CorrectionClaimRow.subject_id, CorrectionClaimRow.holder)
    return columns.where(CorrectionClaimRow.subject_id.in_(subject_ids), live)


def _applies(reason: QueueReason) -> ColumnElement[bool]:
    match reason:
        case "low_rated":
            return exists().where(RatingRow.message_id == MessageRow.id, RatingRow.verdict == "bad")
        case "low_confidence":
            return and_(MessageRow.status == "complete", MessageRow.confidence < _LOW_CONFIDENCE)
        case "declined":
            return MessageRow.status == "no_sources"
        case "failed":
            return MessageRow.status.in_(("failed", "interrupted"))


def _waiting(query: Any, reasons: Collection[QueueReason], base_id: str | None) -> Any:
    wanted: tuple[QueueReason, ...] = ("low_rated", "low_confidence", "declined", "failed")
    query = (
        query.select_from(MessageRow)
        .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
        .where(
            MessageRow.role == "assistant",
            ConversationRow.deleted_at == "",
            or_(*(_applies(reason) for reason in reasons or wanted)),
            ~exists().where(CorrectionRow.message_id == MessageRow.id),
        )
    )
    if base_id is not None:
        query = query.where(cast(ConversationRow.base_ids, Text).contains(f'"{base_id}"', autoescape=True))
    return query


def _to_item(row: MessageRow, question: str, holder: str) -> QueuedAnswer:
    reasons: list[QueueReason] = []
    if row.rating is not None and row.rating.verdict == "bad":
        reasons.append("low_rated")
    if row.status == "no_sources":
        reasons.append("declined")
    elif row.status in ("failed", "interrupted"):
        reasons.append("failed")
    elif row.confidence is not None and row.confidence < _LOW_CONFIDENCE:
        reasons.append("low_confidence")
    return QueuedAnswer(
        message_id=row.id,
        question=question,
        answer=row.text,
        reasons=tuple(reasons),
        note=row.rating.note if row.rating is not None else "",
        holder=holder,
        created_at=row.created_at,
    )
