"""Repository of the files seen in watched folders, and what last changed about each."""

from collections.abc import Iterable

from sqlalchemy import delete, select

from kb_app.models import WatchedFile
from kb_app.storage.database import Database
from kb_app.storage.rows import now
from kb_app.storage.tables import KnowledgeBaseRow, WatchedFileRow


class WatchedRepository:
    """The watched files of every base. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        """Read and write ``database``."""
        self._database = database

    def present(self, base_id: str) -> dict[str, WatchedFile]:
        """Return name -> file of those that were there when last looked at."""
        query = select(WatchedFileRow).where(WatchedFileRow.base_id == base_id, WatchedFileRow.change != "removed")
        with self._database.read() as session:
            return {row.name: _to_file(row) for row in session.scalars(query)}

    def changes(self, base_id: str, limit: int) -> list[WatchedFile]:
        """Return the files that changed last, newest first."""
        query = select(WatchedFileRow).where(WatchedFileRow.base_id == base_id)
        newest = query.order_by(WatchedFileRow.changed_at.desc(), WatchedFileRow.name).limit(limit)
        with self._database.read() as session:
            return [_to_file(row) for row in session.scalars(newest)]

    def record(self, base_id: str, files: Iterable[WatchedFile]) -> None:
        """Remember files as they are now; nothing when the base is gone."""
        time = now()
        with self._database.write() as session:
            if session.get(KnowledgeBaseRow, base_id) is None:
                return
            for one in files:
                session.merge(
                    WatchedFileRow(
                        base_id=base_id,
                        name=one.name,
                        size=one.size,
                        mtime_ns=one.mtime_ns,
                        change=one.change,
                        changed_at=time,
                    )
                )

    def forget(self, base_id: str) -> None:
        """Forget every file of a base."""
        with self._database.write() as session:
            session.execute(delete(WatchedFileRow).where(WatchedFileRow.base_id == base_id))


def _to_file(row: WatchedFileRow) -> WatchedFile:
    return WatchedFile(
        name=row.name,
        size=row.size,
        mtime_ns=row.mtime_ns,
        change=row.change,  # type: ignore[arg-type]  # only written from WatchedChange
        changed_at=row.changed_at,
    )
