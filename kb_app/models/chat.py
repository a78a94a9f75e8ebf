"""Requests to chat models, the events of an answer, and saved conversations."""

from dataclasses import dataclass
from typing import Literal

from kb_app.models.base import ErrorInfo
from kb_app.models.rating import Rating
from kb_app.models.search import Source

AnswerStyle = Literal["normal", "short", "detailed", "list"]
Role = Literal["system", "user", "assistant"]
MessageStatus = Literal["streaming", "complete", "stopped", "interrupted", "failed", "no_sources"]
PhaseKind = Literal["reading", "searching", "asking", "waiting", "writing"]
#: How a correction took part in an answer: not at all, as the answer itself, or as an example for it.
Reuse = Literal["", "exact", "example"]
#: Where a conversation comes from: asked in the app, on the command line, or taken over from a file.
Origin = Literal["app", "cli", "import"]
FinishReason = Literal["complete", "length", "filtered", "stopped"]


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
    """What a chat model gets: ``messages`` for language models; ``question`` and ``sources`` for the quote model.

    Where no sentence fits the question, those that fit ``beginning`` are quoted.
    """

    messages: tuple[ChatMessage, ...]
    question: str = ""
    beginning: str = ""
    sources: tuple[Source, ...] = ()
    language: Literal["zh", "en"] = "zh"
    style: AnswerStyle = "normal"
    options: ChatOptions = ChatOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """Sent before the first token; once more where another model steps in, which may be given fewer sources.

    ``problems`` say what was left out of the search, and why.
    """

    query: str
    sources: tuple[Source, ...]
    confidence: float
    elapsed_s: float
    problems: tuple[ErrorInfo, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The answer waits for the files of its conversation, of which ``done`` of ``total`` have been read or failed."""

    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reused:
    """A correction takes part in the answer; sent once, before what comes of it."""

    correction_id: str
    kind: Reuse


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
class Timing:
    """How long the model that answered took, in seconds from sending the request; searching is not in it."""

    first_token_s: float | None
    total_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What an answer cost by the price set for its model."""

    amount: float
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What an answer took; sent once, before its end. ``cost`` is None without a price or a usage."""

    timing: Timing
    cost: Cost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The model cannot answer now because of ``error``; it is asked again in ``seconds``."""

    seconds: float
    error: ErrorInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class FellBack:
    """Another model, ``model_id``, is asked now, because ``asked_model_id`` failed with ``error``."""

    model_id: str
    asked_model_id: str
    error: ErrorInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The terminal marker was seen; ``reason`` is normalised over all providers."""

    reason: FinishReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The answer ended in an error; what had been streamed is kept."""

    error: ErrorInfo


ModelEvent = Thinking | Token | Usage | Finished
AnswerEvent = (
    Reading | Retrieved | Reused | Waiting | FellBack | Thinking | Token | Usage | Measured | Finished | Failed
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What a running answer is at, and for how long: ``seconds`` since that began; of ``waiting`` those left.

    ``asking`` is the time between the request and the model's first piece; ``error`` says why it waits. While
    ``reading``, ``done`` of ``total`` attached files have been read.
    """

    kind: PhaseKind
    seconds: float
    error: ErrorInfo | None = None
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A saved conversation as the list shows it.

    ``is_named``: the title is the user's own. ``leaf_id`` is the last message of the branch it shows. ``deleted_at`` is
    empty unless it is in the trash.
    """

    id: str
    title: str
    base_ids: tuple[str, ...]
    model_id: str
    created_at: str
    updated_at: str
    is_named: bool = False
    pinned: bool = False
    archived: bool = False
    tags: tuple[str, ...] = ()
    origin: Origin = "app"
    leaf_id: str = ""
    deleted_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One saved message. ``sources`` are all that were offered, ``cited`` the markers the text uses.

    ``model_id`` is the model that really answered; ``fallback`` says which was asked first and why it did not.
    ``parent_id`` is the message before it on its branch, empty for the first. ``attachments`` name the files that
    came with a question.
    """

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
    timing: Timing | None = None
    cost: Cost | None = None
    fallback: FellBack | None = None
    problems: tuple[ErrorInfo, ...] = ()
    rating: Rating | None = None
    correction_id: str | None = None
    reuse: Reuse = ""
    created_at: str = ""
    parent_id: str = ""
    attachments: tuple[str, ...] = ()

    @property
    def tokens_per_s(self) -> float | None:
        """Tokens of the answer for each second after the first of them came; None where it is not known."""
        timing, usage = self.timing, self.usage
        if timing is None or timing.first_token_s is None or usage is None or usage.completion_tokens < 2:
            return None
        writing_s = timing.total_s - timing.first_token_s
        return (usage.completion_tokens - 1) / writing_s if writing_s > 0 else None
