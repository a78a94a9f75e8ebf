"""Failures that only the command line has. Each has a stable ``code``; the sentences live in the catalogue."""

from kb_app.errors import ExportSplitError, KBAppError


class CommandError(KBAppError):
    """Root of the command line's own failures."""


class UnknownBaseError(CommandError):
    """No knowledge base has the given name."""

    code = "unknown_base"


class UnknownDocumentError(CommandError):
    """The base has no document of the given id."""

    code = "unknown_document"


class UnknownSetError(CommandError):
    """The base has no evaluation set of the given name."""

    code = "unknown_set"


class UnknownMetricError(CommandError):
    """Not ``METRIC=VALUE`` with a metric that is measured."""

    code = "unknown_metric"


class QueriesFileError(CommandError):
    """The file of queries cannot be read or is not what it should be."""

    code = "queries_file"


class CorrectionsFileError(CommandError):
    """The file of corrections cannot be read."""

    code = "corrections_file"


class ConversationsFileError(CommandError):
    """The file of conversations cannot be read or written."""

    code = "conversations_file"


class ConfirmationError(CommandError):
    """Something that cannot be undone was asked for without ``--yes``."""

    code = "confirmation_needed"


class AccountsNeededError(CommandError):
    """The app may not be opened to a network before it has accounts."""

    code = "accounts_needed"


class PortBusyError(CommandError):
    """Another program listens on the port."""

    code = "port_busy"


class PortForbiddenError(CommandError):
    """The system does not let this user listen on the address and port."""

    code = "port_forbidden"


class AlreadyRunningError(CommandError):
    """The app is running already."""

    code = "already_running"


class ServerStartError(CommandError):
    """The web server ended before it answered."""

    code = "server_start"


#: Failures that are the wrong use of an option: exit status 2, as argparse has it.
WRONG_USAGE: tuple[type[KBAppError], ...] = (UnknownMetricError, ExportSplitError)
