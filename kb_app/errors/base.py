"""The root of the app's expected failures."""

from typing import ClassVar

from ingestion.errors import IngestionError
from kb_app.models import ErrorInfo


class KBAppError(Exception):
    """Root of the app's expected failures; the message is English, for logs."""

    code: ClassVar[str] = "app"

    def __init__(self, detail: str = "", **params: str | int | float) -> None:
        """Keep ``detail`` for the log and ``params`` for the sentence shown to the user."""
        super().__init__(detail or self.code)
        self.params = params


class BusyError(KBAppError):
    """The same thing is already being done."""

    code = "busy"


class ClosingError(KBAppError):
    """The app is being closed, and begins nothing any more."""

    code = "closing"


def error_info(error: KBAppError | IngestionError) -> ErrorInfo:
    """Return the failure as data that can be stored and shown in any language."""
    return ErrorInfo(code=error.code, params=dict(error.params))
