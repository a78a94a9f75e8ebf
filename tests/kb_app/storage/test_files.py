import hashlib

import pytest

from kb_app.errors import NotFoundError
from kb_app.storage.files import OriginalStore


def test_bytes_are_kept_once_under_their_digest(tmp_path):
    store = OriginalStore(tmp_path / "originals")
    digest, size = store.save("南瓜书".encode())
    assert (digest, size) == (hashlib.sha256("南瓜书".encode()).hexdigest(), 9)
    source = tmp_path / "copy.txt"
    source.write_bytes("南瓜书".encode())
    assert store.save(source)[0] == digest
    assert store.read(digest) == "南瓜书".encode()
    assert len([path for path in (tmp_path / "originals").rglob("*") if path.is_file()]) == 1


def test_a_cut_off_original_is_written_again(tmp_path):
    store = OriginalStore(tmp_path)
    digest, _ = store.save(b"whole")
    store.path(digest).write_bytes(b"wh")
    store.save(b"whole")
    assert store.read(digest) == b"whole"


def test_only_what_is_wanted_stays(tmp_path):
    store = OriginalStore(tmp_path)
    kept, gone = store.save(b"a")[0], store.save(b"b")[0]
    assert store.keep_only({kept}) == 1
    assert store.read(kept) == b"a"
    with pytest.raises(NotFoundError):
        store.read(gone)
