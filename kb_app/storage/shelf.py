"""Repository of the list of conversations: filter, title, pin, tags, archive and trash."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from kb_app.errors import NotFoundError
from kb_app.models import Conversation, ConversationFilter
from kb_app.storage.chat_rows import to_conversation
from kb_app.storage.database import Database
from kb_app.storage.rows import now
from kb_app.storage.tables import ConversationRow

_TAG = func.json_each(ConversationRow.tags).table_valued("value", joins_implicitly=True)


class ShelfRepository:
    """Every conversation, as the list shows and orders it."""

    def __init__(self, database: Database) -> None:
        """Read and write ``database``."""
        self._database = database

    def all(self, where: ConversationFilter, limit: int, offset: int = 0) -> list[Conversation]:
        """Return conversations: pinned ones first, then the newest; in the trash the last deleted first."""
        is_trash = where.shelf == "deleted"
        order = (
            [ConversationRow.deleted_at.desc()]
            if is_trash
            else [ConversationRow.pinned.desc(), ConversationRow.updated_at.desc()]
        )
        query = select(ConversationRow).where(*_conditions(where)).order_by(*order).limit(limit).offset(offset)
        with self._database.read() as session:
            return [to_conversation(row) for row in session.scalars(query)]

    def count(self, where: ConversationFilter) -> int:
        """Return how many conversations the filter lets through."""
        with self._database.read() as session:
            query = select(func.count()).select_from(ConversationRow).where(*_conditions(where))
            return session.scalar(query) or 0

    def among(self, conversation_ids: Sequence[str], where: ConversationFilter) -> dict[str, Conversation]:
        """Return those of some conversations that the filter lets through, by id."""
        query = select(ConversationRow).where(*_conditions(where)).where(ConversationRow.id.in_(conversation_ids))
        with self._database.read() as session:
            return {row.id: to_conversation(row) for row in session.scalars(query)}

    def titled(self, part: str, where: ConversationFilter, limit: int) -> list[Conversation]:
        """Return the conversations with ``part`` in their titles, whatever the case, newest first."""
        query = (
            select(ConversationRow)
            .where(*_conditions(where))
            .where(ConversationRow.title.icontains(part, autoescape=True))
        )
        with self._database.read() as session:
            rows = session.scalars(query.order_by(ConversationRow.updated_at.desc()).limit(limit))
            return [to_conversation(row) for row in rows]

    def tags(self) -> list[str]:
        """Return every tag in use, in order."""
        query = select(_TAG.c.value).select_from(ConversationRow, _TAG).where(ConversationRow.deleted_at == "")
        with self._database.read() as session:
            return sorted(session.scalars(query.distinct()))

    def rename(self, conversation_id: str, title: str) -> None:
        """Set the title the user gave. Raises NotFoundError."""
        self._set(conversation_id, {ConversationRow.title: title, ConversationRow.is_named: True})

    def suggest_title(self, conversation_id: str, title: str) -> None:
        """Set a title unless the user gave one, or the conversation is gone."""
        with self._database.write() as session:
            session.execute(
                update(ConversationRow)
                .where(ConversationRow.id == conversation_id, ConversationRow.is_named.is_(False))
                .values(title=title)
            )

    def pin(self, conversation_id: str, pinned: bool) -> None:
        """Put a conversation at the top of the list, or back in its place. Raises NotFoundError."""
        self._set(conversation_id, {ConversationRow.pinned: pinned})

    def archive(self, conversation_id: str, archived: bool) -> None:
        """Take a conversation out of the list, or back into it. Raises NotFoundError."""
        self._set(conversation_id, {ConversationRow.archived: archived})

    def tag(self, conversation_id: str, tags: Sequence[str]) -> None:
        """Set the tags. Raises NotFoundError."""
        self._set(conversation_id, {ConversationRow.tags: list(tags)})

    def delete(self, conversation_id: str) -> None:
        """Put a conversation into the trash. Raises NotFoundError."""
        self._set(conversation_id, {ConversationRow.deleted_at: now()})

    def restore(self, conversation_id: str) -> None:
        """Take a conversation out of the trash. Raises NotFoundError: it was removed for good."""
        self._set(conversation_id, {ConversationRow.deleted_at: ""}, is_deleted=True)

    def purge(self, deleted_before: str) -> int:
        """Remove for good what was put into the trash before a time; return how many conversations that were."""
        query = delete(ConversationRow).where(
            ConversationRow.deleted_at != "", ConversationRow.deleted_at < deleted_before
        )
        with self._database.write() as session:
            return len(session.scalars(query.returning(ConversationRow.id)).all())

    def _set(
        self,
        conversation_id: str,
        values: dict[InstrumentedAttribute[Any], Any],
        *,
        is_deleted: bool = False,
    ) -> None:
        query = update(ConversationRow).where(
            ConversationRow.id == conversation_id, (ConversationRow.deleted_at != "").is_(is_deleted)
        )
        with self._database.write() as session:
            if not session.scalars(query.values(values).returning(ConversationRow.id)).all():
                raise NotFoundError(f"conversation {conversation_id}", name=conversation_id)


def _conditions(where: ConversationFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [(ConversationRow.deleted_at != "").is_(where.shelf == "deleted")]
    if where.shelf != "deleted":
        found.append(ConversationRow.archived.is_(where.shelf == "archived"))
    if where.origins:
        found.append(ConversationRow.origin.in_(where.origins))
    if where.tag:
        found.append(select(1).select_from(_TAG).where(_TAG.c.value == where.tag).exists())
    return found
