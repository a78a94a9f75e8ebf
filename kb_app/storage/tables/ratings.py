"""Readers' verdicts on answers."""

from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from kb_app.storage.tables.base import Row


class RatingRow(Row):
    """The rating of one answer; gone with it."""

    __tablename__ = "ratings"

    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    verdict: Mapped[str] = mapped_column(index=True)
    reasons: Mapped[list[Any]] = mapped_column(default=list)
    note: Mapped[str] = mapped_column(default="")
    author: Mapped[str] = mapped_column(default="")
    created_at: Mapped[str]
