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
        DatabaseMissingError  database_missing   gone or empty, though originals are there
        SchemaNewerError      schema_newer       written by a newer version of the app
        KeywordIndexError     index_damaged      the keyword index is missing or cannot be read
    ChunkSizeError            chunk_size         a passage size out of range
    ChunkOverlapError         chunk_overlap      an overlap that does not fit the size
    TagError                  tag                not a label that a document can have
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
    PromptError               prompt
        PromptMissingPlaceholderError  prompt_missing_placeholder
        PromptUnknownPlaceholderError  prompt_unknown_placeholder
    SummaryModelError         summary_model      the model cannot write
    SummaryEmptyError         summary_empty      the model wrote nothing
    ConversationFileError     conversation_file
        ConversationFormatError    conversation_format     holds no conversations of a known form
        ConversationDamagedError   conversation_damaged    cut off, or no JSON
        ConversationTooLargeError  conversation_too_large
        ConversationNewerError     conversation_newer      written by a newer version of the app
    BusyError                 busy
    ClosingError              closing            the app is being closed
    CorrectionError           correction
        CorrectionEmptyError    correction_empty     no question, or no corrected answer
        CorrectionConflictError correction_conflict  somebody else saved it meanwhile
        CorrectionGoneError     correction_gone      it was deleted
        SecondPersonError       second_person        another person has to approve it
        CorrectionFileError     correction_file      no corrections in a format that is known
            CorrectionColumnsError correction_columns no column for questions or answers
            CorrectionLineError correction_line      a line that cannot be used
    EvaluationError           evaluation
        EvaluationGoneError   evaluation_gone    the set, the case or the run was deleted
        DuplicateSetError     duplicate_set
        SetNameError          set_name
        CaseEmptyError        case_empty         no question, or nothing that is expected
        QuestionsFileError    questions_file     not a file of questions
        NoCasesError          no_cases           nothing in a set can be tested
        ModelReplyError       model_reply        not what a judge was asked for
        NotAJudgeError        not_a_judge        the model only quotes
    ExportError               export
        ExportEmptyError      export_empty       nothing to export
        ExportSplitError      export_split       shares that are none
        ExportFolderError     export_folder      not to be written, or not empty
        ExportRefusedError    export_refused     a trainer would drop items silently
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
        EndlessAnswerError    answer_endless     the model did not stop, and was cut off
        BadResponseError      bad_response       not the protocol that was expected
        ModelFileError        model_file         a model's file on this machine is missing or damaged
        ModelChecksumError    model_checksum     a fetched file is not what it should be
"""

from kb_app.errors.base import (
    BusyError,
    ClosingError,
    KBAppError,
    error_info,
)
from kb_app.errors.corrections import (
    CorrectionColumnsError,
    CorrectionConflictError,
    CorrectionEmptyError,
    CorrectionError,
    CorrectionFileError,
    CorrectionGoneError,
    CorrectionLineError,
    SecondPersonError,
)
from kb_app.errors.evaluation import (
    CaseEmptyError,
    DuplicateSetError,
    EvaluationError,
    EvaluationGoneError,
    ModelReplyError,
    NoCasesError,
    NotAJudgeError,
    QuestionsFileError,
    SetNameError,
)
from kb_app.errors.exports import (
    ExportEmptyError,
    ExportError,
    ExportFolderError,
    ExportRefusedError,
    ExportSplitError,
)
from kb_app.errors.files import (
    ArchiveBombError,
    ArchiveDamagedError,
    ArchiveEmptyError,
    ArchiveError,
    ChunkOverlapError,
    ChunkSizeError,
    PasswordHandoverError,
    TagError,
    WatchFolderError,
    WebAddressError,
    WebError,
    WebKindError,
    WebPrivateError,
    WebRedirectsError,
    WebStatusError,
    WebTimeoutError,
    WebTooLargeError,
    WebUnreachableError,
)
from kb_app.errors.history import (
    ConversationDamagedError,
    ConversationFileError,
    ConversationFormatError,
    ConversationNewerError,
    ConversationTooLargeError,
)
from kb_app.errors.prompts import (
    PromptError,
    PromptMissingPlaceholderError,
    PromptUnknownPlaceholderError,
)
from kb_app.errors.providers import (
    AuthError,
    BadRequestError,
    BadResponseError,
    ContentFilterError,
    ContextTooLongError,
    EndlessAnswerError,
    InterruptedStreamError,
    MissingKeyError,
    ModelChecksumError,
    ModelFileError,
    ModelNotFoundError,
    ModelTooLargeError,
    NotPulledError,
    ProviderError,
    ProviderTimeoutError,
    QuotaError,
    RateLimitError,
    ServerError,
    UnreachableError,
)
from kb_app.errors.settings import (
    ConfigurationError,
    KeyFormatError,
    ServerAddressError,
    ServerNameError,
)
from kb_app.errors.storage import (
    DatabaseDamagedError,
    DatabaseMissingError,
    DataFolderBusyError,
    DataFolderError,
    DiskFullError,
    DuplicateNameError,
    InvalidNameError,
    KeywordIndexError,
    NotFoundError,
    ReindexNeededError,
    SchemaNewerError,
    StorageError,
)
from kb_app.errors.summaries import (
    SummaryEmptyError,
    SummaryModelError,
)

__all__ = [
    "ArchiveBombError",
    "ArchiveDamagedError",
    "ArchiveEmptyError",
    "ArchiveError",
    "AuthError",
    "BadRequestError",
    "BadResponseError",
    "BusyError",
    "CaseEmptyError",
    "ChunkOverlapError",
    "ChunkSizeError",
    "ClosingError",
    "ConfigurationError",
    "ContentFilterError",
    "ContextTooLongError",
    "ConversationDamagedError",
    "ConversationFileError",
    "ConversationFormatError",
    "ConversationNewerError",
    "ConversationTooLargeError",
    "CorrectionColumnsError",
    "CorrectionConflictError",
    "CorrectionEmptyError",
    "CorrectionError",
    "CorrectionFileError",
    "CorrectionGoneError",
    "CorrectionLineError",
    "DataFolderBusyError",
    "DataFolderError",
    "DatabaseDamagedError",
    "DatabaseMissingError",
    "DiskFullError",
    "DuplicateNameError",
    "DuplicateSetError",
    "EndlessAnswerError",
    "EvaluationError",
    "EvaluationGoneError",
    "ExportEmptyError",
    "ExportError",
    "ExportFolderError",
    "ExportRefusedError",
    "ExportSplitError",
    "InterruptedStreamError",
    "InvalidNameError",
    "KBAppError",
    "KeyFormatError",
    "KeywordIndexError",
    "MissingKeyError",
    "ModelChecksumError",
    "ModelFileError",
    "ModelNotFoundError",
    "ModelReplyError",
    "ModelTooLargeError",
    "NoCasesError",
    "NotAJudgeError",
    "NotFoundError",
    "NotPulledError",
    "PasswordHandoverError",
    "PromptError",
    "PromptMissingPlaceholderError",
    "PromptUnknownPlaceholderError",
    "ProviderError",
    "ProviderTimeoutError",
    "QuestionsFileError",
    "QuotaError",
    "RateLimitError",
    "ReindexNeededError",
    "SchemaNewerError",
    "SecondPersonError",
    "ServerAddressError",
    "ServerError",
    "ServerNameError",
    "SetNameError",
    "StorageError",
    "SummaryEmptyError",
    "SummaryModelError",
    "TagError",
    "UnreachableError",
    "WatchFolderError",
    "WebAddressError",
    "WebError",
    "WebKindError",
    "WebPrivateError",
    "WebRedirectsError",
    "WebStatusError",
    "WebTimeoutError",
    "WebTooLargeError",
    "WebUnreachableError",
    "error_info",
]
