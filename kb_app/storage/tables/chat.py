"""Conversations and their messages."""

from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
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


class MessageRow(Row):
    """One message; ``sources`` are the passages as they were, so that later changes do not touch them."""

    __tablename__ = "messages"
    __table_args__ = (UniqueConstraint("conversation_id", "position"),)

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
    created_at: Mapped[str]
    rating: Mapped[RatingRow | None] = relationship(lazy="joined", passive_deletes=True)
