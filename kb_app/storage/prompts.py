"""Repository of the prompts that a base has of its own. Every method is one transaction."""

from collections.abc import Collection

from sqlalchemy import delete, select

from kb_app.storage.database import Database
from kb_app.storage.rows import now
from kb_app.storage.tables import PromptRow


class PromptRepository:
    """Prompts in place of the default ones."""

    def __init__(self, database: Database) -> None:
        """Read and write ``database``."""
        self._database = database

    def find(self, base_ids: Collection[str], kind: str, language: str) -> dict[str, str]:
        """Return base id -> text for those of the bases that have a prompt of their own."""
        with self._database.read() as session:
            query = select(PromptRow).where(
                PromptRow.base_id.in_(base_ids), PromptRow.kind == kind, PromptRow.language == language
            )
            return {row.base_id: row.text for row in session.scalars(query)}

    def set(self, base_id: str, kind: str, language: str, text: str) -> None:
        """Save the prompt of a base."""
        with self._database.write() as session:
            session.merge(PromptRow(base_id=base_id, kind=kind, language=language, text=text, updated_at=now()))

    def remove(self, base_id: str, kind: str, language: str) -> None:
        """Forget the prompt of a base."""
        with self._database.write() as session:
            session.execute(
                delete(PromptRow).where(
                    PromptRow.base_id == base_id, PromptRow.kind == kind, PromptRow.language == language
                )
            )
