import os
import threading

import pytest
from sqlalchemy import text

from kb_app.errors import DatabaseDamagedError, DataFolderBusyError, SchemaNewerError, StorageError
from kb_app.storage.database import Database
from kb_app.storage.migrate import HEAD, migrate, wait_for_schema
from kb_app.storage.tables import Row

INSERT = (
    "INSERT INTO conversations (id, title, base_ids, model_id, created_at, updated_at)"
    " VALUES (:id, :title, '[]', 'm', 'now', 'now')"
)


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "kb.sqlite3")
    yield database
    database.close()


def is_ours(name, kind, _parents):
    return kind != "table" or not name.startswith("message_words")  # SQLite's full-text table and its parts


def test_migrations_make_exactly_the_schema_of_the_tables(database):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    assert migrate(database) is True
    assert migrate(database) is False
    with database.engine.connect() as connection:
        options = {"compare_type": True, "include_name": is_ours}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Row.metadata) == []


def test_a_database_of_a_newer_version_is_refused_and_left_alone(database):
    migrate(database)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaNewerError) as caught:
        migrate(database)
    assert "9999" in caught.value.params["problem"]
    assert HEAD in caught.value.params["problem"]


def test_a_failed_write_changes_nothing(database):
    migrate(database)

    def write_and_fail():
        with database.write() as session:
            session.execute(text(INSERT), {"id": "a", "title": "t"})
            raise KeyError("stop")

    with pytest.raises(KeyError):
        write_and_fail()
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM conversations")).scalar() == 0


def test_many_threads_write_at_once_and_nothing_is_lost_or_locked(database):
    migrate(database)
    failures = []

    def insert(thread):
        try:
            for number in range(20):
                with database.write() as session:
                    count = session.execute(text("SELECT count(*) FROM conversations")).scalar()
                    session.execute(
                        text(INSERT),
                        {"id": f"{thread}-{number}", "title": str(count)},
                    )
        except StorageError as error:
            failures.append(error)

    threads = [threading.Thread(target=insert, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.read() as session:
        # every transaction saw a different count: none read before another's write was visible
        assert session.execute(text("SELECT count(DISTINCT title) FROM conversations")).scalar() == 160


def test_a_second_process_waits_for_the_owner_to_make_the_schema(database):
    owner = threading.Timer(0.3, migrate, args=(database,))
    owner.start()
    wait_for_schema(database)
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM jobs")).scalar() == 0
    owner.join()


def test_a_second_process_of_another_version_is_refused(database):
    migrate(database)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaNewerError):
        wait_for_schema(database, timeout_s=0.1)


def test_a_second_process_does_not_work_beside_an_older_version(database):
    migrate(database)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(DataFolderBusyError):
        wait_for_schema(database, timeout_s=0.1)


@pytest.mark.parametrize("use", [migrate, wait_for_schema])
def test_a_file_that_is_no_database_is_called_damaged(database, use):
    database.path.write_bytes(b"This is no database. " * 1000)
    with pytest.raises(DatabaseDamagedError):
        use(database)


def test_a_database_that_is_damaged_inside_is_called_so_when_it_is_read(database):
    migrate(database)
    with database.write() as session:
        session.execute(text("CREATE TABLE heavy (a TEXT)"))
        session.execute(text("INSERT INTO heavy VALUES (hex(zeroblob(200000)))"))
    database.close()
    content = database.path.read_bytes()
    database.path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(DatabaseDamagedError), database.read() as session:
        session.execute(text("SELECT * FROM heavy")).all()


@pytest.mark.parametrize("name", ["a?b", "a#b", "a%20b", "知 识"])
def test_any_folder_name_will_do(tmp_path, name):
    (tmp_path / name).mkdir()
    database = Database(tmp_path / name / "kb.sqlite3")
    migrate(database)
    database.close()
    assert (tmp_path / name / "kb.sqlite3").stat().st_size > 0


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_a_new_database_is_private_in_an_open_folder(tmp_path):
    tmp_path.chmod(0o755)
    database = Database(tmp_path / "kb.sqlite3")
    migrate(database)
    with database.write() as session:
        session.execute(text(INSERT), {"id": "a", "title": "t"})
        assert {file.name for file in tmp_path.iterdir()} >= {"kb.sqlite3", "kb.sqlite3-wal", "kb.sqlite3-shm"}
        assert [file.name for file in tmp_path.iterdir() if file.stat().st_mode & 0o077] == []
    database.close()
