"""Requests to chat models, the events of an answer, and saved conversations."""

from dataclasses import dataclass
from typing import Literal

from kb_app.models.base import ErrorInfo
from kb_app.models.rating import Rating
from kb_app.models.search import Source

Role = Literal["system", "user", "assistant"]
MessageStatus = Literal["streaming", "complete", "stopped", "interrupted", "failed", "no_sources"]
#: How a correction took part in an answer: not at all, as the answer itself, or as an example for it.
Reuse = Literal["", "exact", "example"]
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
    """What a chat model gets: ``messages`` for language models; ``question`` and ``sources`` for the quote model."""

    messages: tuple[ChatMessage, ...]
    question: str = ""
    sources: tuple[Source, ...] = ()
    language: Literal["zh", "en"] = "zh"
    options: ChatOptions = ChatOptions()


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
    rating: Rating | None = None
    correction_id: str | None = None
    reuse: Reuse = ""
    created_at: str = ""
