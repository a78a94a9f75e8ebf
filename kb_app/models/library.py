"""Knowledge bases, their documents and passages, and the work on them."""

from dataclasses import dataclass
from typing import Literal

from kb_app.models.base import ErrorInfo

JobKind = Literal["ingest", "expand", "fetch", "reindex", "remove", "drop", "summarise", "card"]
JobState = Literal["queued", "running", "ready", "unchanged", "replaced", "failed", "skipped", "cancelled"]
WatchedChange = Literal["added", "changed", "removed", "refused"]

#: Position of a document's summary card among its passages, which are counted from 0.
CARD_INDEX = -1
#: Codes of a file that takes a password.
PASSWORD_CODES = ("password_needed", "password_wrong")
#: Codes of a file whose pages are pictures, or as good as that.
OCR_CODES = ("scanned", "garbled", "ocr_missing", "ocr_failed")
#: Warning of a document that could not be read again while its base was re-indexed: it stands as it was read before.
KEPT_WARNING = "not_read_again"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeBase:
    """A set of documents searched together, with what its indexes were made by.

    ``model_id`` is the chat model its questions start with, and ``fallback_model_id`` the one that steps in when the
    picked one fails; empty where the base has none of its own. A base with a ``conversation_id`` holds the files that
    were attached to the questions of that conversation, and no list has it.
    """

    id: str
    name: str
    embedder: str
    dimension: int
    analyzer_version: int
    chunking_version: int
    chunk_size_units: int
    chunk_overlap_units: int
    created_at: str
    description: str = ""
    rules_off: tuple[str, ...] = ()
    ocr: bool = False
    summary_model: str = ""
    paused: bool = False
    watch_folder: str = ""
    watch_inode: str = ""
    reuse_exact: float | None = None
    reuse_related: float | None = None
    model_id: str = ""
    fallback_model_id: str = ""
    conversation_id: str = ""
    document_count: int = 0
    chunk_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRecord:
    """A document of a base as its list shows it; ``error`` is set exactly when ``status`` is ``failed``."""

    id: str
    base_id: str
    name: str
    sha256: str
    media_type: str
    byte_count: int
    status: Literal["ready", "failed"]
    title: str = ""
    page_count: int = 0
    chunk_count: int = 0
    char_count: int = 0
    encoding: str | None = None
    unreadable_pages: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    error: ErrorInfo | None = None
    tags: tuple[str, ...] = ()
    prepared_with: str = ""
    loader_version: int = 0
    created_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChunk:
    """A chunk as the database holds it; ``start`` and ``end`` are offsets in the document's text.

    ``canonical`` is ``search_text`` analysed (``ingestion.canonical``); empty where that is still to be done.
    """

    id: str
    base_id: str
    document_id: str
    document_name: str
    title: str
    index: int
    text: str
    search_text: str
    start: int
    end: int
    page: int | None
    heading: tuple[str, ...]
    canonical: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One unit of background work: one file to ingest, or one base to re-index.

    ``done`` of ``total`` counts within ``stage`` (pages, chunks); total is 0 while unknown.
    """

    id: str
    batch_id: str
    base_id: str
    kind: JobKind
    name: str
    state: JobState
    stage: str = ""
    done: int = 0
    total: int = 0
    document_id: str | None = None
    page_count: int = 0
    chunk_count: int = 0
    char_count: int = 0
    byte_count: int = 0
    elapsed_s: float = 0.0
    error: ErrorInfo | None = None
    created_at: str = ""
    started_at: str = ""
    updated_at: str = ""

    @property
    def tidies_up(self) -> bool:
        """Whether it only deletes from the indexes what is gone already for the user."""
        return self.kind in ("remove", "drop")

    @property
    def is_active(self) -> bool:
        """Whether the job is still waiting or running."""
        return self.state in ("queued", "running")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedFile:
    """A file of a watched folder as it was last seen; ``refused`` is a link that leads out of the folder."""

    name: str
    size: int
    mtime_ns: int
    change: WatchedChange
    changed_at: str = ""
