"""Failures of the data folder and what is in it."""

from kb_app.errors.base import KBAppError


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


class DatabaseMissingError(StorageError):
    """The database is gone or empty, though originals are there: a new one would have them deleted as unknown."""

    code = "database_missing"


class SchemaNewerError(StorageError):
    """A newer version of the app wrote the database; ``params["problem"]`` names both schemas."""

    code = "schema_newer"


class KeywordIndexError(StorageError):
    """The keyword index of a base is missing or damaged; it can be rebuilt from the database."""

    code = "index_damaged"
