"""Repository of what was exported for training: the memory that keeps training items out of tests."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import func, insert, select, update

from kb_app.models import Split
from kb_app.storage.database import Database
from kb_app.storage.rows import now
from kb_app.storage.tables import TrainingItemRow


class TrainingItem(NamedTuple):
    """A question whose answer was exported into ``split``."""

    question: str
    split: Split


class TrainingRepository:
    """What a model may have seen. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        """Read and write ``database``."""
        self._database = database

    def items(self, base_id: str) -> dict[str, TrainingItem]:
        """Return id of a correction or message -> what was exported of it, of one base."""
        query = select(TrainingItemRow).where(TrainingItemRow.base_id == base_id)
        with self._database.read() as session:
            rows = session.scalars(query).all()
        return {row.subject_id: TrainingItem(row.question, row.split) for row in rows}  # type: ignore[arg-type]

    def fingerprint(self, base_id: str) -> tuple[int, str]:
        """Return what changes whenever something of the base is exported."""
        latest = func.coalesce(func.max(TrainingItemRow.exported_at), "")
        query = select(func.count(), latest).where(TrainingItemRow.base_id == base_id)
        with self._database.read() as session:
            count, when = session.execute(query).one()
            return int(count), str(when)

    def record(self, base_id: str, items: Mapping[str, TrainingItem]) -> None:
        """Remember an export; what was trained on once stays so, whatever later exports make of it."""
        time = now()
        with self._database.write() as session:
            rows = session.execute(select(TrainingItemRow.subject_id, TrainingItemRow.split))
            known = {row.subject_id: row.split for row in rows}
            values = [
                {
                    "subject_id": subject_id,
                    "base_id": base_id,
                    "question": item.question,
                    "split": item.split if known.get(subject_id, "test") == "test" else known[subject_id],
                    "exported_at": time,
                }
                for subject_id, item in items.items()
            ]
            # In bulk: an export may hold ten thousand, and everybody else waits meanwhile.
            if fresh := [value for value in values if value["subject_id"] not in known]:
                session.execute(insert(TrainingItemRow), fresh)
            if changed := [value for value in values if value["subject_id"] in known]:
                session.execute(update(TrainingItemRow), changed)
