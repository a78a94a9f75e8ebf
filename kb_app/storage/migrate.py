"""Bring a database to the newest schema with Alembic."""

import time
from pathlib import Path

from sqlalchemy import inspect, text

from kb_app.errors import DatabaseMissingError, DataFolderBusyError, SchemaNewerError
from kb_app.storage.database import Database, translated
from kb_app.storage.files import ORIGINALS

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0017"


def migrate(database: Database) -> bool:
    """Upgrade to ``HEAD``; return whether anything was done. A new database is private to the user.

    Raises:
        DatabaseDamagedError: the file is no database, or damaged.
        DatabaseMissingError: it is gone or empty, though there are originals.
        SchemaNewerError: the database was written by a newer version of the app.
        StorageError: the database refused for another reason.
    """
    current = _current(database) if database.path.exists() else None
    if current == HEAD:
        return False
    if current is None:
        _refuse_lost(database.path.parent)
        database.path.touch(mode=0o600)  # SQLite gives its other files the same permissions
    _refuse_newer(current)
    _upgrade(database)
    return True


def _upgrade(database: Database) -> None:
    from alembic import command  # heavy, and needed only when there is something to do
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with translated(), database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)


def wait_for_schema(database: Database, timeout_s: float = 10.0) -> None:
    """Wait until the owner of the data folder has brought the database to ``HEAD``.

    Raises:
        DatabaseDamagedError: the file is no database, or damaged.
        SchemaNewerError: the owner is a newer version of the app.
        DataFolderBusyError: it did not in time, so the owner is an older version, beside which nothing can be done.
    """
    deadline = time.monotonic() + timeout_s
    while (current := _current(database)) != HEAD:
        _refuse_newer(current)
        if time.monotonic() > deadline:
            raise DataFolderBusyError(f"schema {current}", folder=str(database.path.parent))
        time.sleep(0.05)


def _refuse_lost(folder: Path) -> None:
    if any((folder / ORIGINALS).glob("??/*")):
        raise DatabaseMissingError("originals without a database", folder=str(folder))


def _refuse_newer(schema: str | None) -> None:
    known = {path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")}
    if schema is not None and schema not in known:
        raise SchemaNewerError(f"unknown schema {schema}", problem=f"schema {schema} > {HEAD}")


def _current(database: Database) -> str | None:
    with translated(), database.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
