"""Repository of chunks and their vectors, the truth behind both indexes."""

import json
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select
from sqlalchemy.dialects import sqlite

from ingestion.models import Chunk, PreparedDocument
from ingestion.protocols import Vectors
from kb_app.models import CARD_INDEX, DocumentRecord, SearchFilters, StoredChunk
from kb_app.storage.database import Database
from kb_app.storage.tables import ChunkRow, DocumentRow, DocumentTagRow

_MOST_HEADINGS = 200
#: A passage of fewer characters is little more than its heading: asked about it, the app would find nothing to say.
_TELLING_CHARS = 30


class ChunkVector(NamedTuple):
    """Chunks of one base and their vectors, shape (len(ids), dimension)."""

    ids: list[str]
    vectors: Vectors


class ChunkRepository:
    """The chunks of ready documents; implements ``ChunkSource``."""

    def __init__(self, database: Database) -> None:
        """Read ``database``."""
        self._database = database

    def chunks(self, chunk_ids: Collection[str]) -> dict[str, StoredChunk]:
        """Return those of the chunks that exist and belong to a ready document."""
        with self._database.read() as session:
            named = ("ready", json.dumps(list(chunk_ids)))
            rows = session.connection().exec_driver_sql(_NAMED, named).fetchall()
        # By position: a question reads some hundred rows, and looking each column up by name takes as long as SQLite.
        return {
            name: StoredChunk(
                id=name,
                base_id=base_id,
                document_id=document_id,
                document_name=document_name,
                title=title,
                index=position,
                text=text,
                search_text=search_text,
                canonical=canonical,
                start=start,
                end=end,
                page=page,
                heading=tuple(json.loads(heading)),
            )
            for (
                name,
                base_id,
                document_id,
                position,
                text,
                search_text,
                canonical,
                start,
                end,
                page,
                heading,
                document_name,
                title,
            ) in rows
        }

    def documents(self, base_ids: Collection[str], filters: SearchFilters) -> frozenset[str]:
        """Return the ids of the bases' ready documents that pass ``filters``."""
        wanted = select(DocumentRow.id).where(
            DocumentRow.base_id.in_(base_ids), DocumentRow.status == "ready", *_conditions(filters)
        )
        with self._database.read() as session:
            return frozenset(session.scalars(wanted))

    def of_document(self, document_id: str) -> list[StoredChunk]:
        """Return the chunks of a ready document, in order, without its summary card."""
        with self._database.read() as session:
            mine = (ChunkRow.document_id == document_id, ChunkRow.position > CARD_INDEX)
            query = _chunks().where(*mine).order_by(ChunkRow.position)
            return [_to_chunk(row) for row in session.execute(query)]

    def headings(self, base_ids: Collection[str], passages: int) -> list[str]:
        """Return the innermost headings of the first ``passages`` of each ready document, those that tell something."""
        query = (
            select(ChunkRow.heading)
            .join(DocumentRow, DocumentRow.id == ChunkRow.document_id)
            .where(ChunkRow.base_id.in_(base_ids), DocumentRow.status == "ready")
            .where(ChunkRow.position < passages, func.length(ChunkRow.text) >= _TELLING_CHARS)
            .order_by(ChunkRow.position, DocumentRow.created_at.desc())
            .limit(_MOST_HEADINGS)
        )
        with self._database.read() as session:
            return [heading[-1] for heading in session.scalars(query) if heading]

    def of_base(self, base_id: str) -> list[StoredChunk]:
        """Return every passage of a base's documents."""
        return [chunk for batch in self.iter_chunks(base_id) for chunk in batch]

    def ids(self, base_id: str) -> set[str]:
        """Return the id of every chunk of the base's ready documents."""
        query = (
            select(ChunkRow.id)
            .join(DocumentRow, DocumentRow.id == ChunkRow.document_id)
            .where(ChunkRow.base_id == base_id, DocumentRow.status == "ready")
        )
        with self._database.read() as session:
            return set(session.scalars(query))

    def iter_chunks(self, base_id: str, batch: int = 1000, *, staged: bool = False) -> Iterator[list[StoredChunk]]:
        """Yield all chunks of the base's ready, or staged, documents in batches, for rebuilding an index."""
        with self._database.read() as session:
            query = (
                _chunks("staged" if staged else "ready")
                .where(ChunkRow.base_id == base_id)
                .execution_options(yield_per=batch)
            )
            for part in session.execute(query).partitions(batch):
                yield [_to_chunk(row) for row in part]

    def iter_vectors(
        self, base_id: str, batch: int = 1000, *, document_ids: Collection[str] | None = None
    ) -> Iterator[ChunkVector]:
        """Yield all vectors of the base's ready documents, or of those of them that are given, in batches."""
        query = (
            select(ChunkRow.id, ChunkRow.vector)
            .join(DocumentRow, DocumentRow.id == ChunkRow.document_id)
            .where(ChunkRow.base_id == base_id, DocumentRow.status == "ready")
            .execution_options(yield_per=batch)
        )
        if document_ids is not None:
            query = query.where(ChunkRow.document_id.in_(document_ids))
        with self._database.read() as session:
            for part in session.execute(query).partitions(batch):
                yield ChunkVector([row.id for row in part], np.stack([_to_vector(row.vector) for row in part]))


def chunk_id(document_id: str, index: int) -> str:
    """Return the id of chunk ``index`` (0-based) of a document."""
    return f"{document_id}:{index}"


def indexed_ids(document: DocumentRecord) -> list[str]:
    """Return the ids that the indexes may hold of a document: its chunks and its summary card."""
    return [chunk_id(document.id, index) for index in range(CARD_INDEX, document.chunk_count)]


def document_of(chunk: str) -> str:
    """Return the id of the document that a chunk with this id belongs to."""
    return chunk.rpartition(":")[0]


def _conditions(filters: SearchFilters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.document_ids:
        conditions.append(DocumentRow.id.in_(filters.document_ids))
    if filters.endings:
        name = func.lower(DocumentRow.name)
        conditions.append(or_(*(name.endswith(ending.lower(), autoescape=True) for ending in filters.endings)))
    if filters.media_types:
        conditions.append(DocumentRow.media_type.in_(filters.media_types))
    if filters.tags:
        tagged = select(DocumentTagRow.tag).where(
            DocumentTagRow.base_id == DocumentRow.base_id,
            DocumentTagRow.name == DocumentRow.name,
            DocumentTagRow.tag.in_(filters.tags),
        )
        conditions.append(tagged.exists())
    if filters.added_from:
        conditions.append(DocumentRow.created_at >= filters.added_from)
    if filters.added_before:
        conditions.append(DocumentRow.created_at < filters.added_before)
    return conditions


def _chunks(status: str = "ready") -> Select[*tuple[Any, ...]]:
    return (
        select(
            ChunkRow.id,
            ChunkRow.base_id,
            ChunkRow.document_id,
            ChunkRow.position,
            ChunkRow.text,
            ChunkRow.search_text,
            ChunkRow.canonical,
            ChunkRow.start,
            ChunkRow.end,
            ChunkRow.page,
            ChunkRow.heading,
            DocumentRow.name,
            DocumentRow.title,
        )
        .join(DocumentRow, DocumentRow.id == ChunkRow.document_id)
        .where(DocumentRow.status == status)
    )


def _of_names() -> Select[*tuple[Any, ...]]:
    return _chunks().where(ChunkRow.id.in_(select(func.json_each(bindparam("ids")).table_valued("value").c.value)))


#: As SQLite gets it, made once: every question runs it, and making it takes longer. Parameters: a status, and ids.
_NAMED = str(_of_names().compile(dialect=sqlite.dialect()))


def _to_chunk(row: Any) -> StoredChunk:
    return StoredChunk(
        id=row.id,
        base_id=row.base_id,
        document_id=row.document_id,
        document_name=row.name,
        title=row.title,
        index=row.position,
        text=row.text,
        search_text=row.search_text,
        canonical=row.canonical,
        start=row.start,
        end=row.end,
        page=row.page,
        heading=tuple(row.heading),
    )


def _to_vector(blob: bytes) -> Vectors:
    return np.frombuffer(blob, dtype="<f4").astype(np.float32, copy=False)


def vector_bytes(vector: Vectors) -> bytes:
    """Return a vector as it is stored."""
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def chunk_rows(prepared: PreparedDocument, vectors: Vectors, *, document_id: str, base_id: str) -> list[dict[str, Any]]:
    """Return the columns of every chunk of a prepared document; ``vectors`` has one row a chunk."""
    return [
        chunk_row(chunk, vector, document_id=document_id, base_id=base_id)
        for chunk, vector in zip(prepared.chunks, vectors, strict=True)
    ]


def chunk_row(chunk: Chunk | StoredChunk, vector: Vectors, *, document_id: str, base_id: str) -> dict[str, Any]:
    """Return the columns of one chunk."""
    return {
        "id": chunk_id(document_id, chunk.index),
        "document_id": document_id,
        "base_id": base_id,
        "position": chunk.index,
        "text": chunk.text,
        "search_text": chunk.search_text,
        "canonical": chunk.canonical,
        "start": chunk.start,
        "end": chunk.end,
        "page": chunk.page,
        "heading": list(chunk.heading),
        "vector": vector_bytes(vector),
    }


def stored_chunks(prepared: PreparedDocument, *, document_id: str, base_id: str, name: str) -> list[StoredChunk]:
    """Return the chunks of a prepared document as they will be stored, to index them before the database commits."""
    return [
        StoredChunk(
            id=chunk_id(document_id, chunk.index),
            base_id=base_id,
            document_id=document_id,
            document_name=name,
            title=prepared.document.title,
            index=chunk.index,
            text=chunk.text,
            search_text=chunk.search_text,
            canonical=chunk.canonical,
            start=chunk.start,
            end=chunk.end,
            page=chunk.page,
            heading=chunk.heading,
        )
        for chunk in prepared.chunks
    ]
