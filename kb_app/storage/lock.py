"""One process owns a data folder: an operating-system lock that ends with the process, however it ends."""

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import IO

from kb_app.errors import DataFolderBusyError, DataFolderError, DiskFullError

LOCK_FILE = "lock"
_HELD = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES)


class DataFolderLock:
    """Exclusive ownership of a data folder, from construction to :meth:`release`."""

    def __init__(self, data_dir: Path) -> None:
        """Take the lock.

        Raises:
            DataFolderBusyError: another process holds it.
            DataFolderError: the folder cannot be locked, as on some network drives.
        """
        try:
            self._file: IO[str] = (data_dir / LOCK_FILE).open("a+", encoding="utf-8")
        except OSError as error:
            raise folder_error(data_dir, error) from error
        try:
            _lock(self._file)
        except OSError as error:
            self._file.close()
            if error.errno in _HELD:
                raise DataFolderBusyError(str(error), folder=str(data_dir)) from error
            raise folder_error(data_dir, error) from error

    def release(self) -> None:
        """Give the folder back; closing the file ends the lock."""
        self._file.close()


def _lock(file: IO[str]) -> None:
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def prepare_data_dir(data_dir: Path) -> None:
    """Make the folder, private to the user, and check that it can be written.

    Raises:
        DataFolderError: it cannot be made or written; ``params["folder"]`` and ``["problem"]`` say where and why.
        DiskFullError: no space is left.
    """
    probe = data_dir / f".write-test-{os.getpid()}"
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe.write_bytes(b"0" * 4096)
        probe.unlink()
    except OSError as error:
        with contextlib.suppress(OSError):  # where nothing can be written, there may be nothing to see either
            probe.unlink()
        raise folder_error(data_dir, error) from error


def folder_error(data_dir: Path, error: OSError) -> DataFolderError | DiskFullError:
    """Return what the system refused to do with the data folder as an error of the app."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(str(error), folder=str(data_dir))
    return DataFolderError(str(error), folder=str(data_dir), problem=error.strerror or str(error))
