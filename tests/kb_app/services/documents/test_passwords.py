"""Protected files: a password opens them, and is kept nowhere but in memory."""

from pathlib import Path

import pytest

from kb_app.app import build_app
from kb_app.errors import PasswordHandoverError
from kb_app.services.documents.intake import Upload
from kb_app.settings import load_settings

ENCRYPTED = Path(__file__).parents[3] / "ingestion" / "fixtures" / "encrypted.pdf"
PASSWORD = "柿子2026"  # as in the script that makes the fixtures


@pytest.fixture
def app(tmp_path):
    with build_app(load_settings(tmp_path / "data"), owner=True) as app:
        yield app


def wait(app, batch):
    return app.jobs.wait(batch)


def test_a_protected_file_is_read_once_its_password_is_given(app, caplog):
    base = app.library.create("b")
    (job,) = wait(app, app.library.add_files(base.id, [Upload(name="a.pdf", data=ENCRYPTED)]))
    assert job.error.code == "password_needed"
    (job,) = wait(app, app.library.retry([job.document_id], password="wrong-password"))
    assert job.error.code == "password_wrong"
    (job,) = wait(app, app.library.retry([job.document_id], password=PASSWORD))
    assert (job.state, job.chunk_count > 0) == ("ready", True)
    (again,) = wait(app, app.library.reindex(base.id))
    assert (again.done, again.total) == (1, 1), "the password is still known while the app runs"
    for word in (PASSWORD, "wrong-password"):
        assert word not in caplog.text


def test_no_password_is_ever_written(app):
    base = app.library.create("b")
    unusual = "Zq-unusual-7781"
    (job,) = wait(app, app.library.add_files(base.id, [Upload(name="a.pdf", data=ENCRYPTED)], password=unusual))
    assert job.error.code == "password_wrong"
    for file in app.settings.data_dir.rglob("*"):
        assert not file.is_file() or unusual.encode() not in file.read_bytes(), file
    assert unusual not in repr(app.library._intake.passwords)


def test_a_password_cannot_be_handed_to_another_process(app):
    base = app.library.create("b")
    (job,) = wait(app, app.library.add_files(base.id, [Upload(name="a.pdf", data=ENCRYPTED)]))
    with build_app(app.settings, owner=False) as guest:
        with pytest.raises(PasswordHandoverError):
            guest.library.add_files(base.id, [Upload(name="b.pdf", data=ENCRYPTED)], password=PASSWORD)
        with pytest.raises(PasswordHandoverError):
            guest.library.retry([job.document_id], password=PASSWORD)
    assert not app.jobs.active()
