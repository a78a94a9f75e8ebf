"""The one truth: an SQLAlchemy engine on SQLite (WAL), opened for reading or for writing.

SQLite settings: WAL, so readers never block; foreign keys on; ``busy_timeout`` 10 s; ``synchronous=NORMAL``, which
loses nothing when the process is killed. Writers begin with ``BEGIN IMMEDIATE``: a deferred transaction that reads
and then writes fails with "database is locked" under concurrency.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from kb_app.errors import DatabaseDamagedError, DiskFullError, StorageError

DATABASE_FILE = "kb.sqlite3"
_PRIMARY_CODE = 0xFF  # SQLite's extended result codes hold the primary one in their lowest byte


class Database:
    """Sessions over one database. Safe to share between threads: every session has its own connection."""

    def __init__(self, path: Path) -> None:
        """Prepare the engine; nothing is opened before the first session."""
        self.path = path
        self._engine = create_engine(URL.create("sqlite", database=str(path)), pool_size=20, max_overflow=20)
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        self._writing = self._engine.execution_options(immediate=True)

    @property
    def engine(self) -> Engine:
        """The engine, for migrations."""
        return self._engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that sees one consistent snapshot; nothing is written.

        Raises:
            DatabaseDamagedError: the file is no database, or damaged.
            StorageError: the database refused for another reason.
        """
        with translated(), Session(self._engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session that commits on a clean exit and rolls back otherwise.

        Raises:
            DiskFullError: no space is left; nothing was written.
            DatabaseDamagedError: the file is no database, or damaged.
            IntegrityError: a rule of the schema was broken, such as a unique name.
            StorageError: the database refused for another reason.
        """
        with translated(), Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close every pooled connection."""
        self._engine.dispose()


def _configure(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we send BEGIN ourselves
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=10000", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def translated() -> Iterator[None]:
    """Turn what SQLite refuses into the app's errors, but for IntegrityError: the repository knows which rule it was.

    Raises:
        DatabaseDamagedError, DiskFullError, StorageError: see there.
    """
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise _translate(error) from error


def _translate(error: DBAPIError) -> StorageError:
    text = str(error.orig)
    match getattr(error.orig, "sqlite_errorcode", 0) & _PRIMARY_CODE:
        case sqlite3.SQLITE_FULL:
            return DiskFullError(text)
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return DatabaseDamagedError(text, problem=text)
    return DiskFullError(text) if "No space left" in text else StorageError(text, problem=text)
