"""Failures on the way of a file or page into a base."""

from kb_app.errors.base import KBAppError


class ChunkSizeError(KBAppError):
    """The passage size is not between ``params["low"]`` and ``params["high"]``."""

    code = "chunk_size"


class ChunkOverlapError(KBAppError):
    """The overlap is negative or more than ``params["high"]``."""

    code = "chunk_overlap"


class TagError(KBAppError):
    """A tag is empty, longer than ``params["limit"]`` or holds control characters."""

    code = "tag"


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
