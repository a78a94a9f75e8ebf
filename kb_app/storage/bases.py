"""Repository of knowledge bases: SQL in, plain dataclasses out. Every method is one transaction."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from kb_app.errors import DuplicateNameError, NotFoundError
from kb_app.models import KnowledgeBase
from kb_app.storage.database import Database
from kb_app.storage.rows import new_id, now
from kb_app.storage.tables import ConversationRow, DocumentRow, KnowledgeBaseRow


class BaseRepository:
    """The knowledge bases."""

    def __init__(self, database: Database) -> None:
        """Read and write ``database``."""
        self._database = database

    def add(self, row: Mapping[str, Any], name_key: str) -> KnowledgeBase:
        """Insert a base and return it. Raises DuplicateNameError."""
        base_id = new_id()
        try:
            with self._database.write() as session:
                session.add(KnowledgeBaseRow(id=base_id, name_key=name_key, created_at=now(), **row))
        except IntegrityError as error:
            raise DuplicateNameError(str(error), name=str(row["name"])) from error
        return self.get(base_id)

    def all(self) -> list[KnowledgeBase]:
        """Return the bases a user made with their counts, by name."""
        return [base for base in self.every() if not base.conversation_id]

    def every(self) -> list[KnowledgeBase]:
        """Return all bases with their counts, by name; those that are private to a conversation, too."""
        with self._database.read() as session:
            rows = session.execute(_bases().order_by(KnowledgeBaseRow.name_key)).all()
            return [_to_base(*row) for row in rows]

    def private_to(self, conversation_id: str) -> KnowledgeBase | None:
        """Return the base with the files of a conversation."""
        with self._database.read() as session:
            mine = KnowledgeBaseRow.conversation_id == conversation_id
            row = session.execute(_bases().where(mine, KnowledgeBaseRow.conversation_id != "")).one_or_none()
            return None if row is None else _to_base(*row)

    def orphans(self) -> list[str]:
        """Return the ids of the bases whose conversation was removed for good."""
        private = KnowledgeBaseRow.conversation_id != ""
        living = select(ConversationRow.id).where(ConversationRow.id == KnowledgeBaseRow.conversation_id).exists()
        with self._database.read() as session:
            return list(session.scalars(select(KnowledgeBaseRow.id).where(private, ~living)))

    def choices(self, base_ids: Collection[str]) -> dict[str, tuple[str, str]]:
        """Return id -> (first model, fallback model) of those of the bases that exist."""
        row = KnowledgeBaseRow
        query = select(row.id, row.model_id, row.fallback_model_id).where(row.id.in_(base_ids))
        with self._database.read() as session:
            return {base_id: (model_id, fallback_id) for base_id, model_id, fallback_id in session.execute(query)}

    def get(self, base_id: str) -> KnowledgeBase:
        """Return one base. Raises NotFoundError."""
        with self._database.read() as session:
            row = session.execute(_ONE, {"base_id": base_id}).one_or_none()
        if row is None:
            raise NotFoundError(f"base {base_id}", name=base_id)
        return _to_base(*row)

    def embedder_of(self, base_id: str) -> str:
        """Return the id of a base's embedder: all that most questions need to know of it.

        Raises:
            NotFoundError: there is no such base.
        """
        with self._database.read() as session:
            embedder: str | None = session.scalar(_EMBEDDER, {"base_id": base_id})
        if embedder is None:
            raise NotFoundError(f"base {base_id}", name=base_id)
        return embedder

    def named(self, name_key: str) -> KnowledgeBase | None:
        """Return the base a user made whose folded name is ``name_key``."""
        with self._database.read() as session:
            mine = (KnowledgeBaseRow.name_key == name_key, KnowledgeBaseRow.conversation_id == "")
            row = session.execute(_bases().where(*mine)).one_or_none()
            return None if row is None else _to_base(*row)

    def change(self, base_id: str, values: Mapping[str, Any]) -> None:
        """Set columns of a base. Raises DuplicateNameError where the new name is taken."""
        try:
            with self._database.write() as session:
                session.execute(update(KnowledgeBaseRow).where(KnowledgeBaseRow.id == base_id).values(**values))
        except IntegrityError as error:
            raise DuplicateNameError(str(error), name=str(values.get("name", ""))) from error

    def delete(self, base_id: str) -> None:
        """Delete a base with everything in it."""
        with self._database.write() as session:
            session.execute(delete(KnowledgeBaseRow).where(KnowledgeBaseRow.id == base_id))


def _bases() -> Select[KnowledgeBaseRow, int, int]:
    # Of one base's documents only, and out of an index that has all it takes: this is asked for every file.
    mine = (DocumentRow.base_id == KnowledgeBaseRow.id, DocumentRow.status == "ready")
    documents = select(func.count()).select_from(DocumentRow).where(*mine).scalar_subquery()
    chunks = select(func.coalesce(func.sum(DocumentRow.chunk_count), 0)).where(*mine).scalar_subquery()
    return select(KnowledgeBaseRow, documents, chunks)


#: Made once: making a statement takes longer than running it, and every question runs these.
_EMBEDDER = select(KnowledgeBaseRow.embedder).where(KnowledgeBaseRow.id == bindparam("base_id"))
_ONE = _bases().where(KnowledgeBaseRow.id == bindparam("base_id"))


def _to_base(row: KnowledgeBaseRow, documents: int, chunks: int) -> KnowledgeBase:
    return KnowledgeBase(
        id=row.id,
        name=row.name,
        description=row.description,
        embedder=row.embedder,
        dimension=row.dimension,
        analyzer_version=row.analyzer_version,
        chunking_version=row.chunking_version,
        chunk_size_units=row.chunk_size_units,
        chunk_overlap_units=row.chunk_overlap_units,
        rules_off=tuple(row.rules_off),
        ocr=row.ocr,
        summary_model=row.summary_model,
        paused=row.paused,
        watch_folder=row.watch_folder,
        watch_inode=row.watch_inode,
        reuse_exact=row.reuse_exact,
        reuse_related=row.reuse_related,
        model_id=row.model_id,
        fallback_model_id=row.fallback_model_id,
        conversation_id=row.conversation_id,
        created_at=row.created_at,
        document_count=documents,
        chunk_count=chunks,
    )
