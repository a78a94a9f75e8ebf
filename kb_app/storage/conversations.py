"""Repository of conversations and messages: SQL in, plain dataclasses out. Every method is one transaction."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from kb_app.errors import NotFoundError
from kb_app.models import Conversation, ErrorInfo, Message, Rating
from kb_app.storage.database import Database
from kb_app.storage.rows import (
    cost_from_json,
    error_from_json,
    error_to_json,
    fallback_from_json,
    new_id,
    now,
    plain_to_json,
    rating_from_row,
    rating_row,
    source_from_json,
    source_to_json,
    timing_from_json,
    usage_from_json,
)
from kb_app.storage.tables import ConversationRow, MessageRow


class Turn(NamedTuple):
    """A saved question and the row of the answer that will stream."""

    conversation_id: str
    question_id: str
    answer_id: str


class ConversationRepository:
    """Every conversation."""

    def __init__(self, database: Database) -> None:
        """Read and write ``database``."""
        self._database = database

    def start_turn(
        self, conversation_id: str | None, question: str, *, title: str, base_ids: Sequence[str], model_id: str
    ) -> Turn:
        """Save a question, making the conversation when there is none, and an empty answer marked as streaming.

        Raises:
            NotFoundError: the conversation was deleted.
        """
        time = now()
        with self._database.write() as session:
            if conversation_id is None:
                row = ConversationRow(id=new_id(), title=title, created_at=time)
                session.add(row)
            else:
                row = _get(session, conversation_id)
            row.base_ids, row.model_id, row.updated_at = list(base_ids), model_id, time
            session.flush()
            position = session.scalar(
                select(func.coalesce(func.max(MessageRow.position), -1)).where(MessageRow.conversation_id == row.id)
            )
            first = (position if position is not None else -1) + 1
            asked = _message(row.id, first, role="user", text=question, model_id=model_id)
            answer = _message(row.id, first + 1, role="assistant", status="streaming", model_id=model_id)
            session.add_all([asked, answer])
            return Turn(row.id, asked.id, answer.id)

    def save_answer(self, message: Message) -> None:
        """Save an answer as it stands, partial or final."""
        with self._database.write() as session:
            session.execute(
                update(MessageRow)
                .where(MessageRow.id == message.id)
                .values(
                    text=message.text,
                    status=message.status,
                    thinking=message.thinking,
                    model_id=message.model_id,
                    query=message.query,
                    sources=[source_to_json(source) for source in message.sources],
                    cited=list(message.cited),
                    confidence=message.confidence,
                    usage=plain_to_json(message.usage),
                    error=error_to_json(message.error),
                    elapsed_s=message.elapsed_s,
                    correction_id=message.correction_id,
                    reuse=message.reuse,
                    timing=plain_to_json(message.timing),
                    cost=plain_to_json(message.cost),
                    fallback=plain_to_json(message.fallback),
                )
            )

    def interrupt_streaming(self, error: ErrorInfo) -> int:
        """Mark answers that were streaming when the process died as interrupted; return how many."""
        with self._database.write() as session:
            query = update(MessageRow).where(MessageRow.status == "streaming")
            changed = query.values(status="interrupted", error=error_to_json(error)).returning(MessageRow.id)
            return len(session.scalars(changed).all())

    def all(self, limit: int, offset: int) -> list[Conversation]:
        """Return conversations, newest first."""
        with self._database.read() as session:
            query = select(ConversationRow).order_by(ConversationRow.updated_at.desc()).limit(limit).offset(offset)
            return [_to_conversation(row) for row in session.scalars(query)]

    def get(self, conversation_id: str) -> Conversation:
        """Return one conversation. Raises NotFoundError."""
        with self._database.read() as session:
            return _to_conversation(_get(session, conversation_id))

    def messages(self, conversation_id: str, last: int | None = None) -> list[Message]:
        """Return the messages of a conversation in order, or only the ``last`` ones."""
        query = (
            select(MessageRow)
            .where(MessageRow.conversation_id == conversation_id)
            .order_by(MessageRow.position.desc())
            .limit(last)
        )
        with self._database.read() as session:
            return [_to_message(row) for row in reversed(session.scalars(query).all())]

    def message(self, message_id: str) -> Message:
        """Return one message. Raises NotFoundError."""
        with self._database.read() as session:
            row = session.get(MessageRow, message_id)
            if row is None:
                raise NotFoundError(f"message {message_id}", name=message_id)
            return _to_message(row)

    def rate(self, message_id: str, rating: Rating | None) -> None:
        """Set or take back the rating of an answer; its time is now. Raises NotFoundError."""
        with self._database.write() as session:
            message = session.get(MessageRow, message_id)
            if message is None or message.role != "assistant":
                raise NotFoundError(f"answer {message_id}", name=message_id)
            if message.rating is not None:
                session.delete(message.rating)
                session.flush()
            if rating is not None:
                session.add(rating_row(message_id, rating))

    def message_count(self, conversation_id: str) -> int:
        """Return how many messages a conversation has."""
        with self._database.read() as session:
            query = select(func.count()).where(MessageRow.conversation_id == conversation_id)
            return session.scalar(query) or 0

    def rename(self, conversation_id: str, title: str) -> None:
        """Set the title. Raises NotFoundError."""
        with self._database.write() as session:
            _get(session, conversation_id).title = title

    def delete(self, conversation_id: str) -> None:
        """Delete a conversation with its messages."""
        with self._database.write() as session:
            session.execute(delete(ConversationRow).where(ConversationRow.id == conversation_id))


def _get(session: Session, conversation_id: str) -> ConversationRow:
    row = session.get(ConversationRow, conversation_id)
    if row is None:
        raise NotFoundError(f"conversation {conversation_id}", name=conversation_id)
    return row


def _message(conversation_id: str, position: int, **values: Any) -> MessageRow:
    return MessageRow(id=new_id(), conversation_id=conversation_id, position=position, created_at=now(), **values)


def _to_conversation(row: ConversationRow) -> Conversation:
    return Conversation(
        id=row.id,
        title=row.title,
        base_ids=tuple(row.base_ids),
        model_id=row.model_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _to_message(row: MessageRow) -> Message:
    return Message(
        id=row.id,
        conversation_id=row.conversation_id,
        role="user" if row.role == "user" else "assistant",
        text=row.text,
        status=row.status,  # type: ignore[arg-type]  # only written from MessageStatus
        thinking=row.thinking,
        model_id=row.model_id,
        query=row.query,
        sources=tuple(source_from_json(value) for value in row.sources),
        cited=tuple(row.cited),
        confidence=row.confidence,
        usage=usage_from_json(row.usage),
        error=error_from_json(row.error),
        elapsed_s=row.elapsed_s,
        timing=timing_from_json(row.timing),
        cost=cost_from_json(row.cost),
        fallback=fallback_from_json(row.fallback),
        rating=rating_from_row(row.rating),
        correction_id=row.correction_id,
        reuse=row.reuse,  # type: ignore[arg-type]  # only written from Reuse
        created_at=row.created_at,
    )
