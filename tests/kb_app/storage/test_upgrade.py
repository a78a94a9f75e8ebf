"""Data folders of earlier versions keep everything when they are brought to the newest schema, and back."""

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from kb_app.app import build_app
from kb_app.errors import DatabaseMissingError, DataFolderError
from kb_app.services.doctor import Doctor
from kb_app.services.documents.intake import Upload
from kb_app.settings import load_settings
from kb_app.storage.bases import BaseRepository
from kb_app.storage.conversations import ConversationRepository
from kb_app.storage.database import Database
from kb_app.storage.documents import DocumentRepository
from kb_app.storage.message_index import MessageIndex
from kb_app.storage.migrate import HEAD, MIGRATIONS, migrate


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "kb.sqlite3")
    yield database
    database.close()


def go_to(database, version, step=command.upgrade):
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        step(config, version)


FIRST_VERSION = (
    "INSERT INTO knowledge_bases VALUES ('b', 'Notes', 'notes', '', 'builtin', 256, 1, 1, 300, 60, '2026')",
    "INSERT INTO documents VALUES ('d', 'b', 'a.md', 'abc', 'text/markdown', 9, 'ready', '', 0, 1, 9, NULL, '[]', '[]',"
    " NULL, 1, '2026')",
    "INSERT INTO document_texts VALUES ('d', 'Some text', '[]')",
    "INSERT INTO chunks VALUES ('d:0', 'd', 'b', 0, 'Some text', 'Some text', 0, 9, NULL, '[]', x'00000000')",
    "INSERT INTO jobs VALUES (1, 'j', 'x', 'b', 'ingest', 'a.md', 'abc', 9, '{}', 'ready', '', 0, 0, 0, 'd', 0, 1, 9,"
    " 0.1, NULL, '2026', '2026')",
)


def test_a_folder_of_the_first_version_keeps_its_documents_and_their_options(database):
    go_to(database, "0001")
    with database.write() as session:
        for statement in FIRST_VERSION:
            session.execute(text(statement))
    assert migrate(database) is True
    base = BaseRepository(database).get("b")
    assert (base.document_count, base.chunk_count, base.rules_off, base.paused) == (1, 1, (), False)
    (document,) = DocumentRepository(database).of_base("b")
    assert document.prepared_with == "300/60/"
    assert DocumentRepository(database).text("d")[0] == "Some text"
    go_to(database, "0001", command.downgrade)
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM chunks")).scalar() == 1
    go_to(database, HEAD)
    assert BaseRepository(database).get("b").document_count == 1


CHAIN = (
    "INSERT INTO conversations VALUES ('c', 'My title', '[]', 'm', '2026', '2026')",
    *(
        "INSERT INTO messages (id, conversation_id, position, role, text, status, thinking, model_id, query, sources,"
        f" cited, created_at) VALUES ('{message_id}', 'c', {position}, '{role}', 'Say {message_id}', 'complete', '',"
        " 'm', '', '[]', '[]', '2026')"
        for position, (message_id, role) in enumerate([("z", "user"), ("y", "assistant"), ("x", "user")])
    ),
)


def test_a_conversation_without_branches_becomes_a_chain_and_can_be_searched(database):
    go_to(database, "0008")
    with database.write() as session:
        for statement in CHAIN:
            session.execute(text(statement))
    migrate(database)
    conversations = ConversationRepository(database)
    assert [(one.id, one.parent_id) for one in conversations.messages("c")] == [("z", ""), ("y", "z"), ("x", "y")]
    assert conversations.get("c").leaf_id == "x"
    assert conversations.get("c").is_named  # never renamed by the app: it may be the user's own title
    index = MessageIndex(database)
    assert index.catch_up() == 3
    assert [match.match_count for match in index.search(["say"])] == [3]
    go_to(database, "0008", command.downgrade)
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM messages")).scalar() == 3


@pytest.mark.parametrize("what_is_left", ["nothing", "an empty file"])
def test_originals_outlive_a_lost_database(tmp_path, what_is_left):
    settings = load_settings(tmp_path)
    with build_app(settings, owner=True) as app:
        base = app.library.create("b")
        app.jobs.wait(app.library.add_files(base.id, [Upload(name="a.txt", data=b"About bees.")]))
    for path in tmp_path.glob("kb.sqlite3*"):
        path.rename(tmp_path / f"away-{path.name}")
    if what_is_left == "an empty file":
        (tmp_path / "kb.sqlite3").touch()
    for _ in range(2):  # the first refusal must not leave a database that satisfies the second
        with pytest.raises(DatabaseMissingError) as caught:
            build_app(settings)
    assert caught.value.params == {"folder": str(tmp_path)}
    for path in tmp_path.glob("away-*"):
        path.rename(tmp_path / path.name.removeprefix("away-"))
    with build_app(settings, owner=True) as app:
        (document,) = app.library.documents(base.id)
        assert app._repositories.originals.read(document.sha256) == b"About bees."


def test_what_cannot_be_read_in_the_data_folder_is_told(tmp_path):
    (tmp_path / "index").write_text("a file where a folder should be")
    with pytest.raises(DataFolderError):
        build_app(load_settings(tmp_path))


def test_a_database_that_is_deleted_under_the_app_is_told(tmp_path, database):
    migrate(database)
    doctor = Doctor(load_settings(tmp_path), database, None, None, None)
    assert doctor._integrity().detail.key == "check_database"
    database.close()
    database.path.unlink()
    assert doctor._integrity().detail.key == "check_database_gone"
