"""Repository of what was exported for training: the memory that keeps training items out of tests."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import func, select

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
            for subject_id, item in items.items():
                known = session.get(TrainingItemRow, subject_id)
                seen = known is not None and known.split != "test"
                session.merge(
                    TrainingItemRow(
                        subject_id=subject_id,
                        base_id=base_id,
                        question=item.question,
                        split=known.split if known is not None and seen else item.split,
                        exported_at=time,
                    )
                )
