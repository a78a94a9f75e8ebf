"""Bring a database to the newest schema with Alembic."""

import time
from pathlib import Path

from sqlalchemy import inspect, text

from kb_app.errors import StorageError
from kb_app.storage.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0003"


def migrate(database: Database) -> bool:
    """Upgrade to ``HEAD``; return whether anything was done.

    Raises:
        StorageError: the database was written by a newer version of the app.
    """
    current = _current(database)
    if current == HEAD:
        return False
    known = {path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")}
    if current is not None and current not in known:
        raise StorageError(f"unknown schema {current}", problem=f"schema {current} > {HEAD}")
    from alembic import command  # heavy, and needed only when there is something to do
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)
    return True


def wait_for_schema(database: Database, timeout_s: float = 10.0) -> None:
    """Wait until the owner of the data folder has brought the database to ``HEAD``.

    Raises:
        StorageError: it did not in time, so it is of another version.
    """
    deadline = time.monotonic() + timeout_s
    while (current := _current(database)) != HEAD:
        if time.monotonic() > deadline:
            raise StorageError(f"schema {current}", problem=f"schema {current} <> {HEAD}")
        time.sleep(0.05)


def _current(database: Database) -> str | None:
    with database.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
