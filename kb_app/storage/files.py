"""Uploaded originals, kept by the SHA-256 of their bytes; a user's file name never becomes a path."""

import errno
import hashlib
import os
import tempfile
from collections.abc import Collection
from pathlib import Path

from kb_app.errors import DiskFullError, NotFoundError, StorageError

ORIGINALS = "originals"
_PIECE_BYTES = 1 << 20


class OriginalStore:
    """A folder ``ab/abcd...`` of immutable files. Safe to share between threads and processes."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``; it is made on the first save."""
        self._folder = folder

    def save(self, data: bytes | Path) -> tuple[str, int]:
        """Keep the bytes and return (SHA-256 in hex, size in bytes); the same bytes are kept once.

        Raises:
            DiskFullError, StorageError: nothing was kept.
            OSError: ``data`` is a path that cannot be read.
        """
        digest, size = _digest(data)
        target = self.path(digest)
        if target.exists() and target.stat().st_size == size:
            return digest, size
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _write_atomically(target, data)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFullError(str(error), folder=str(self._folder)) from error
            raise StorageError(str(error), problem=error.strerror or str(error)) from error
        return digest, size

    def path(self, sha256: str) -> Path:
        """Return where the file of this digest is, or would be."""
        return self._folder / sha256[:2] / sha256

    def read(self, sha256: str) -> bytes:
        """Return the bytes. Raises NotFoundError when the original is gone."""
        try:
            return self.path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError(f"original {sha256} is missing", name=sha256[:12]) from error

    def discard(self, digests: Collection[str]) -> None:
        """Delete these originals; unknown ones are ignored."""
        for digest in digests:
            self.path(digest).unlink(missing_ok=True)

    def keep_only(self, digests: Collection[str]) -> int:
        """Delete every original whose digest is not in ``digests``; return how many were deleted."""
        wanted = set(digests)
        stray = [path for path in self._folder.glob("??/*") if path.name not in wanted]
        for path in stray:
            path.unlink(missing_ok=True)
        return len(stray)


def _digest(data: bytes | Path) -> tuple[str, int]:
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest(), len(data)
    with data.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size


def _write_atomically(target: Path, data: bytes | Path) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".new-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            if isinstance(data, bytes):
                out.write(data)
            else:
                with data.open("rb") as source:
                    while piece := source.read(_PIECE_BYTES):
                        out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
