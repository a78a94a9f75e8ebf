"""Repository of rated answers as training needs them. Reads only."""

from typing import NamedTuple

from sqlalchemy import select

from kb_app.models import Message
from kb_app.storage.chat_rows import to_message
from kb_app.storage.conversations import ConversationRepository
from kb_app.storage.database import Database
from kb_app.storage.tables import ConversationRow, MessageRow, RatingRow


class RatedAnswer(NamedTuple):
    """A rated answer and the messages before it; the last of those is its question."""

    answer: Message
    before: tuple[Message, ...]


class RatedAnswers:
    """The answers readers rated."""

    def __init__(self, database: Database, conversations: ConversationRepository) -> None:
        """Read ``database``; ``conversations`` knows what stands before a message."""
        self._database = database
        self._conversations = conversations

    def of_base(self, base_id: str) -> list[RatedAnswer]:
        """Return the complete rated answers from a base whose conversations are not in the trash, oldest first.

        A conversation may turn to other bases: what counts is where an answer's own passages come from.
        """
        query = (
            select(MessageRow, ConversationRow.base_ids)
            .join(RatingRow, RatingRow.message_id == MessageRow.id)
            .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
            .where(MessageRow.status == "complete", ConversationRow.deleted_at == "")
            .order_by(MessageRow.created_at)
        )
        with self._database.read() as session:
            found = [(to_message(row), base_ids) for row, base_ids in session.execute(query)]
        rated = [answer for answer, base_ids in found if base_id in (_bases_of(answer) or base_ids)]
        return [RatedAnswer(answer, tuple(self._conversations.before(answer.id))) for answer in rated]


def _bases_of(answer: Message) -> set[str]:
    return {source.base_id for source in answer.sources}
