"""Failures of summary cards."""

from kb_app.errors.base import KBAppError


class SummaryModelError(KBAppError):
    """``params["model"]`` cannot write: it only quotes."""

    code = "summary_model"


class SummaryEmptyError(KBAppError):
    """``params["model"]`` wrote nothing."""

    code = "summary_empty"
