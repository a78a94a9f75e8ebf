"""Saved conversations: list, reopen, rename, delete."""

from kb_app.models import Conversation, Message, Rating
from kb_app.storage.conversations import ConversationRepository

TITLE_LIMIT = 60


class History:
    """Every conversation, newest first."""

    def __init__(self, repository: ConversationRepository) -> None:
        """Read and write ``repository``."""
        self._repository = repository

    def conversations(self, limit: int = 50, offset: int = 0) -> list[Conversation]:
        """Return conversations, newest first."""
        return self._repository.all(limit, offset)

    def conversation(self, conversation_id: str) -> Conversation:
        """Return one conversation. Raises NotFoundError."""
        return self._repository.get(conversation_id)

    def messages(self, conversation_id: str, last: int | None = None) -> list[Message]:
        """Return the messages of a conversation in order, or only the ``last`` ones."""
        return self._repository.messages(conversation_id, last)

    def message_count(self, conversation_id: str) -> int:
        """Return how many messages a conversation has."""
        return self._repository.message_count(conversation_id)

    def message(self, message_id: str) -> Message:
        """Return one message. Raises NotFoundError."""
        return self._repository.message(message_id)

    def rate(self, message_id: str, rating: Rating | None) -> None:
        """Set or take back a reader's rating of an answer. Raises NotFoundError."""
        self._repository.rate(message_id, rating)

    def rename(self, conversation_id: str, title: str) -> None:
        """Set the title; a blank one is ignored. Raises NotFoundError."""
        if clean := title_from(title):
            self._repository.rename(conversation_id, clean)

    def delete(self, conversation_id: str) -> None:
        """Delete a conversation with its messages."""
        self._repository.delete(conversation_id)


def title_from(question: str) -> str:
    """Return a one-line title made of the beginning of a question."""
    line = " ".join(question.split())
    return line if len(line) <= TITLE_LIMIT else line[: TITLE_LIMIT - 1] + "…"
