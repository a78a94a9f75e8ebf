import os
import signal
import subprocess
import sys
import threading
import time
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import Command

from ingestion.prepare import prepare
from kb_app.cli.ingest import expand

KEYS = ["path", "status", "document_id", "pages", "chunks", "chars", "seconds", "error"]


def test_one_line_per_file_with_the_agreed_keys(kb: Command, tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    note.write_text("# Note\n\nSome text about tea.\n")
    result = kb("ingest", "notes", note, "--json")
    assert result.status == 0
    (record,) = result.records
    assert list(record) == KEYS
    assert record["path"] == str(note)
    assert (record["status"], record["error"], record["pages"]) == ("ready", None, 0)
    assert record["chunks"] == 1
    assert record["chars"] == len(note.read_text())
    assert record["document_id"]


def test_the_same_file_again_is_unchanged_and_a_new_version_replaces_it(kb: Command, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("The first version speaks of oolong.")
    first = kb("ingest", "notes", note, "--json").records[0]
    assert kb("ingest", "notes", note, "--json").records[0]["status"] == "unchanged"
    note.write_text("The second version speaks of sencha.")
    second = kb("ingest", "notes", note, "--json").records[0]
    assert second["status"] == "replaced"
    assert second["document_id"] != first["document_id"]
    assert len(kb("documents", "notes", "--json").records) == 1
    assert "oolong" not in kb("search", "notes", "oolong", "--json").out.replace('"query": "oolong"', "")


def test_bad_files_fail_by_name_and_stop_nobody(kb: Command, tmp_path: Path) -> None:
    good, empty, binary, missing, other = (
        tmp_path / name for name in ("good.txt", "empty.md", "binary.txt", "missing.txt", "picture.png")
    )
    good.write_text("Readable text.")
    empty.touch()
    binary.write_bytes(bytes(range(256)) * 8)
    other.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    result = kb("ingest", "notes", empty, binary, missing, other, good, "--json")
    assert result.status == 1
    found = {Path(record["path"]).name: record for record in result.records}
    assert {name: record["error"] and record["error"]["code"] for name, record in found.items()} == {
        "good.txt": None,
        "empty.md": "empty_file",
        "binary.txt": "binary",
        "missing.txt": "cannot_open",
        "picture.png": "unsupported",
    }
    assert all(record["error"]["message"] and record["error"]["hint"] for record in result.records if record["error"])


def test_folders_for_people(kb: Command, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    (folder / "deep" / ".hidden").mkdir(parents=True)
    (folder / "deep" / "a.md").write_text("Alpha")
    (folder / "deep" / ".hidden" / "b.md").write_text("Beta")
    (folder / "._a.md").write_text("Gamma")
    (folder / ".summary.md").write_text("Delta")
    (folder / "d.png").write_bytes(b"\x89PNG")
    result = kb("ingest", "notes", folder)
    assert result.status == 0
    assert "deep/a.md" in result.out
    assert [record["document"] for record in kb("documents", "notes", "--json").records] == [".summary.md", "deep/a.md"]
    assert result.out.splitlines()[-1] == "ready 2 · 1 file of other kinds left out"


def test_files_of_one_name_in_two_folders_do_not_replace_each_other(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "README.md").touch()
    (tmp_path / "one" / "only.md").touch()
    found = expand([tmp_path / "one", tmp_path / "two"])
    assert [file.name for file in found.files] == ["only.md", "one/sub/README.md", "two/sub/README.md"]
    assert [file.name for file in expand([tmp_path / "one"]).files] == ["only.md", "sub/README.md"]


def test_folders_of_one_name_keep_their_files_apart(kb: Command, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "docs").mkdir(parents=True)
        (tmp_path / name / "docs" / "f.md").write_text(f"This is number {name}.")
    result = kb("ingest", "notes", tmp_path / "one" / "docs", tmp_path / "two" / "docs", "--json")
    found = {record["path"]: record["status"] for record in result.records}
    assert found == {str(tmp_path / name / "docs" / "f.md"): "ready" for name in ("one", "two")}
    documents = kb("documents", "notes", "--json").records
    assert {record["document"] for record in documents} == {"one/docs/f.md", "two/docs/f.md"}


def test_files_told_apart_by_no_folder_and_files_given_twice(tmp_path: Path) -> None:
    composed, decomposed = (tmp_path / unicodedata.normalize(form, "é.md") for form in ("NFC", "NFD"))
    composed.touch()
    if decomposed.exists():
        pytest.skip("this file system takes both spellings for one name")
    decomposed.touch()
    assert {file.name for file in expand([tmp_path, composed, decomposed]).files} == {"é.md", "é (2).md"}


def test_a_long_name_inside_a_zip_is_cut_and_its_end_kept(kb: Command, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as archive:
        archive.writestr("/".join(["folder" * 10] * 8) + "/end.md", "# Alpha\n\nAbout bees.")
    result = kb("ingest", "notes", tmp_path / "old.zip", "--json")
    assert result.status == 0, result.err
    (member,) = (record for record in result.records if record["status"] == "ready")
    assert member["path"].startswith(f"{tmp_path}/old.zip/folder")
    assert member["path"].endswith("/end.md")


def test_nothing_to_add(kb: Command, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    result = kb("ingest", "notes", tmp_path / "nothing")
    assert (result.status, result.out) == (0, "No file to add was found.\n")


def test_documents_and_remove(kb: Command, tea: Path) -> None:
    documents = {record["document"]: record for record in kb("documents", "茶", "--json").records}
    assert set(documents) == {"keeping.txt", "zh/绿茶.md"}
    unknown = kb("remove", "茶", "no-such-id")
    assert unknown.status == 1
    assert "no-such-id" in unknown.err
    removed = kb("remove", "茶", documents["zh/绿茶.md"]["document_id"], "--json")
    assert removed.records[0]["status"] == "removed"
    assert [record["document"] for record in kb("documents", "茶", "--json").records] == ["keeping.txt"]
    assert "绿茶用八十度" not in kb("search", "茶", "绿茶水温", "--json").out


HOLDER = """
import sys, time
from pathlib import Path
from kb_app.storage.lock import DataFolderLock
lock = DataFolderLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


@pytest.mark.slow
def test_when_the_process_that_should_read_the_files_ends_this_one_does_it(kb: Command, tmp_path: Path) -> None:
    kb("kb", "create", "notes")
    note = tmp_path / "note.txt"
    note.write_text("Read by whoever is left.")
    # Owns the folder and does no work, as an app that is just being killed.
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"held\n"
        threading.Timer(1.5, owner.kill).start()
        result = kb("ingest", "notes", note, "--json")
        assert owner.poll() is not None, "it must not have worked beside the owner"
    assert [record["status"] for record in result.records] == ["ready"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_cancels_what_was_not_read(kb: Command, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(1000):
        (folder / f"{number}.txt").write_text(f"Note number {number} about nothing in particular.")
    process = subprocess.Popen(
        [sys.executable, "-m", "kb_app", "ingest", "notes", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("ready")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert err.splitlines()[-1] == "Interrupted."
    assert "Traceback" not in err
    documents = kb("documents", "notes", "--json").records
    assert 1 <= len(documents) < 1000
    time.sleep(1)
    assert len(kb("documents", "notes", "--json").records) == len(documents), "nothing goes on behind the user's back"


def test_the_members_of_a_zip_are_reported_one_by_one(kb: Command, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    with zipfile.ZipFile(folder / "old.zip", "w") as archive:
        archive.writestr("sub/a.md", "# Alpha\n\nAbout bees.")
        archive.writestr("picture.png", b"\x89PNG")
    result = kb("ingest", "notes", folder, "--json")
    assert result.status == 0
    found = {record["path"]: (record["status"], (record["error"] or {}).get("code")) for record in result.records}
    assert found == {
        f"{folder}/old.zip": ("skipped", "archive_left_out"),
        f"{folder}/old.zip/sub/a.md": ("ready", None),
    }


def test_a_password_opens_a_protected_file(kb: Command) -> None:
    file = Path(__file__).parents[2] / "ingestion" / "fixtures" / "encrypted.pdf"
    assert kb("ingest", "notes", file, "--json").records[0]["error"]["code"] == "password_needed"
    wrong = kb("ingest", "notes", file, "--password", "no", "--json")
    assert wrong.records[0]["error"]["code"] == "password_wrong"
    assert kb("ingest", "notes", file, "--password", "柿子2026", "--json").records[0]["status"] == "ready"


def test_a_base_is_paused_and_resumed_and_documents_are_tagged(kb: Command, tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("About ferries.")
    assert kb("ingest", "notes").status == 2
    kb("kb", "create", "notes")
    assert "paused" in kb("kb", "pause", "notes").out
    assert kb("kb", "resume", "notes", "--json").records[0]["paused"] is False
    assert kb("ingest", "notes", "--tag", "sea", file, "--tag", "旅行").status == 0
    (record,) = kb("documents", "notes", "--json").records
    assert (record["document"], record["tags"], record["summary"]) == ("a.md", ["sea", "旅行"], None)


def test_addresses_are_fetched_with_the_files(kb: Command, tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("About ferries.")
    result = kb("ingest", "notes", file, "http://127.0.0.1:9/page", "--json")
    assert result.status == 1
    codes = {record["path"]: record["error"] and record["error"]["code"] for record in result.records}
    assert codes == {str(file): None, "http://127.0.0.1:9/page": "web_private"}


def test_ocr_is_tried_on_what_holds_no_text_only(kb: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []

    def remember(data, name, options, *, on_progress=None):
        read.append((name, options.method))
        return prepare(data, name, replace(options, method="standard"), on_progress=on_progress)

    monkeypatch.setattr("kb_app.services.indexing.ingesting.prepare_limited", remember)
    scanned = Path(__file__).parents[2] / "ingestion" / "fixtures" / "scanned.pdf"
    (tmp_path / "a.md").write_text("About ferries.")
    result = kb("ingest", "notes", scanned, tmp_path / "a.md", "--ocr", "--json")
    assert sorted((record["path"], record["status"]) for record in result.records) == sorted(
        [(str(scanned), "failed"), (str(tmp_path / "a.md"), "ready")]
    )
    assert [one for one in read if one[1] == "ocr"] == [("scanned.pdf", "ocr")]
