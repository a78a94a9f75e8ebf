"""Expected failures of the app. Each has a stable ``code``; the sentences live in the message catalogue.

KBAppError
    ConfigurationError        configuration
        ServerNameError       server_name        not a name a server can have
        ServerAddressError    server_address     not an address of a server
        KeyFormatError        key_format         not what a key looks like
    StorageError              storage
        NotFoundError         not_found
        DuplicateNameError    duplicate_name
        InvalidNameError      invalid_name
        ReindexNeededError    reindex_needed
        DataFolderBusyError   data_folder_busy
        DataFolderError       data_folder        read-only, or not a folder
        DiskFullError         disk_full
        DatabaseDamagedError  database_damaged   not a database, or damaged inside
        SchemaNewerError      schema_newer       written by a newer version of the app
        KeywordIndexError     index_damaged      the keyword index is missing or cannot be read
    ChunkSizeError            chunk_size         a passage size out of range
    ChunkOverlapError         chunk_overlap      an overlap that does not fit the size
    PasswordHandoverError     password_handover  a password was given beside the process that reads the files
    ArchiveError              archive
        ArchiveDamagedError   archive_damaged
        ArchiveBombError      archive_bomb       it would unpack to too much
        ArchiveEmptyError     archive_empty      nothing in it can be read
    WatchFolderError          watch_folder       not a folder that can be watched
    WebError                  web
        WebAddressError       web_address        not an http or https address
        WebPrivateError       web_private        it leads into a private network
        WebUnreachableError   web_unreachable
        WebTimeoutError       web_timeout
        WebStatusError        web_status         the server answered with an error
        WebRedirectsError     web_redirects      too many
        WebTooLargeError      web_too_large
        WebKindError          web_kind           neither a page nor text nor a PDF
    BusyError                 busy
    ProviderError             provider
        UnreachableError      unreachable        server not running, or refused
        ProviderTimeoutError  timeout
        AuthError             auth
            MissingKeyError   no_key             no key was set for a provider that needs one
        QuotaError            quota
        RateLimitError        rate_limit
        ModelNotFoundError    model_not_found
            NotPulledError    not_pulled         Ollama knows how to get it
        ContextTooLongError   context_too_long
        ContentFilterError    content_filter
        BadRequestError       bad_request
        ServerError           server_error
            ModelTooLargeError model_too_large   the server has not enough memory for it
        InterruptedStreamError interrupted       the stream ended without its terminal marker
        BadResponseError      bad_response       not the protocol that was expected
        ModelFileError        model_file         a model's file on this machine is missing or damaged
"""

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


class ConfigurationError(KBAppError):
    """A setting is missing or wrong."""

    code = "configuration"


class ServerNameError(ConfigurationError):
    """The name cannot be part of a model's id, or is a provider's."""

    code = "server_name"


class ServerAddressError(ConfigurationError):
    """The address of a server is missing or not an address."""

    code = "server_address"


class KeyFormatError(ConfigurationError):
    """The key holds characters that no key has, such as blanks or full-width ones."""

    code = "key_format"


class StorageError(KBAppError):
    """The database or the data folder refused."""

    code = "storage"


class NotFoundError(StorageError):
    """The named object does not exist (any more)."""

    code = "not_found"


class DuplicateNameError(StorageError):
    """A knowledge base of this name exists."""

    code = "duplicate_name"


class InvalidNameError(StorageError):
    """The name is empty, too long or holds control characters."""

    code = "invalid_name"


class ReindexNeededError(StorageError):
    """The base was indexed with another embedder, analyzer or chunking version."""

    code = "reindex_needed"


class DataFolderBusyError(StorageError):
    """Another process owns the data folder."""

    code = "data_folder_busy"


class DataFolderError(StorageError):
    """The data folder cannot be made or written."""

    code = "data_folder"


class DiskFullError(StorageError):
    """No space is left for the data folder."""

    code = "disk_full"


class DatabaseDamagedError(StorageError):
    """The file of the database is no database, or damaged inside."""

    code = "database_damaged"


class SchemaNewerError(StorageError):
    """A newer version of the app wrote the database; ``params["problem"]`` names both schemas."""

    code = "schema_newer"


class KeywordIndexError(StorageError):
    """The keyword index of a base is missing or damaged; it can be rebuilt from the database."""

    code = "index_damaged"


class ChunkSizeError(KBAppError):
    """The passage size is not between ``params["low"]`` and ``params["high"]``."""

    code = "chunk_size"


class ChunkOverlapError(KBAppError):
    """The overlap is negative or more than ``params["high"]``."""

    code = "chunk_overlap"


class PasswordHandoverError(KBAppError):
    """Passwords stay in memory, so only the process that reads the files can be given one."""

    code = "password_handover"


class ArchiveError(KBAppError):
    """A ZIP file cannot be taken in."""

    code = "archive"


class ArchiveDamagedError(ArchiveError):
    """It is not a ZIP file, or cut off."""

    code = "archive_damaged"


class ArchiveBombError(ArchiveError):
    """It would unpack to more than is sane; ``params["limit"]`` is ``count``, ``size`` or ``ratio``."""

    code = "archive_bomb"


class ArchiveEmptyError(ArchiveError):
    """It holds no file of a kind that can be read."""

    code = "archive_empty"


class WatchFolderError(KBAppError):
    """``params["folder"]`` is not an absolute path of a readable folder, or overlaps the data folder."""

    code = "watch_folder"


class WebError(KBAppError):
    """A page of the web cannot be fetched."""

    code = "web"


class WebAddressError(WebError):
    """It is not a plain http or https address."""

    code = "web_address"


class WebPrivateError(WebError):
    """``params["host"]`` is inside a private network, which pages are never fetched from."""

    code = "web_private"


class WebUnreachableError(WebError):
    """``params["host"]`` does not exist or does not answer."""

    code = "web_unreachable"


class WebTimeoutError(WebError):
    """``params["host"]`` took too long."""

    code = "web_timeout"


class WebStatusError(WebError):
    """``params["host"]`` answered with the HTTP status ``params["status"]``."""

    code = "web_status"


class WebRedirectsError(WebError):
    """The page redirects more than ``params["count"]`` times."""

    code = "web_redirects"


class WebTooLargeError(WebError):
    """The page is larger than ``params["limit_mb"]`` MB."""

    code = "web_too_large"


class WebKindError(WebError):
    """What is there is of the media type ``params["kind"]``, which cannot be read."""

    code = "web_kind"


class BusyError(KBAppError):
    """The same thing is already being done."""

    code = "busy"


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


class BadResponseError(ProviderError):
    """The server's answer is not what the protocol says."""

    code = "bad_response"


class ModelFileError(ProviderError):
    """A file of a local model is missing or cannot be read; ``params["problem"]`` names it."""

    code = "model_file"


def error_info(error: KBAppError | IngestionError) -> ErrorInfo:
    """Return the failure as data that can be stored and shown in any language."""
    return ErrorInfo(code=error.code, params=dict(error.params))
