"""Failures of models and their servers."""

from kb_app.errors.base import KBAppError


class ProviderError(KBAppError):
    """A model server failed. Every one carries ``provider``, ``model`` (may be empty) and ``address``."""

    code = "provider"


class UnreachableError(ProviderError):
    """Nothing answers at the server's address."""

    code = "unreachable"


class ProviderTimeoutError(ProviderError):
    """The server did not answer in time."""

    code = "timeout"


class AuthError(ProviderError):
    """The key is missing, wrong or not allowed to do this."""

    code = "auth"


class MissingKeyError(AuthError):
    """The provider needs a key and none is set; ``params["setting"]`` names the environment variable."""

    code = "no_key"


class QuotaError(ProviderError):
    """The account has no balance or quota left."""

    code = "quota"


class RateLimitError(ProviderError):
    """Too many requests; ``params["retry_after_s"]`` says when to try again, 0 when the server did not."""

    code = "rate_limit"


class ModelNotFoundError(ProviderError):
    """The server does not have this model."""

    code = "model_not_found"


class NotPulledError(ModelNotFoundError):
    """The Ollama server has not downloaded this model."""

    code = "not_pulled"


class ContextTooLongError(ProviderError):
    """The prompt does not fit the model's window."""

    code = "context_too_long"


class ContentFilterError(ProviderError):
    """The provider's filter refused the question or the answer."""

    code = "content_filter"


class BadRequestError(ProviderError):
    """The server rejected the request as malformed."""

    code = "bad_request"


class ServerError(ProviderError):
    """The server failed inside."""

    code = "server_error"


class ModelTooLargeError(ServerError):
    """The server has not enough memory to load the model."""

    code = "model_too_large"


class InterruptedStreamError(ProviderError):
    """The stream ended before its terminal marker."""

    code = "interrupted"


class EndlessAnswerError(ProviderError):
    """The model did not stop; it was cut off at a generous limit."""

    code = "answer_endless"


class BadResponseError(ProviderError):
    """The server's answer is not what the protocol says."""

    code = "bad_response"


class ModelFileError(ProviderError):
    """A file of a local model is missing or cannot be read; ``params["problem"]`` names it."""

    code = "model_file"


class ModelChecksumError(ProviderError):
    """A fetched file is not what it should be; ``params["file"]`` names it."""

    code = "model_checksum"
