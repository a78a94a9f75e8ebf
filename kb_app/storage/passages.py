"""Where a passage stands now, after its document was replaced, renamed or removed."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb_app.models import CARD_INDEX, Source
from kb_app.storage.chunks import chunk_id
from kb_app.storage.database import Database
from kb_app.storage.tables import ChunkRow, DocumentRow, DocumentTextRow

#: So much of a passage is looked for in documents of other names; longer texts are compared after that.
_NEEDLE = 100


class Place(NamedTuple):
    """What became of a passage: where it stands now, or None; and whether a document of its name is still there."""

    source: Source | None
    has_document: bool


class PassageRepository:
    """The texts of ready documents."""

    def __init__(self, database: Database) -> None:
        """Read ``database``."""
        self._database = database

    def state(self) -> tuple[int, str]:
        """Return what differs whenever a document has come, gone or been replaced."""
        query = select(func.count(), func.coalesce(func.max(DocumentRow.created_at), ""))
        with self._database.read() as session:
            count, newest = session.execute(query.where(DocumentRow.status == "ready")).one()
            return int(count), str(newest)

    def locate(self, source: Source) -> Place:
        """Return where the passage stands word for word, but for white space: in its document, else in another.

        A summary card stands in no text: it is looked for among the cards of its document, and of one of its name.
        """
        with self._database.read() as session:
            has_document = False
            for row in _documents(session, source):
                has_document = has_document or row.name == source.document
                found = _card(session, source, row) if source.is_card else _passage(session, source, row)
                if found is not None:
                    return Place(found, True)
            return Place(None, has_document)


def _card(session: Session, source: Source, row: DocumentRow) -> Source | None:
    card = session.get(ChunkRow, chunk_id(row.id, CARD_INDEX))
    if card is None or card.text.split() != source.text.split():
        return None
    return replace(source, document_id=row.id, document=row.name, title=row.title, chunk_id=card.id)


def _passage(session: Session, source: Source, row: DocumentRow) -> Source | None:
    text = session.scalar(select(DocumentTextRow.text).where(DocumentTextRow.document_id == row.id)) or ""
    span = find_passage(text, source.text, source.start)
    return None if span is None else _moved(session, source, row, span, text)


def find_passage(text: str, passage: str, near: int) -> tuple[int, int] | None:
    """Return where ``passage`` stands in ``text``, white space aside: the place nearest to offset ``near``."""
    places = [place for place, char in enumerate(text) if not char.isspace()]
    squashed, wanted = "".join(text.split()), "".join(passage.split())
    if not wanted:
        return None
    found, best = squashed.find(wanted), None
    while found >= 0:
        if best is None or abs(places[found] - near) < abs(places[best] - near):
            best = found
        found = squashed.find(wanted, found + 1)
    return None if best is None else (places[best], places[best + len(wanted) - 1] + 1)


def _documents(session: Session, source: Source) -> Iterator[DocumentRow]:
    """Yield the ready documents that may hold the passage: the same, one of its name, and those with its words."""
    ready = select(DocumentRow).where(DocumentRow.base_id == source.base_id, DocumentRow.status == "ready")
    own = [*session.scalars(ready.where(DocumentRow.id == source.document_id))]
    named = [*session.scalars(ready.where(DocumentRow.name == source.document, DocumentRow.id != source.document_id))]
    yield from (*own, *named)
    words = max(source.text.splitlines(), key=len, default="").strip()[:_NEEDLE]
    if words:
        seen = [row.id for row in (*own, *named)]
        text = DocumentTextRow.text.contains(words, autoescape=True)
        others = ready.join(DocumentTextRow, DocumentTextRow.document_id == DocumentRow.id)
        yield from session.scalars(others.where(text, DocumentRow.id.not_in(seen)).limit(5))


def _moved(session: Session, source: Source, row: DocumentRow, span: tuple[int, int], text: str) -> Source:
    start, end = span
    query = (
        select(ChunkRow.id, ChunkRow.page)
        .where(ChunkRow.document_id == row.id, ChunkRow.start <= start, ChunkRow.end > start)
        .order_by(ChunkRow.start.desc())
        .limit(1)
    )
    chunk = session.execute(query).one_or_none()
    return replace(
        source,
        document_id=row.id,
        document=row.name,
        title=row.title,
        chunk_id=chunk.id if chunk else source.chunk_id,
        page=chunk.page if chunk else source.page,
        start=start,
        end=end,
        text=text[start:end],
    )
