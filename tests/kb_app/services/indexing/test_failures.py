import errno

import pytest

from kb_app.errors import KeywordIndexError
from kb_app.services.indexing.failures import told_error


def chained(error, cause):
    error.__cause__ = cause
    return error


FOREIGN = "Failed to open file for write: 'IoError { code: 28, message: \"No space left on device\" }'"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (ValueError(FOREIGN), "disk_full"),
        (RuntimeError("error returned from database: (code: 13) database or disk is full"), "disk_full"),
        (chained(KeywordIndexError("b"), ValueError(FOREIGN)), "disk_full"),
        (KeywordIndexError("b"), "index_damaged"),
        (PermissionError(errno.EACCES, "Permission denied", "index/manifest.new"), "storage"),
        (OSError(errno.EROFS, "Read-only file system"), "storage"),
        (OSError(errno.EPIPE, "Broken pipe"), "internal"),
        (KeyError("x"), "internal"),
    ],
)
def test_what_the_disk_refuses_is_told_as_such(error, code):
    assert told_error(error).code == code
