"""Conversations and their messages."""

from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kb_app.storage.tables.base import Row
from kb_app.storage.tables.ratings import RatingRow


class ConversationRow(Row):
    """A conversation and what it is asked of."""

    __tablename__ = "conversations"

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    base_ids: Mapped[list[Any]] = mapped_column(default=list)
    model_id: Mapped[str]
    created_at: Mapped[str]
    updated_at: Mapped[str] = mapped_column(index=True)
    is_named: Mapped[bool] = mapped_column(default=False, server_default=false())
    pinned: Mapped[bool] = mapped_column(default=False, server_default=false())
    archived: Mapped[bool] = mapped_column(default=False, server_default=false())
    tags: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    origin: Mapped[str] = mapped_column(default="app", server_default="app")
    leaf_id: Mapped[str] = mapped_column(default="", server_default="")
    deleted_at: Mapped[str] = mapped_column(default="", server_default="")


class MessageRow(Row):
    """One message; ``sources`` are the passages as they were, so that later changes do not touch them.

    ``position`` is the order of writing within the conversation, over all branches.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "position"),
        # The tree of a conversation is read from this index alone, without the texts.
        Index(None, "conversation_id", "position", "id", "parent_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    position: Mapped[int]
    role: Mapped[str]
    text: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="complete", index=True)
    thinking: Mapped[str] = mapped_column(default="")
    model_id: Mapped[str] = mapped_column(default="")
    query: Mapped[str] = mapped_column(default="")
    sources: Mapped[list[Any]] = mapped_column(default=list)
    cited: Mapped[list[Any]] = mapped_column(default=list)
    confidence: Mapped[float | None]
    usage: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    elapsed_s: Mapped[float | None]
    correction_id: Mapped[str | None]  # the correction this answer was made with; no foreign key: it may be deleted
    reuse: Mapped[str] = mapped_column(default="", server_default="")
    timing: Mapped[dict[str, Any] | None]
    cost: Mapped[dict[str, Any] | None]
    fallback: Mapped[dict[str, Any] | None]
    problems: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    attachments: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")  # names of files
    created_at: Mapped[str]
    parent_id: Mapped[str] = mapped_column(default="", server_default="")
    rating: Mapped[RatingRow | None] = relationship(lazy="joined", passive_deletes=True)


class IndexedMessageRow(Row):
    """A message whose words are in the full-text table ``message_words``, under this row's number.

    That table is SQLite's own (FTS5) and holds the terms of our analyzer; a trigger removes what this table loses.
    """

    __tablename__ = "indexed_messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), unique=True)
    analyzer_version: Mapped[int]
    conversation_id: Mapped[str] = mapped_column(server_default="")
