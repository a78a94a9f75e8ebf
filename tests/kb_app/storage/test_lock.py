import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kb_app.errors import DataFolderBusyError, DataFolderError, DiskFullError
from kb_app.storage.lock import DataFolderLock, prepare_data_dir


def test_a_second_owner_is_refused_until_the_first_lets_go(tmp_path):
    first = DataFolderLock(tmp_path)
    with pytest.raises(DataFolderBusyError):
        DataFolderLock(tmp_path)
    first.release()
    DataFolderLock(tmp_path).release()


def test_the_lock_of_a_killed_process_is_free_again(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from kb_app.storage.lock import DataFolderLock;"
        "lock = DataFolderLock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline().strip() == b"held"
        with pytest.raises(DataFolderBusyError):
            DataFolderLock(tmp_path)
        holder.kill()
    DataFolderLock(tmp_path).release()


def test_the_data_folder_is_made_private(tmp_path):
    folder = tmp_path / "数据" / "kb"
    prepare_data_dir(folder)
    assert folder.is_dir()
    assert list(folder.iterdir()) == []
    if os.name == "posix":
        assert folder.stat().st_mode & 0o077 == 0


def test_a_file_in_the_way_is_said_plainly(tmp_path):
    (tmp_path / "kb").write_text("in the way")
    with pytest.raises(DataFolderError) as caught:
        prepare_data_dir(tmp_path / "kb")
    assert caught.value.params["folder"] == str(tmp_path / "kb")


def test_a_full_disk_is_told_from_other_failures(tmp_path, monkeypatch):
    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskFullError):
        prepare_data_dir(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="POSIX locks")
def test_only_a_lock_that_is_held_means_that_the_folder_is_in_use(tmp_path, monkeypatch):
    def no_locks(file, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    with pytest.raises(DataFolderError) as caught:
        DataFolderLock(tmp_path)
    assert caught.value.params == {"folder": str(tmp_path), "problem": "No locks available"}


def test_a_lock_file_that_cannot_be_opened_is_a_fault_of_the_folder(tmp_path):
    (tmp_path / "lock").mkdir()
    with pytest.raises(DataFolderError):
        DataFolderLock(tmp_path)
