"""How work in the background ends early: by a wish of the user, or by a failure that is told as data."""

import errno
import logging

from ingestion.errors import IngestionError
from kb_app.errors import DiskFullError, KBAppError, StorageError, error_info
from kb_app.models import ErrorInfo

#: What libraries in other languages say of a full disk in exceptions of their own.
_FULL = ("No space left on device", "disk is full")
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO)

_LOG = logging.getLogger(__name__)


class CancelledError(Exception):
    """The user cancelled the running job, or the app is closing."""


def told_error(error: Exception) -> ErrorInfo:
    """Return a failure as data; one that was not expected is a bug, and logged with its traceback."""
    if _is_disk_full(error):
        return error_info(DiskFullError(str(error)))
    if isinstance(error, KBAppError | IngestionError):
        return error_info(error)
    if isinstance(error, OSError) and error.errno in _REFUSED:
        return error_info(StorageError(str(error), problem=error.strerror or str(error)))
    _LOG.error("unexpected failure", exc_info=error)
    return ErrorInfo(code="internal")


def _is_disk_full(error: BaseException | None) -> bool:
    """Whether a full disk is behind an error, whatever it led to on its way: a damaged index, a failed query."""
    while error is not None:
        is_full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        if is_full or any(words in str(error) for words in _FULL):
            return True
        error = error.__cause__ or error.__context__
    return False
