"""Plain data that crosses module borders. Times are UTC, ISO 8601; ids are opaque strings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Params = Mapping[str, str | int | float]
Role = Literal["system", "user", "assistant"]
MessageStatus = Literal["streaming", "complete", "stopped", "interrupted", "failed", "no_sources"]
FinishReason = Literal["complete", "length", "filtered", "stopped"]
JobKind = Literal["ingest", "expand", "fetch", "reindex", "remove", "drop"]
JobState = Literal["queued", "running", "ready", "unchanged", "replaced", "failed", "skipped", "cancelled"]
WatchedChange = Literal["added", "changed", "removed", "refused"]
ModelState = Literal["ready", "no_key", "unreachable", "not_pulled"]

#: Warning of a document that could not be read again while its base was re-indexed: it stands as it was read before.
KEPT_WARNING = "not_read_again"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorInfo:
    """An expected failure as data: ``code`` finds the sentence in the message catalogue, ``params`` fill it."""

    code: str
    params: Params = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeBase:
    """A set of documents searched together, with what its indexes were made by."""

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
    paused: bool = False
    watch_folder: str = ""
    watch_inode: str = ""
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
    prepared_with: str = ""
    created_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChunk:
    """A chunk as the database holds it; ``start`` and ``end`` are offsets in the document's text."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A chunk found by a search. ``score`` is in [0, 1.x], higher is better; ``parts`` explain it."""

    chunk: StoredChunk
    score: float
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilters:
    """Which documents a search is limited to; an empty field limits nothing.

    ``endings`` are file endings such as ``.pdf``; ``added_from`` (inclusive) and ``added_before`` (exclusive) are UTC
    times; ``per_document`` is how many passages one document may give, 0 for any number.
    """

    document_ids: frozenset[str] = frozenset()
    endings: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()
    added_from: str = ""
    added_before: str = ""
    per_document: int = 0

    @property
    def limits_documents(self) -> bool:
        """Whether any document may be left out."""
        return bool(self.document_ids or self.endings or self.media_types or self.added_from or self.added_before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """Outcome of a search, best hit first. ``confidence`` in [0, 1]; ``found`` says whether to answer at all."""

    query: str
    hits: tuple[Hit, ...]
    confidence: float
    found: bool
    elapsed_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A passage as the model was given it. ``marker`` is the 1-based number used in the answer's text."""

    marker: int
    base_id: str
    document_id: str
    document: str
    chunk_id: str
    text: str
    score: float
    page: int | None = None
    heading: tuple[str, ...] = ()
    start: int = 0
    end: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """One turn of the canonical conversation shape: optional system, then user and assistant in turn."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatOptions:
    """How to generate. ``max_tokens`` bounds the answer, not the prompt."""

    temperature: float = 0.2
    max_tokens: int = 1024
    thinking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """What a chat model gets: ``messages`` for language models; ``question`` and ``sources`` for the quote model."""

    messages: tuple[ChatMessage, ...]
    question: str = ""
    sources: tuple[Source, ...] = ()
    language: Literal["zh", "en"] = "zh"
    options: ChatOptions = ChatOptions()


# --- stream events ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """Sent once, before the first token."""

    query: str
    sources: tuple[Source, ...]
    confidence: float
    elapsed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinking:
    """A piece of the model's reasoning; never part of the answer."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Token counts as the server reported them."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The terminal marker was seen; ``reason`` is normalised over all providers."""

    reason: FinishReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The answer ended in an error; what had been streamed is kept."""

    error: ErrorInfo


ModelEvent = Thinking | Token | Usage | Finished
AnswerEvent = Retrieved | Thinking | Token | Usage | Finished | Failed


# --- conversations, jobs, models -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A saved conversation as the list shows it."""

    id: str
    title: str
    base_ids: tuple[str, ...]
    model_id: str
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One saved message. ``sources`` are all that were offered, ``cited`` the markers the text uses."""

    id: str
    conversation_id: str
    role: Literal["user", "assistant"]
    text: str
    status: MessageStatus = "complete"
    thinking: str = ""
    model_id: str = ""
    query: str = ""
    sources: tuple[Source, ...] = ()
    cited: tuple[int, ...] = ()
    confidence: float | None = None
    usage: Usage | None = None
    error: ErrorInfo | None = None
    elapsed_s: float | None = None
    created_at: str = ""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """A model a user can pick, and whether it would work now. ``error`` says why not."""

    id: str
    provider: str
    kind: Literal["chat", "embedding"]
    state: ModelState
    error: ErrorInfo | None = None
    details: Mapping[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something the app did or found by itself, to be told to the user: a catalogue key and its params."""

    key: str
    params: Params = field(default_factory=dict)
    level: Literal["info", "warning", "error"] = "info"
