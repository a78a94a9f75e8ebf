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

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from kb_app.errors import DiskFullError, StorageError

DATABASE_FILE = "kb.sqlite3"


class Database:
    """Sessions over one database. Safe to share between threads: every session has its own connection."""

    def __init__(self, path: Path) -> None:
        """Prepare the engine; nothing is opened before the first session."""
        self.path = path
        self._engine = create_engine(f"sqlite:///{path}", pool_size=20, max_overflow=20)
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        self._writing = self._engine.execution_options(immediate=True)

    @property
    def engine(self) -> Engine:
        """The engine, for migrations."""
        return self._engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that sees one consistent snapshot; nothing is written."""
        with Session(self._engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session that commits on a clean exit and rolls back otherwise.

        Raises:
            DiskFullError: no space is left; nothing was written.
            IntegrityError: a rule of the schema was broken, such as a unique name.
            StorageError: the database refused for another reason.
        """
        try:
            with Session(self._writing, expire_on_commit=False) as session, session.begin():
                yield session
        except IntegrityError:
            raise  # a rule of the schema; the repository knows which
        except DBAPIError as error:
            raise _translate(error) from error

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


def _translate(error: DBAPIError) -> StorageError:
    text = str(error.orig)
    if "disk is full" in text or "No space left" in text:
        return DiskFullError(text)
    return StorageError(text, problem=text)
