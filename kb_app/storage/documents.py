"""Repository of documents: SQL in, plain dataclasses out. Every method is one transaction.

A row is ``ready``, ``failed``, or ``staged``: the new half of a running re-index, invisible until it is published.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from ingestion.canonical import canonical_sentences
from ingestion.models import PageSpan, PreparedDocument
from ingestion.protocols import Vectors
from kb_app.errors import NotFoundError
from kb_app.models import CARD_INDEX, KEPT_WARNING, DocumentRecord, ErrorInfo
from kb_app.storage.chunks import chunk_id, chunk_rows, vector_bytes
from kb_app.storage.database import Database
from kb_app.storage.rows import error_from_json, error_to_json, new_id, now, table_of
from kb_app.storage.tables import ChunkRow, DocumentRow, DocumentTagRow, DocumentTextRow, KnowledgeBaseRow


class NewDocument(NamedTuple):
    """What is known of a document besides its prepared text."""

    base_id: str
    name: str
    sha256: str
    byte_count: int
    loader_version: int
    prepared_with: str = ""


class ReadyDocument(NamedTuple):
    """A document that can be stored; ``vectors`` has one row a chunk."""

    id: str
    new: NewDocument
    prepared: PreparedDocument
    vectors: Vectors


class DocumentRepository:
    """The documents of every base."""

    def __init__(self, database: Database) -> None:
        """Read and write ``database``."""
        self._database = database

    def of_base(self, base_id: str) -> list[DocumentRecord]:
        """Return the documents of a base, failed ones too, by name."""
        with self._database.read() as session:
            query = (
                select(DocumentRow)
                .where(DocumentRow.base_id == base_id, DocumentRow.status != "staged")
                .order_by(DocumentRow.name)
            )
            tags = _tags(session, base_id)
            return [_to_document(row, tags.get(row.name, ())) for row in session.scalars(query)]

    def get(self, document_id: str) -> DocumentRecord:
        """Return one document. Raises NotFoundError."""
        with self._database.read() as session:
            row = session.get(DocumentRow, document_id)
            if row is None:
                raise NotFoundError(f"document {document_id}", name=document_id)
            return _to_document(row, _tags(session, row.base_id, row.name).get(row.name, ()))

    def find(self, base_id: str, *, name: str | None = None, sha256: str | None = None) -> DocumentRecord | None:
        """Return the document of this name or these bytes; a ready one before a failed one."""
        query = select(DocumentRow).where(DocumentRow.base_id == base_id, DocumentRow.status != "staged")
        if name is not None:
            query = query.where(DocumentRow.name == name)
        if sha256 is not None:
            query = query.where(DocumentRow.sha256 == sha256)
        with self._database.read() as session:
            row = session.scalars(query.order_by(DocumentRow.status.desc()).limit(1)).one_or_none()
            return None if row is None else _to_document(row, _tags(session, base_id, row.name).get(row.name, ()))

    def text(self, document_id: str) -> tuple[str, tuple[PageSpan, ...]]:
        """Return a document's text as shown, and its pages. Raises NotFoundError."""
        with self._database.read() as session:
            row = session.get(DocumentTextRow, document_id)
        if row is None:
            raise NotFoundError(f"text of document {document_id}", name=document_id)
        return row.text, tuple(PageSpan(number=n, start=start, end=end) for n, start, end in row.pages)

    def digests(self) -> set[str]:
        """Return the SHA-256 of every document in every base."""
        with self._database.read() as session:
            return set(session.scalars(select(DocumentRow.sha256).distinct()))

    def add(self, documents: Sequence[ReadyDocument]) -> list[DocumentRecord]:
        """Store documents of one base with their chunks and vectors, all at once.

        Returns:
            The documents of the same names that they replaced.

        Raises:
            NotFoundError: the base was deleted meanwhile; nothing was stored.
        """
        base_id = documents[0].new.base_id
        same = (
            DocumentRow.base_id == base_id,
            DocumentRow.name.in_([one.new.name for one in documents]),
            DocumentRow.status != "staged",
        )
        with self._database.write() as session:
            _require_base(session, base_id)
            replaced = [_to_document(row) for row in session.scalars(select(DocumentRow).where(*same))]
            session.execute(delete(DocumentRow).where(*same))
            for document_id, new, prepared, vectors in documents:
                _insert_document(session, new, prepared, vectors, document_id=document_id, status="ready")
        return replaced

    def stage(self, new: NewDocument, prepared: PreparedDocument, vectors: Vectors) -> str:
        """Store the new half of a re-indexed document, invisible until :meth:`publish_staged`; return its id."""
        document_id = new_id()
        with self._database.write() as session:
            _require_base(session, new.base_id)
            _insert_document(session, new, prepared, vectors, document_id=document_id, status="staged")
        return document_id

    def stage_copy(self, document_id: str, vectors: Vectors) -> str:
        """Stage a document as it stands, because it cannot be read again, with new vectors; return the copy's id.

        Raises:
            NotFoundError: it was removed meanwhile.
        """
        copy_id = new_id()
        with self._database.write() as session:
            row, text = session.get(DocumentRow, document_id), session.get(DocumentTextRow, document_id)
            if row is None or text is None:
                raise NotFoundError(f"document {document_id}", name=document_id)
            warnings = [*(one for one in row.warnings if one != KEPT_WARNING), KEPT_WARNING]
            changes = {"id": copy_id, "status": "staged", "warnings": warnings}
            session.add(DocumentRow(**(_columns(row) | changes)))
            session.flush()
            session.add(DocumentTextRow(document_id=copy_id, text=text.text, pages=text.pages))
            mine = (ChunkRow.document_id == document_id, ChunkRow.position > CARD_INDEX)
            query = select(ChunkRow).where(*mine).order_by(ChunkRow.position)
            copies = [
                _columns(chunk)
                | {
                    "id": chunk_id(copy_id, chunk.position),
                    "document_id": copy_id,
                    "canonical": canonical_sentences(chunk.search_text),
                    "vector": vector_bytes(vector),
                }
                for chunk, vector in zip(session.scalars(query), vectors, strict=True)
            ]
            session.execute(insert(ChunkRow), copies)
        return copy_id

    def discard_staged(self, base_id: str) -> None:
        """Forget every staged document of a base."""
        with self._database.write() as session:
            session.execute(delete(DocumentRow).where(DocumentRow.base_id == base_id, DocumentRow.status == "staged"))

    def publish_staged(self, base_id: str, columns: Mapping[str, Any]) -> list[str]:
        """Put the staged documents in place of the ready ones, and set columns of the base, all at once.

        A staged document whose counterpart was removed meanwhile is dropped. A ready document without a staged one
        stays in the list as failed: vectors of two embedders never mix.

        Returns:
            The ids of the documents that are not ready any more, or were staged and never will be.
        """
        mine = select(DocumentRow).where(DocumentRow.base_id == base_id)
        with self._database.write() as session:
            staged = {row.name: row for row in session.scalars(mine.where(DocumentRow.status == "staged"))}
            ready = session.scalars(mine.where(DocumentRow.status == "ready")).all()
            gone = [row.id for row in ready]
            for row in ready:
                fresh = staged.get(row.name)
                if fresh is not None and fresh.sha256 == row.sha256:
                    del staged[row.name]
                    session.delete(row)
                    session.flush()  # the name must be free before the staged row takes it
                    fresh.status, fresh.created_at = "ready", row.created_at
                else:
                    _to_failed(session, row, ErrorInfo(code="reindex_needed"))
            for orphan in staged.values():
                gone.append(orphan.id)
                session.delete(orphan)
            session.execute(update(KnowledgeBaseRow).where(KnowledgeBaseRow.id == base_id).values(**columns))
        return gone

    def add_failed(self, new: NewDocument, error: ErrorInfo) -> str | None:
        """Record a file that could not be read, unless a readable document of that name is there; return its id."""
        with self._database.write() as session:
            _require_base(session, new.base_id)
            same = select(DocumentRow).where(
                DocumentRow.base_id == new.base_id, DocumentRow.name == new.name, DocumentRow.status != "staged"
            )
            existing = session.scalars(same).one_or_none()
            if existing is not None and existing.status == "ready":
                return None
            if existing is not None:
                session.delete(existing)
                session.flush()
            row = DocumentRow(
                id=new_id(), status="failed", error=error_to_json(error), created_at=now(), **new._asdict()
            )
            session.add(row)
            return row.id

    def remove(self, base_id: str, document_ids: Collection[str]) -> int:
        """Delete documents with their texts, chunks, vectors and tags; return how many there were."""
        with self._database.write() as session:
            query = delete(DocumentRow).where(DocumentRow.base_id == base_id, DocumentRow.id.in_(document_ids))
            names = session.scalars(query.returning(DocumentRow.name)).all()
            mine = (DocumentTagRow.base_id == base_id, DocumentTagRow.name.in_(names))
            session.execute(delete(DocumentTagRow).where(*mine))
            return len(names)


def _tags(session: Session, base_id: str, name: str | None = None) -> dict[str, tuple[str, ...]]:
    """Return the tags of the base's documents, or of the one called ``name``, by the document's name."""
    query = select(DocumentTagRow.name, DocumentTagRow.tag).where(DocumentTagRow.base_id == base_id)
    if name is not None:
        query = query.where(DocumentTagRow.name == name)
    found: dict[str, tuple[str, ...]] = {}
    for document, tag in session.execute(query.order_by(DocumentTagRow.tag)):
        found[document] = (*found.get(document, ()), tag)
    return found


def _to_document(row: DocumentRow, tags: tuple[str, ...] = ()) -> DocumentRecord:
    return DocumentRecord(
        id=row.id,
        base_id=row.base_id,
        name=row.name,
        sha256=row.sha256,
        media_type=row.media_type,
        byte_count=row.byte_count,
        status="ready" if row.status == "ready" else "failed",
        title=row.title,
        page_count=row.page_count,
        chunk_count=row.chunk_count,
        char_count=row.char_count,
        encoding=row.encoding,
        unreadable_pages=tuple(row.unreadable_pages),
        warnings=tuple(row.warnings),
        error=error_from_json(row.error),
        tags=tags,
        prepared_with=row.prepared_with,
        loader_version=row.loader_version,
        created_at=row.created_at,
    )


def _to_failed(session: Session, row: DocumentRow, error: ErrorInfo) -> None:
    session.execute(delete(ChunkRow).where(ChunkRow.document_id == row.id))
    session.execute(delete(DocumentTextRow).where(DocumentTextRow.document_id == row.id))
    row.status, row.error, row.chunk_count = "failed", error_to_json(error), 0


def _columns(row: DocumentRow | ChunkRow) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}


def _require_base(session: Session, base_id: str) -> None:
    if session.get(KnowledgeBaseRow, base_id) is None:
        raise NotFoundError(f"base {base_id}", name=base_id)


def _insert_document(
    session: Session, new: NewDocument, prepared: PreparedDocument, vectors: Vectors, *, document_id: str, status: str
) -> None:
    loaded, document = prepared.loaded, prepared.document
    row = {
        "id": document_id,
        "status": status,
        "media_type": loaded.media_type,
        "title": document.title,
        "page_count": len(document.pages),
        "chunk_count": len(prepared.chunks),
        "char_count": loaded.char_count,
        "encoding": loaded.encoding,
        "unreadable_pages": list(loaded.unreadable_pages),
        "warnings": list(loaded.warnings),
        "error": None,
        "created_at": now(),
        **new._asdict(),
    }
    pages = [[span.number, span.start, span.end] for span in document.pages]
    session.execute(insert(table_of(DocumentRow)), [row])
    session.execute(
        insert(table_of(DocumentTextRow)), [{"document_id": document_id, "text": document.text, "pages": pages}]
    )
    rows = chunk_rows(prepared, vectors, document_id=document_id, base_id=new.base_id)
    session.execute(insert(table_of(ChunkRow)), rows)
