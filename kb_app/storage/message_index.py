"""The words of saved messages in SQLite's full-text index, in the transaction that saves the message.

The index lives in the database itself, so it is whole whenever the database is. It holds the terms of our own analyzer
(Chinese characters and their pairs, English stems), parted by spaces. What an older version of the app left unindexed,
or indexed by another analyzer, is found and done by :meth:`MessageIndex.catch_up`.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy import delete, or_, select, text
from sqlalchemy.orm import Session

from ingestion.analyzer import ANALYZER_VERSION, terms
from kb_app.storage.database import Database
from kb_app.storage.tables import IndexedMessageRow, MessageRow

#: Messages indexed in one transaction while others may want to write.
_GROUP = 50
_INSERT = text("INSERT INTO message_words (rowid, terms) VALUES (:number, :terms)")
#: The scores must be there before rows are grouped: bm25 cannot be asked for inside an aggregate.
_SEARCH = text(
    "WITH found AS MATERIALIZED"
    " (SELECT rowid AS number, rank AS score FROM message_words WHERE message_words MATCH :query)"
    " SELECT message_id, conversation_id, min(score) AS best, count(*) AS matches FROM found"
    " JOIN indexed_messages ON indexed_messages.id = found.number"
    " WHERE conversation_id NOT IN (SELECT id FROM conversations WHERE deleted_at != '')"
    " GROUP BY conversation_id ORDER BY best"
)


class WordMatch(NamedTuple):
    """The best message of a conversation, and how many of its messages match."""

    message_id: str
    conversation_id: str
    match_count: int


class Words(NamedTuple):
    """What is indexed of a message."""

    message_id: str
    conversation_id: str
    text: str


def index_messages(session: Session, messages: Sequence[Words]) -> None:
    """Put the words of messages into the index, in place of those they had."""
    message_ids = [message.message_id for message in messages]
    session.execute(delete(IndexedMessageRow).where(IndexedMessageRow.message_id.in_(message_ids)))
    rows = [
        IndexedMessageRow(
            message_id=message.message_id, conversation_id=message.conversation_id, analyzer_version=ANALYZER_VERSION
        )
        for message in messages
    ]
    session.add_all(rows)
    session.flush()
    found = [
        {"number": row.id, "terms": " ".join(terms(message.text))} for row, message in zip(rows, messages, strict=True)
    ]
    if found:
        session.execute(_INSERT, found)


class MessageIndex:
    """Finds messages by their words."""

    def __init__(self, database: Database) -> None:
        """Search in ``database``."""
        self._database = database

    def catch_up(self, is_wanted: Callable[[], bool] = lambda: True) -> int:
        """Index what is not indexed by the present analyzer, as long as that ``is_wanted``; return how many it was."""
        count = 0
        while is_wanted():
            with self._database.write() as session:
                waiting = session.execute(
                    select(MessageRow.id, MessageRow.conversation_id, MessageRow.text)
                    .outerjoin(IndexedMessageRow, IndexedMessageRow.message_id == MessageRow.id)
                    .where(
                        MessageRow.status != "streaming",
                        or_(IndexedMessageRow.id.is_(None), IndexedMessageRow.analyzer_version != ANALYZER_VERSION),
                    )
                    .limit(_GROUP)
                ).all()
                index_messages(session, [Words(*row) for row in waiting])
            count += len(waiting)
            if len(waiting) < _GROUP:
                break
        return count

    def search(self, words: Sequence[str]) -> list[WordMatch]:
        """Return the conversations in which one message holds all of ``words`` (index terms), best first.

        Conversations in the trash are not searched.
        """
        if not words:
            return []
        query = " ".join(f'"{word}"' for word in words)
        with self._database.read() as session:
            rows = session.execute(_SEARCH, {"query": query})
            return [WordMatch(row.message_id, row.conversation_id, row.matches) for row in rows]
