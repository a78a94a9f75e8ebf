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


class CorrectionFileError(CorrectionError):
    """A file holds no corrections in a format that is known."""

    code = "correction_file"


class CorrectionColumnsError(CorrectionFileError):
    """A table has no column for questions, or none for answers."""

    code = "correction_columns"


class CorrectionLineError(CorrectionFileError):
    """A line of a file cannot be used; ``params["line"]`` counts from 1."""

    code = "correction_line"
