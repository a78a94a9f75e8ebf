"""Corrections with every version, who works on what, and where a correction was refused."""

from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from kb_app.storage.tables.base import Row


class CorrectionRow(Row):
    """A correction as it stands. No foreign keys: it outlives the base and the message it came from.

    ``content`` holds what a person wrote or what was seen at the time; what is searched and counted has columns.
    """

    __tablename__ = "corrections"

    id: Mapped[str] = mapped_column(primary_key=True)
    base_id: Mapped[str] = mapped_column(index=True)
    message_id: Mapped[str | None] = mapped_column(index=True)
    question: Mapped[str]
    content: Mapped[dict[str, Any]]
    author: Mapped[str] = mapped_column(default="")
    reviewer: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(index=True)
    stale: Mapped[str] = mapped_column(default="")
    question_group: Mapped[str] = mapped_column(index=True)
    version: Mapped[int]
    hits: Mapped[int] = mapped_column(default=0)
    not_helpful: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[str]
    updated_at: Mapped[str] = mapped_column(index=True)


class CorrectionVersionRow(Row):
    """A correction as it once stood."""

    __tablename__ = "correction_versions"

    correction_id: Mapped[str] = mapped_column(ForeignKey("corrections.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    question: Mapped[str]
    content: Mapped[dict[str, Any]]
    author: Mapped[str] = mapped_column(default="")
    reviewer: Mapped[str] = mapped_column(default="")
    status: Mapped[str]
    updated_at: Mapped[str]


class CorrectionSupportRow(Row):
    """A document a correction rests on, to find what its change concerns. No foreign key: the change is to be seen."""

    __tablename__ = "correction_supports"

    correction_id: Mapped[str] = mapped_column(ForeignKey("corrections.id", ondelete="CASCADE"), primary_key=True)
    document_id: Mapped[str] = mapped_column(primary_key=True)


class CorrectionRefusalRow(Row):
    """A question, in normal form, to which a reader found a correction not helpful."""

    __tablename__ = "correction_refusals"

    correction_id: Mapped[str] = mapped_column(ForeignKey("corrections.id", ondelete="CASCADE"), primary_key=True)
    question_key: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[str]


class CorrectionClaimRow(Row):
    """Who works on an answer or a correction, and until when nobody else does."""

    __tablename__ = "correction_claims"

    subject_id: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    expires_at: Mapped[str]
