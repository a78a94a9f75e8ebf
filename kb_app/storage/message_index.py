"""The words of saved messages in SQLite's full-text index, in the transaction that saves the message.

The index lives in the database itself, so it is whole whenever the database is. It holds the terms of our own analyzer
(Chinese characters and their pairs, English stems), parted by spaces. What an older version of the app left unindexed,
or indexed by another analyzer, is found and done by :meth:`MessageIndex.catch_up`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import delete, or_, select, text
from sqlalchemy.orm import Session

from ingestion.analyzer import ANALYZER_VERSION, terms
from kb_app.storage.database import Database
from kb_app.storage.tables import IndexedMessageRow, MessageRow

_GROUP = 200
_INSERT = text("INSERT INTO message_words (rowid, terms) VALUES (:number, :terms)")
#: The scores must be there before rows are grouped: bm25 cannot be asked for inside an aggregate.
_SEARCH = text(
    "WITH found AS MATERIALIZED"
    " (SELECT rowid AS number, rank AS score FROM message_words WHERE message_words MATCH :query)"
    " SELECT messages.id, messages.conversation_id, min(found.score) AS best, count(*) AS matches FROM found"
    " JOIN indexed_messages ON indexed_messages.id = found.number"
    " JOIN messages ON messages.id = indexed_messages.message_id"
    " JOIN conversations ON conversations.id = messages.conversation_id"
    " WHERE conversations.deleted_at = '' GROUP BY messages.conversation_id ORDER BY best"
)


class WordMatch(NamedTuple):
    """The best message of a conversation, and how many of its messages match."""

    message_id: str
    conversation_id: str
    match_count: int


def index_message(session: Session, message_id: str, words: str) -> None:
    """Put the words of a message into the index, in place of those it had."""
    session.execute(delete(IndexedMessageRow).where(IndexedMessageRow.message_id == message_id))
    row = IndexedMessageRow(message_id=message_id, analyzer_version=ANALYZER_VERSION)
    session.add(row)
    session.flush()
    session.execute(_INSERT, {"number": row.id, "terms": " ".join(terms(words))})


class MessageIndex:
    """Finds messages by their words."""

    def __init__(self, database: Database) -> None:
        """Search in ``database``."""
        self._database = database

    def catch_up(self) -> int:
        """Index what is not indexed by the present analyzer, a group at a time; return how many messages that were."""
        count = 0
        while True:
            with self._database.write() as session:
                waiting = session.execute(
                    select(MessageRow.id, MessageRow.text)
                    .outerjoin(IndexedMessageRow, IndexedMessageRow.message_id == MessageRow.id)
                    .where(
                        MessageRow.status != "streaming",
                        or_(IndexedMessageRow.id.is_(None), IndexedMessageRow.analyzer_version != ANALYZER_VERSION),
                    )
                    .limit(_GROUP)
                ).all()
                for message_id, words in waiting:
                    index_message(session, message_id, words)
            count += len(waiting)
            if len(waiting) < _GROUP:
                return count

    def search(self, words: Sequence[str]) -> list[WordMatch]:
        """Return the conversations in which one message holds all of ``words`` (index terms), best first.

        Conversations in the trash are not searched.
        """
        if not words:
            return []
        query = " ".join(f'"{word}"' for word in words)
        with self._database.read() as session:
            return [
                WordMatch(row.id, row.conversation_id, row.matches)
                for row in session.execute(_SEARCH, {"query": query})
            ]
