"""What all tests share."""

import functools
import gc
import logging
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from kb_app.storage import database as databases
from kb_app.storage import migrate as migrations
from kb_app.storage.database import Database

#: Each takes half a gigabyte with its app and browser, and a machine may have more cores than memory.
MOST_PROCESSES = 12
#: Where Linux keeps files in memory, and how many free bytes there the whole suite surely fits into.
IN_MEMORY, AMPLE = Path("/dev/shm"), 2 << 30


class _SteadyLoggers(dict[str, Any]):
    """All loggers by name, which may be looked through while a thread makes another.

    pytest looks through them before and after each test, and fails where a thread of the app imports a library just
    then.
    """

    def values(self) -> Any:
        return list(super().values())


def pytest_configure() -> None:
    """Prepare the process before any test."""
    # In the background of a shell Ctrl-C is ignored, also by the programs that the tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    logging.Logger.manager.loggerDict = _SteadyLoggers(logging.Logger.manager.loggerDict)
    _use_memory_for_files()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Start two processes a core where no browser takes part: half of their time they wait for threads."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = 2 * cores if "not browser" in config.getoption("markexpr") else cores
    return min(wanted, MOST_PROCESSES)


def _use_memory_for_files() -> None:
    """Put the tests' folders into memory where there is room: a fifth of their time was waiting for the disk."""
    if not os.access(IN_MEMORY, os.W_OK):
        return
    volume = os.statvfs(IN_MEMORY)
    # Containers may forbid to run programs there, which the tests of the launcher do.
    if volume.f_bavail * volume.f_frsize > AMPLE and not volume.f_flag & os.ST_NOEXEC:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))


def pytest_collection_finish() -> None:
    """Look for garbage less often, and never among the modules and tests: it took a twentieth of the suite's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """Return an empty database of the newest schema, made by all migrations."""
    database = Database(tmp_path_factory.mktemp("template") / "kb.sqlite3")
    migrations.migrate(database)
    database.close()
    return database


@pytest.fixture(scope="session", autouse=True)
def new_databases_are_copied(migrated: Database) -> Iterator[None]:
    """Copy the migrated one where a test makes a new database: the migrations take 0.12 s, and hundreds of tests do.

    Older databases are upgraded as ever.
    """
    migrate_fully = migrations._upgrade

    def upgrade(database: Database) -> None:
        if migrations._current(database) is not None:
            migrate_fully(database)
            return
        with closing(sqlite3.connect(migrated.path)) as source, closing(sqlite3.connect(database.path)) as target:
            target.execute("PRAGMA synchronous=OFF")
            source.backup(target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "_upgrade", upgrade)
        yield


@pytest.fixture(scope="session", autouse=True)
def statements_are_compiled_once(migrated: Database) -> Iterator[None]:
    """Let all databases share the SQL that SQLAlchemy compiled, which is a fifth of what a test with an app takes."""
    create_engine = databases.create_engine

    def create(*arguments: Any, **options: Any) -> Engine:
        engine = create_engine(*arguments, **options)
        # The dialect is part of the key under which a statement is kept.
        engine.dialect, engine._compiled_cache = migrated.engine.dialect, migrated.engine._compiled_cache
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(databases, "create_engine", create)
        yield


@pytest.fixture(scope="session")
def prepared_once() -> Iterator[None]:
    """Let ``AppTest`` compile scripts and look for components once, as a server does, and not for every page it opens.

    A page took 0.4 s to look through the installed packages, and a third of every run to compile.
    """
    from streamlit.components.v2 import manifest_scanner
    from streamlit.runtime.scriptrunner.script_cache import ScriptCache
    from streamlit.testing.v1 import app_test

    scripts = ScriptCache()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app_test, "ScriptCache", lambda: scripts)
        found_once = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", found_once)
        yield
