"""Knowledge bases, their documents and passages, and the work on them."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from kb_app.storage.tables.base import Row


class KnowledgeBaseRow(Row):
    """A base and what its indexes were made by."""

    __tablename__ = "knowledge_bases"
    __table_args__ = (
        Index(
            "uq_knowledge_bases_conversation_id",
            "conversation_id",
            unique=True,
            sqlite_where=text("conversation_id <> ''"),
            postgresql_where=text("conversation_id <> ''"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(unique=True)  # NFKC, case-folded: names that look alike are one
    description: Mapped[str] = mapped_column(default="")
    embedder: Mapped[str]
    dimension: Mapped[int]
    analyzer_version: Mapped[int]
    chunking_version: Mapped[int]
    chunk_size_units: Mapped[int]
    chunk_overlap_units: Mapped[int]
    rules_off: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")  # names of cleaning rules
    ocr: Mapped[bool] = mapped_column(default=False, server_default=false())  # pictures of text are recognised
    summary_model: Mapped[str] = mapped_column(default="", server_default="")  # writes cards; empty: none are
    paused: Mapped[bool] = mapped_column(default=False, server_default=false())  # its files wait
    watch_folder: Mapped[str] = mapped_column(default="", server_default="")  # kept in step with; empty: none
    watch_inode: Mapped[str] = mapped_column(default="", server_default="")  # tells when another one is in its place
    reuse_exact: Mapped[float | None]  # how alike a question must be to be answered by a correction; None: default
    reuse_related: Mapped[float | None]  # how alike, for the correction to be an example; None: default
    model_id: Mapped[str] = mapped_column(default="", server_default="")  # that answers at first; empty: the app's
    fallback_model_id: Mapped[str] = mapped_column(default="", server_default="")
    conversation_id: Mapped[str] = mapped_column(default="", server_default="")  # it is private to; empty: to none
    created_at: Mapped[str]


class WatchedFileRow(Row):
    """A file of a watched folder as it was last seen, and what changed about it then."""

    __tablename__ = "watched_files"

    base_id: Mapped[str] = mapped_column(ForeignKey("knowledge_bases.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    change: Mapped[str]
    changed_at: Mapped[str]


class DocumentRow(Row):
    """A document. ``staged`` ones are the new half of a running re-index and are invisible."""

    __tablename__ = "documents"
    __table_args__ = (
        Index("ix_documents_base_id_sha256", "base_id", "sha256"),
        Index("ix_documents_base_id_status_chunk_count", "base_id", "status", "chunk_count"),
        Index(
            "uq_documents_base_id_name",
            "base_id",
            "name",
            unique=True,
            sqlite_where=text("status <> 'staged'"),
            postgresql_where=text("status <> 'staged'"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    base_id: Mapped[str] = mapped_column(ForeignKey("knowledge_bases.id", ondelete="CASCADE"))
    name: Mapped[str]
    sha256: Mapped[str]
    media_type: Mapped[str] = mapped_column(default="")
    byte_count: Mapped[int]
    status: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    page_count: Mapped[int] = mapped_column(default=0)
    chunk_count: Mapped[int] = mapped_column(default=0)
    char_count: Mapped[int] = mapped_column(default=0)
    encoding: Mapped[str | None]
    unreadable_pages: Mapped[list[Any]] = mapped_column(default=list)
    warnings: Mapped[list[Any]] = mapped_column(default=list)
    error: Mapped[dict[str, Any] | None]
    loader_version: Mapped[int] = mapped_column(default=0)
    prepared_with: Mapped[str] = mapped_column(default="", server_default="")  # the base's options at that time
    created_at: Mapped[str]


class DocumentTextRow(Row):
    """A document's text as it is shown; chunk offsets point into it. ``pages`` is [[number, start, end], ...]."""

    __tablename__ = "document_texts"

    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    text: Mapped[str]
    pages: Mapped[list[Any]] = mapped_column(default=list)


class ChunkRow(Row):
    """A passage and its vector (little-endian float32, the base's dimension)."""

    __tablename__ = "chunks"
    __table_args__ = (UniqueConstraint("document_id", "position"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    base_id: Mapped[str] = mapped_column(index=True)
    position: Mapped[int]
    text: Mapped[str]
    search_text: Mapped[str]
    canonical: Mapped[str] = mapped_column(default="")
    start: Mapped[int]
    end: Mapped[int]
    page: Mapped[int | None]
    heading: Mapped[list[Any]] = mapped_column(default=list)
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class JobRow(Row):
    """One unit of background work. No foreign key: a job may outlive the base it cleans up after."""

    __tablename__ = "jobs"

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(unique=True)
    batch_id: Mapped[str] = mapped_column(index=True)
    base_id: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(default="")
    byte_count: Mapped[int] = mapped_column(default=0)
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(index=True)
    stage: Mapped[str] = mapped_column(default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    document_id: Mapped[str | None]
    page_count: Mapped[int] = mapped_column(default=0)
    chunk_count: Mapped[int] = mapped_column(default=0)
    char_count: Mapped[int] = mapped_column(default=0)
    elapsed_s: Mapped[float] = mapped_column(default=0.0)
    error: Mapped[dict[str, Any] | None]
    created_at: Mapped[str]
    started_at: Mapped[str | None]
    updated_at: Mapped[str]
