"""Repository of summary cards and their passages. Every method is one transaction."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import delete, func, select, update

from ingestion.canonical import canonical_sentences
from ingestion.protocols import Vectors
from kb_app.models import CARD_INDEX, StoredChunk, SummaryCard
from kb_app.storage.chunks import chunk_id, chunk_row
from kb_app.storage.database import Database
from kb_app.storage.jobs import SUMMARY_KINDS
from kb_app.storage.rows import now
from kb_app.storage.tables import ChunkRow, DocumentRow, DocumentTextRow, JobRow, SummaryCardRow


class Uncarded(NamedTuple):
    """A ready document without a card."""

    id: str
    name: str


class SummaryRepository:
    """The summary cards of every base."""

    def __init__(self, database: Database) -> None:
        """Read and write ``database``."""
        self._database = database

    def of_base(self, base_id: str) -> dict[str, SummaryCard]:
        """Return document id -> card for the ready documents that have one."""
        query = (
            select(SummaryCardRow)
            .join(DocumentRow, DocumentRow.id == SummaryCardRow.document_id)
            .where(SummaryCardRow.base_id == base_id, DocumentRow.status == "ready")
        )
        with self._database.read() as session:
            return {row.document_id: _to_card(row) for row in session.scalars(query)}

    def of_documents(self, document_ids: Sequence[str]) -> dict[str, SummaryCard]:
        """Return document id -> card for those of the documents that have one."""
        query = select(SummaryCardRow).where(SummaryCardRow.document_id.in_(document_ids))
        with self._database.read() as session:
            return {row.document_id: _to_card(row) for row in session.scalars(query)}

    def count(self, base_id: str) -> int:
        """Return how many cards a base has."""
        with self._database.read() as session:
            query = select(func.count()).select_from(SummaryCardRow).where(SummaryCardRow.base_id == base_id)
            return session.scalars(query).one()

    def get(self, document_id: str) -> SummaryCard | None:
        """Return the card of a document, if there is one."""
        with self._database.read() as session:
            row = session.get(SummaryCardRow, document_id)
            return None if row is None else _to_card(row)

    def missing(self, base_id: str) -> list[Uncarded]:
        """Return the ready documents of a base without a card, by name."""
        query = (
            select(DocumentRow.id, DocumentRow.name)
            .outerjoin(SummaryCardRow, SummaryCardRow.document_id == DocumentRow.id)
            .where(DocumentRow.base_id == base_id, DocumentRow.status == "ready", SummaryCardRow.document_id.is_(None))
            .order_by(DocumentRow.name)
        )
        with self._database.read() as session:
            return [Uncarded(*row) for row in session.execute(query)]

    def beginnings(self, document_ids: Sequence[str], chars: int) -> list[str]:
        """Return the first ``chars`` characters of each of these documents' texts."""
        query = select(func.substr(DocumentTextRow.text, 1, chars)).where(DocumentTextRow.document_id.in_(document_ids))
        with self._database.read() as session:
            return list(session.scalars(query))

    def save(self, card: SummaryCard, job_id: str) -> bool:
        """Keep a card, and turn the job that wrote it into the one that indexes it.

        Returns:
            Whether there was a document to keep it for; a replaced or removed one needs no card.
        """
        with self._database.write() as session:
            document = session.get(DocumentRow, card.document_id)
            if document is None or document.status != "ready":
                return False
            session.merge(
                SummaryCardRow(
                    document_id=card.document_id,
                    base_id=document.base_id,
                    text=card.text,
                    model_id=card.model_id,
                    prompt_tokens=card.prompt_tokens,
                    completion_tokens=card.completion_tokens,
                    created_at=now(),
                )
            )
            values = {"kind": "card", "state": "queued", "stage": "", "updated_at": now()}
            session.execute(update(JobRow).where(JobRow.id == job_id).values(**values))
            return True

    def index(self, chunk: StoredChunk, vector: Vectors) -> bool:
        """Store a card's passage; return whether its document is still there."""
        with self._database.write() as session:
            document = session.get(DocumentRow, chunk.document_id)
            if document is None or document.status != "ready":
                return False
            session.merge(_row(chunk, vector))
            return True

    def carry_over(self, card: SummaryCard, chunk: StoredChunk, vector: Vectors) -> None:
        """Give a staged document the card of the one it will replace; ``chunk`` is its passage there."""
        with self._database.write() as session:
            if session.get(DocumentRow, chunk.document_id) is None:
                return
            columns = {name: getattr(card, name) for name in ("text", "model_id", "prompt_tokens", "completion_tokens")}
            session.add(
                SummaryCardRow(
                    document_id=chunk.document_id, base_id=chunk.base_id, created_at=card.created_at, **columns
                )
            )
            session.add(_row(chunk, vector))

    def remove_all(self, base_id: str) -> list[str]:
        """Forget every card of a base; return the ids of their passages."""
        with self._database.write() as session:
            mine = (ChunkRow.base_id == base_id) & (ChunkRow.position == CARD_INDEX)
            removed = session.scalars(delete(ChunkRow).where(mine).returning(ChunkRow.id)).all()
            session.execute(delete(SummaryCardRow).where(SummaryCardRow.base_id == base_id))
            return list(removed)

    def under_way(self, base_id: str) -> set[str]:
        """Return the names of documents whose card waits to be written or indexed, or could not be written."""
        mine = (JobRow.base_id == base_id) & JobRow.kind.in_(SUMMARY_KINDS)
        query = select(JobRow.name).where(mine, JobRow.state.in_(("queued", "running", "failed")))
        with self._database.read() as session:
            return set(session.scalars(query))

    def drop_waiting(self, base_id: str) -> None:
        """Cancel what waits to be written and ask what is being written to stop; forget what failed."""
        mine = (JobRow.base_id == base_id) & (JobRow.kind == "summarise")
        with self._database.write() as session:
            session.execute(delete(JobRow).where(mine, JobRow.state != "running"))
            session.execute(update(JobRow).where(mine).values(cancel_requested=True))


def card_chunk(card: SummaryCard, *, document_id: str, base_id: str, name: str, title: str) -> StoredChunk:
    """Return a card as a passage of its document; it stands nowhere in the text, so its offsets are 0."""
    return StoredChunk(
        id=chunk_id(document_id, CARD_INDEX),
        base_id=base_id,
        document_id=document_id,
        document_name=name,
        title=title,
        index=CARD_INDEX,
        text=card.text,
        search_text=card.text,
        canonical=canonical_sentences(card.text),
        start=0,
        end=0,
        page=None,
        heading=(),
    )


def _row(chunk: StoredChunk, vector: Vectors) -> ChunkRow:
    return ChunkRow(**chunk_row(chunk, vector, document_id=chunk.document_id, base_id=chunk.base_id))


def _to_card(row: SummaryCardRow) -> SummaryCard:
    return SummaryCard(
        document_id=row.document_id,
        text=row.text,
        model_id=row.model_id,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        created_at=row.created_at,
    )
