import threading

import pytest
from sqlalchemy import text

from kb_app.errors import StorageError
from kb_app.storage.database import Database
from kb_app.storage.migrate import HEAD, migrate, wait_for_schema
from kb_app.storage.tables import Row


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "kb.sqlite3")
    yield database
    database.close()


def test_migrations_make_exactly_the_schema_of_the_tables(database):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    assert migrate(database) is True
    assert migrate(database) is False
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Row.metadata) == []


def test_a_database_of_a_newer_version_is_refused_and_left_alone(database):
    migrate(database)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError) as caught:
        migrate(database)
    assert "9999" in caught.value.params["problem"]
    assert HEAD in caught.value.params["problem"]


def test_a_failed_write_changes_nothing(database):
    migrate(database)

    def write_and_fail():
        with database.write() as session:
            session.execute(text("INSERT INTO conversations VALUES ('a', 't', '[]', 'm', 'now', 'now')"))
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
                        text("INSERT INTO conversations VALUES (:id, :title, '[]', 'm', 'now', 'now')"),
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
    with pytest.raises(StorageError):
        wait_for_schema(database, timeout_s=0.1)
