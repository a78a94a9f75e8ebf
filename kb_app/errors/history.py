"""Failures of taking conversations over from a file."""

from kb_app.errors.base import KBAppError


class ConversationFileError(KBAppError):
    """A file of conversations cannot be taken over."""

    code = "conversation_file"


class ConversationFormatError(ConversationFileError):
    """It holds no conversations of a known form."""

    code = "conversation_format"


class ConversationDamagedError(ConversationFileError):
    """It is cut off, or no JSON."""

    code = "conversation_damaged"


class ConversationTooLargeError(ConversationFileError):
    """It is, or unpacks to, more than ``params["limit_mb"]`` MB."""

    code = "conversation_too_large"


class ConversationNewerError(ConversationFileError):
    """A newer version of the app wrote it."""

    code = "conversation_newer"
