"""Checks that everything is as it should be, and says what to do where it is not."""

import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import text

from kb_app import __version__
from kb_app.errors import KeywordIndexError
from kb_app.models import KnowledgeBase, Notice, Params
from kb_app.services.documents.versions import is_outdated
from kb_app.services.indexing.indexes import Indexes
from kb_app.services.models.catalog import Models
from kb_app.settings import Settings
from kb_app.storage.bases import BaseRepository
from kb_app.storage.database import Database

_LOW_SPACE_BYTES = 500_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding. ``name`` is stable: versions, data_folder, database, index, model."""

    name: str
    ok: bool
    detail: Notice


class Doctor:
    """Looks at the whole installation."""

    def __init__(
        self, settings: Settings, database: Database, bases: BaseRepository, indexes: Indexes, models: Models
    ) -> None:
        """Look at these parts."""
        self._settings = settings
        self._database = database
        self._bases = bases
        self._indexes = indexes
        self._models = models

    def run(self) -> list[Check]:
        """Return every finding; models that are not there are findings, not failures of the app."""
        return list(self._checks())

    def _checks(self) -> Iterator[Check]:
        versions: Params = {"app": __version__, "python": platform.python_version()}
        yield Check(name="versions", ok=True, detail=Notice(key="check_versions", params=versions))
        yield self._data_folder()
        yield self._integrity()
        for base in self._bases.every():
            yield self._index(base)
        for info in self._models.list():
            key = "check_model" if info.state == "ready" else f"check_model_{info.state}"
            yield Check(name="model", ok=info.state == "ready", detail=Notice(key=key, params={"model": info.id}))

    def _index(self, base: KnowledgeBase) -> Check:
        params: dict[str, str | int | float] = {"base": base.name, "chunks": base.chunk_count}
        try:
            keyword, vectors = self._indexes.differences(base)
        except KeywordIndexError:
            return Check(name="index", ok=False, detail=Notice(key="check_index_unreadable", params=params))
        if keyword or vectors:
            key = "check_index_differs"
            params |= {"keyword": keyword, "vectors": "?" if vectors is None else vectors}
        elif is_outdated(base):
            key = "check_index_outdated"
        else:
            key = "check_index" if vectors is not None else "check_vectors_unknown"
        ok = key in ("check_index", "check_vectors_unknown")  # unknown is no fault: the database is searched instead
        return Check(name="index", ok=ok, detail=Notice(key=key, params=params))

    def _data_folder(self) -> Check:
        free = shutil.disk_usage(self._settings.data_dir).free
        params: Params = {"folder": str(self._settings.data_dir), "free_gb": round(free / 1e9, 1)}
        low = free < _LOW_SPACE_BYTES
        key = "check_data_folder_low" if low else "check_data_folder"
        return Check(name="data_folder", ok=not low, detail=Notice(key=key, params=params))

    def _integrity(self) -> Check:
        if not self._database.path.exists():  # deleted under the running app, to which some systems go on showing it
            return Check(name="database", ok=False, detail=Notice(key="check_database_gone"))
        with self._database.read() as session:
            result = str(session.execute(text("PRAGMA quick_check(1)")).scalar())
        ok = result == "ok"
        key = "check_database" if ok else "check_database_damaged"
        return Check(name="database", ok=ok, detail=Notice(key=key, params={"problem": result}))
