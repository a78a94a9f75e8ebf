"""ZIP files: every readable member becomes a document; bombs, broken and protected ones become sentences."""

import io
import struct
import zipfile

import pytest
from locked_zips import encrypted
from waiting import until

from kb_app.app import build_app
from kb_app.services.documents.intake import Upload
from kb_app.services.indexing import archives
from kb_app.settings import load_settings


@pytest.fixture
def app(tmp_path):
    with build_app(load_settings(tmp_path / "data", max_upload_mb=60), owner=True) as app:
        yield app


def zipped(packing=zipfile.ZIP_DEFLATED, **files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def add(app, base, data, name="notes.zip"):
    return app.jobs.wait(app.library.add_files(base.id, [Upload(name=name, data=data)]))


def wait_until_kept(app, count):
    """Return when so many originals are kept: the worker tidies up after the job that ended last."""
    folder = app.settings.data_dir / "originals"
    until(lambda: sum(path.is_file() for path in folder.rglob("*")) == count)


def test_every_readable_member_becomes_a_document_and_the_zip_itself_is_not_kept(app):
    base = app.library.create("b")
    jobs = add(app, base, zipped(**{"a.md": "# Alpha\n\nAbout bees.", "deep/b.txt": "About wasps."}))
    assert {(job.name, job.state) for job in jobs} == {("notes.zip/a.md", "ready"), ("notes.zip/deep/b.txt", "ready")}
    wait_until_kept(app, 2)
    again = add(app, base, zipped(**{"a.md": "# Alpha\n\nAbout bees.", "deep/b.txt": "About hornets."}))
    assert sorted(job.state for job in again) == ["replaced", "unchanged"]


def test_what_cannot_be_read_is_counted_and_left_out(app):
    base = app.library.create("b")
    inner = zipped(**{"x.md": "hidden in a ZIP in a ZIP"})
    files = {"a.md": "Text.", "p.png": b"\x89PNG", "in.zip": inner, "__MACOSX/._a.md": b"\0", ".git/b.md": "no"}
    jobs = add(app, base, zipped(**files))
    assert {(job.name, job.state, job.error and job.error.code) for job in jobs} == {
        ("notes.zip", "skipped", "archive_left_out"),
        ("notes.zip/a.md", "ready", None),
    }
    assert next(job for job in jobs if job.error).error.params == {"count": 4}


def test_names_never_leave_the_archive(app, tmp_path):
    base = app.library.create("b")
    jobs = add(app, base, zipped(**{"../../../evil.md": "One", "/etc/evil.md": "Two", "C:\\x\\..\\evil.txt": "Three"}))
    assert {job.name for job in jobs} == {"notes.zip/evil.md", "notes.zip/etc/evil.md", "notes.zip/C:/x/evil.txt"}
    assert not list(tmp_path.rglob("*evil*"))
    assert all(job.state == "ready" for job in jobs)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_chinese_names_without_a_flag_are_read(app, encoding):
    name = "资料/第一章 绿茶的冲泡方法.md"
    placeholder = "x" * len(name.encode(encoding))
    data = zipped(**{f"{placeholder}": "绿茶"}).replace(placeholder.encode(), name.encode(encoding))
    base = app.library.create(encoding)
    # the ending is part of the name that was put in
    assert [job.name for job in add(app, base, data)] == [f"notes.zip/{name}"]


def test_a_bomb_is_refused_before_anything_is_unpacked(app, monkeypatch):
    base = app.library.create("b")
    (job,) = add(app, base, zipped(**{"zeros.txt": b"0" * 60_000_000}))
    assert (job.state, job.error.code, job.error.params) == ("failed", "archive_bomb", {"limit": "ratio"})
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    (job,) = add(app, base, zipped(**{f"{n}.txt": "x" for n in range(4)}))
    assert job.error.params == {"limit": "count"}
    monkeypatch.setattr(archives, "MAX_BYTES", 10)
    (job,) = add(app, base, zipped(**{"a.txt": "more than ten bytes"}))
    assert job.error.params == {"limit": "size"}
    wait_until_kept(app, 0)
    assert app.library.documents(base.id) == []


def test_a_member_that_lies_about_its_size_gives_no_more_than_it_claims(app):
    base = app.library.create("b")
    data = zipped(**{"a.txt": b"A" * 5_000_000})
    size = struct.pack("<L", 5_000_000)
    assert data.count(size) == 2
    (job,) = add(app, base, data.replace(size, struct.pack("<L", 10)))
    assert (job.state, job.error.code) == ("failed", "archive_member_damaged")


def test_protected_and_broken_members_are_named_and_the_others_go_on(app):
    base = app.library.create("b")
    data = bytearray(zipped(**{"good.txt": "Readable.", "locked.txt": "Secret.", "broken.txt": "Broken text."}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = [i for i in range(len(data)) if data[i : i + 4] == signature][1] + offset
        data[at] |= 1  # the flag of encryption
        data[at + 2] = 99  # by AES
    at = data.index(b"broken.txt") + len("broken.txt")
    data[at : at + 6] = b"\xff" * 6
    jobs = {job.name: job for job in add(app, base, bytes(data))}
    assert jobs["notes.zip/good.txt"].state == "ready"
    assert jobs["notes.zip/locked.txt"].error.code == "archive_member_encrypted"
    assert jobs["notes.zip/broken.txt"].error.code == "archive_member_damaged"


@pytest.mark.parametrize("packing", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_broken_member_is_told_however_it_is_packed(app, packing):
    base = app.library.create("b")
    data = bytearray(zipped(packing, **{"good.txt": "Readable.", "broken.txt": str(list(range(300)))}))
    at = data.index(b"broken.txt") + len("broken.txt") + 12
    data[at : at + 30] = b"\xff" * 30
    jobs = {job.name: job for job in add(app, base, bytes(data))}
    assert jobs["notes.zip/good.txt"].state == "ready"
    assert jobs["notes.zip/broken.txt"].error.code == "archive_member_damaged"


@pytest.mark.parametrize("spelling", ["utf-8", "gb18030"])
def test_a_protected_zip_waits_for_its_password(app, spelling):
    base = app.library.create("b")
    data = encrypted("蜜蜂2026".encode(spelling), **{"a.txt": "About bees.", "b.txt": "About wasps."})
    (job,) = add(app, base, data)
    assert (job.state, job.error.code) == ("failed", "password_needed")
    wait_until_kept(app, 1)
    assert app.library.unlock_archives(base.id, "wrong") == 1
    (job,) = app.jobs.wait(job.batch_id)
    assert job.error.code == "password_wrong"
    app.library.unlock_archives(base.id, "蜜蜂2026")
    jobs = app.jobs.wait(job.batch_id)
    assert {(job.name, job.state) for job in jobs} == {("notes.zip/a.txt", "ready"), ("notes.zip/b.txt", "ready")}
    wait_until_kept(app, 2)
    assert app.library.unlock_archives(base.id, "x") == 0


def test_what_is_no_zip_or_holds_nothing_is_told(app):
    base = app.library.create("b")
    (job,) = add(app, base, b"PK\x03\x04 but not really")
    assert job.error.code == "archive_damaged"
    (job,) = add(app, base, zipped(**{"a.png": b"\x89PNG"}))
    assert job.error.code == "archive_empty"
    wait_until_kept(app, 0)


def test_a_member_over_the_limit_is_refused_by_name(tmp_path):
    with build_app(load_settings(tmp_path / "data", max_upload_mb=1), owner=True) as app:
        base = app.library.create("b")
        jobs = add(app, base, zipped(**{"big.txt": b"x" * 1_000_001, "small.txt": "Small."}))
        assert {job.name: job.error and job.error.code for job in jobs} == {
            "notes.zip/big.txt": "file_too_large",
            "notes.zip/small.txt": None,
        }
