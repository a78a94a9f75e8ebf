"""Failures of evaluation."""

from kb_app.errors.base import KBAppError


class EvaluationError(KBAppError):
    """Something about an evaluation was refused."""

    code = "evaluation"


class EvaluationGoneError(EvaluationError):
    """The set, the case or the run was deleted."""

    code = "evaluation_gone"


class DuplicateSetError(EvaluationError):
    """The base has a set of this name."""

    code = "duplicate_set"


class SetNameError(EvaluationError):
    """A set needs a name."""

    code = "set_name"


class CaseEmptyError(EvaluationError):
    """A case needs a question, and an answer, a passage or that it is to be declined."""

    code = "case_empty"


class QuestionsFileError(EvaluationError):
    """A file of questions cannot be read; ``params`` say where and what."""

    code = "questions_file"
