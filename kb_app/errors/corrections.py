"""Failures of corrections."""

from kb_app.errors.base import KBAppError


class CorrectionError(KBAppError):
    """Something about a correction was refused."""

    code = "correction"


class CorrectionEmptyError(CorrectionError):
    """It has no question, or no corrected answer where one is needed."""

    code = "correction_empty"


class CorrectionConflictError(CorrectionError):
    """Somebody else saved it meanwhile; ``params["name"]`` is who."""

    code = "correction_conflict"


class CorrectionGoneError(CorrectionError):
    """It was deleted."""

    code = "correction_gone"


class SecondPersonError(CorrectionError):
    """A second person has to approve it."""

    code = "second_person"
