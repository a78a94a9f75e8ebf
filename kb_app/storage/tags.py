"""Repository of the tags of documents. Every method is one transaction."""

from collections.abc import Collection

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from kb_app.storage.database import Database
from kb_app.storage.tables import DocumentRow, DocumentTagRow

#: SQLite allows 32,766 parameters in one statement.
_IN_LIMIT = 10_000


class TagRepository:
    """The tags of every base's documents."""

    def __init__(self, database: Database) -> None:
        """Read and write ``database``."""
        self._database = database

    def counts(self, base_ids: Collection[str]) -> dict[str, int]:
        """Return tag -> number of documents in these bases, by tag."""
        query = (
            select(DocumentTagRow.tag, func.count())
            .where(DocumentTagRow.base_id.in_(base_ids))
            .group_by(DocumentTagRow.tag)
            .order_by(DocumentTagRow.tag)
        )
        with self._database.read() as session:
            return {row[0]: row[1] for row in session.execute(query)}

    def change(
        self, base_id: str, document_ids: Collection[str], *, add: Collection[str], remove: Collection[str]
    ) -> None:
        """Give documents of a base the tags ``add`` and take ``remove`` from them."""
        with self._database.write() as session:
            names = _names(session, base_id, document_ids)
            for first in range(0, len(names), _IN_LIMIT):
                part = names[first : first + _IN_LIMIT]
                mine = (DocumentTagRow.base_id == base_id, DocumentTagRow.name.in_(part))
                gone = {*add, *remove}  # those to be added may be there already
                session.execute(delete(DocumentTagRow).where(*mine, DocumentTagRow.tag.in_(gone)))
            rows = [{"base_id": base_id, "name": name, "tag": tag} for name in names for tag in add]
            if rows:
                session.execute(insert(DocumentTagRow), rows)


def _names(session: Session, base_id: str, document_ids: Collection[str]) -> list[str]:
    ids = list(document_ids)
    names: set[str] = set()
    for first in range(0, len(ids), _IN_LIMIT):
        part = ids[first : first + _IN_LIMIT]
        query = select(DocumentRow.name).where(DocumentRow.base_id == base_id, DocumentRow.id.in_(part))
        names.update(session.scalars(query))
    return sorted(names)
