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


class NoCasesError(EvaluationError):
    """A set has nothing that can be tested."""

    code = "no_cases"


class ModelReplyError(EvaluationError):
    """A model that judges or writes questions replied with something else; ``params["problem"]`` is what."""

    code = "model_reply"


class NotAJudgeError(EvaluationError):
    """The model only quotes: it can neither judge nor write questions."""

    code = "not_a_judge"
