"""What all tests share."""

import functools
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from kb_app.storage import migrate as migrations
from kb_app.storage.database import Database


@pytest.fixture(scope="session", autouse=True)
def new_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run the migrations of an empty database once a session; further new databases are copies of that one.

    Hundreds of tests begin with one, and its migrations take 0.12 s. Older databases are upgraded as ever.
    """
    migrate_fully = migrations._upgrade
    template = Database(tmp_path_factory.mktemp("template") / "kb.sqlite3")
    migrate_fully(template)
    template.close()

    def upgrade(database: Database) -> None:
        if migrations._current(database) is not None:
            migrate_fully(database)
            return
        with closing(sqlite3.connect(template.path)) as source, closing(sqlite3.connect(database.path)) as target:
            target.execute("PRAGMA synchronous=OFF")
            source.backup(target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "_upgrade", upgrade)
        yield


@pytest.fixture(scope="session")
def components_found_once() -> Iterator[None]:
    """Let Streamlit's ``AppTest`` look through the installed packages once: every page of a test would take 0.4 s."""
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        found_once = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", found_once)
        yield
