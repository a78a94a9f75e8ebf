"""How work in the background ends early: by a wish of the user, or by a failure that is told as data."""

import logging

from ingestion.errors import IngestionError
from kb_app.errors import KBAppError, error_info
from kb_app.models import ErrorInfo

_LOG = logging.getLogger(__name__)


class CancelledError(Exception):
    """The user cancelled the running job, or the app is closing."""


def told_error(error: Exception) -> ErrorInfo:
    """Return a failure as data; one that was not expected is a bug, and logged with its traceback."""
    if isinstance(error, KBAppError | IngestionError):
        return error_info(error)
    _LOG.error("unexpected failure", exc_info=error)
    return ErrorInfo(code="internal")
