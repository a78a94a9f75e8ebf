"""Prompts that cannot be used."""

from kb_app.errors.base import KBAppError


class PromptError(KBAppError):
    """A prompt cannot be used; ``params["placeholder"]`` names what is wrong with it."""

    code = "prompt"


class PromptMissingPlaceholderError(PromptError):
    """A placeholder that the prompt must hold is not there, so what the model needs would not reach it."""

    code = "prompt_missing_placeholder"


class PromptUnknownPlaceholderError(PromptError):
    """Nothing is ever put in place of a placeholder."""

    code = "prompt_unknown_placeholder"
