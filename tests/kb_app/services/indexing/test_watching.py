"""Watched folders: what happens in the folder happens in the base, and nothing else does."""

import os
import shutil
import time

import pytest
from waiting import until

from kb_app.app import build_app
from kb_app.errors import NotFoundError, WatchFolderError
from kb_app.services.documents.intake import Upload
from kb_app.settings import load_settings


@pytest.fixture
def settings(tmp_path):
    return load_settings(tmp_path / "data")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


def write(path, text, age_s=60):
    """Write a file that was finished ``age_s`` ago; every text has a time of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    moment = time.time() - age_s - len(text)
    os.utime(path, (moment, moment))


def settle(app):
    """Look, and wait until everything that follows from it is done."""
    app.watching.look()
    until(lambda: not app.jobs.active())


def names(app, base):
    return [document.name for document in app.library.documents(base.id)]


def changes(app, base):
    return {file.name: file.change for file in app.watching.changes(base.id)}


def test_added_changed_and_removed_files_are_followed(settings, folder):
    write(folder / "a.md", "About bees.")
    write(folder / "deep" / "b.txt", "About wasps.")
    write(folder / ".git" / "c.md", "No.")
    write(folder / "picture.png", "No.")
    with build_app(settings, owner=True) as app:
        base = app.library.create("b")
        app.jobs.wait(app.library.add_files(base.id, [Upload(name="own.md", data=b"Added by hand.")]))
        app.watching.set_folder(base.id, str(folder))
        settle(app)
        assert names(app, base) == ["a.md", "deep/b.txt", "own.md"]
        assert changes(app, base) == {"a.md": "added", "deep/b.txt": "added"}
        write(folder / "a.md", "About hornets, which is something else.")
        (folder / "deep" / "b.txt").unlink()
        settle(app)
        assert names(app, base) == ["a.md", "own.md"]
        assert changes(app, base) == {"a.md": "changed", "deep/b.txt": "removed"}
        (document,) = [one for one in app.library.documents(base.id) if one.name == "a.md"]
        assert "hornets" in app.library.text(document.id).text
        count = len(app.jobs.recent(base.id))
        settle(app)
        assert len(app.jobs.recent(base.id)) == count, "nothing changed, nothing is done"


@pytest.mark.slow
def test_what_happened_while_the_app_was_closed_is_noticed_at_the_next_start(settings, folder, monkeypatch):
    monkeypatch.setattr("kb_app.services.indexing.watching.POLL_S", 0.05)
    write(folder / "a.md", "About bees.")
    write(folder / "b.md", "About wasps.")
    with build_app(settings, owner=True) as app:
        base = app.library.create("b")
        app.watching.set_folder(base.id, str(folder))
        settle(app)
    (folder / "a.md").unlink()
    write(folder / "c.md", "About ants.")
    with build_app(settings, owner=True) as app:
        until(lambda: names(app, base) == ["b.md", "c.md"])  # the app looks by itself


def test_a_renamed_file_and_the_copy_of_a_removed_one_stay(settings, folder):
    write(folder / "a.md", "About bees.")
    write(folder / "copy.md", "About bees.")
    write(folder / "old.md", "About wasps.")
    with build_app(settings, owner=True) as app:
        base = app.library.create("b")
        app.watching.set_folder(base.id, str(folder))
        settle(app)
        assert names(app, base) == ["a.md", "old.md"], "the same bytes are read once"
        (folder / "a.md").unlink()
        (folder / "old.md").rename(folder / "new.md")
        settle(app)
        assert names(app, base) == ["copy.md", "new.md"]


def test_a_file_that_is_being_written_is_left_until_it_is_done(settings, folder, monkeypatch):
    monkeypatch.setattr("kb_app.services.indexing.watching._SETTLED_S", 600.0)
    write(folder / "a.md", "Half a sen", age_s=0)
    with build_app(settings, owner=True) as app:
        base = app.library.create("b")
        app.watching.set_folder(base.id, str(folder))
        app.watching.look()
        assert changes(app, base) == {}
        write(folder / "a.md", "A whole sentence.", age_s=3600)
        settle(app)
        assert names(app, base) == ["a.md"]


def test_links_that_lead_out_of_the_folder_are_refused(settings, folder, tmp_path):
    write(tmp_path / "secret.txt", "Secret.")
    write(tmp_path / "private" / "diary.md", "Private.")
    write(folder / "a.md", "About bees.")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "inside.md").symlink_to(folder / "a.md")
    (folder / "dir").symlink_to(tmp_path / "private")
    (folder / "dangling.md").symlink_to(tmp_path / "nowhere.md")
    with build_app(settings, owner=True) as app:
        base = app.library.create("b")
        app.watching.set_folder(base.id, str(folder))
        settle(app)
        assert changes(app, base) == {"a.md": "added", "inside.md": "added", "link.txt": "refused"}
        assert names(app, base) == ["a.md"]


def test_a_lost_folder_takes_nothing_with_it(settings, folder, tmp_path):
    write(folder / "a.md", "About bees.")
    with build_app(settings, owner=True) as app:
        base = app.library.create("b")
        app.watching.set_folder(base.id, str(folder))
        settle(app)
        folder.rename(tmp_path / "elsewhere")
        settle(app)
        settle(app)
        assert names(app, base) == ["a.md"]
        folder.mkdir()  # as the mount point of a disk that is not there
        settle(app)
        assert names(app, base) == ["a.md"]
        keys = [notice.key for notice in app.notices.current()]
        assert sorted(keys) == ["watch_folder_swapped", "watch_folder_unreadable"], "each is told once"
        folder.rmdir()
        (tmp_path / "elsewhere").rename(folder)
        (folder / "a.md").unlink()
        settle(app)
        assert names(app, base) == []


def test_a_folder_that_was_made_anew_with_files_in_it_is_followed(settings, folder, tmp_path):
    write(folder / "a.md", "About bees.")
    with build_app(settings, owner=True) as app:
        base = app.library.create("b")
        app.watching.set_folder(base.id, str(folder))
        settle(app)
        write(tmp_path / "next" / "b.md", "About wasps.")
        folder.rename(tmp_path / "elsewhere")
        (tmp_path / "next").rename(folder)
        settle(app)
        assert names(app, base) == ["b.md"]


def test_nothing_is_watched_before_it_is_asked_for_and_the_documents_stay_when_it_ends(settings, folder):
    write(folder / "a.md", "About bees.")
    with build_app(settings, owner=True) as app:
        base = app.library.create("b")
        assert base.watch_folder == ""
        app.watching.set_folder(base.id, str(folder))
        settle(app)
        app.watching.set_folder(base.id, "")
        shutil.rmtree(folder)
        settle(app)
        assert names(app, base) == ["a.md"]
        assert app.watching.changes(base.id) == []


def test_folders_that_cannot_be_watched(settings, folder, tmp_path):
    write(folder / "file.md", "x")
    with build_app(settings, owner=True) as app:
        base = app.library.create("b")
        data = settings.data_dir
        for bad in (
            "relative",
            str(tmp_path / "missing"),
            str(folder / "file.md"),
            str(data),
            str(tmp_path),
            str(data / "index"),
        ):
            with pytest.raises(WatchFolderError):
                app.watching.set_folder(base.id, bad)
        with pytest.raises(NotFoundError):
            app.watching.set_folder("gone", str(folder))


def test_a_deleted_base_is_no_longer_followed(settings, folder):
    write(folder / "a.md", "About bees.")
    with build_app(settings, owner=True) as app:
        base = app.library.create("b")
        app.watching.set_folder(base.id, str(folder))
        settle(app)
        app.library.delete(base.id)
        settle(app)
        assert app.library.bases() == []
        assert app.watching.changes(base.id) == []
