"""Any LangChain chat model or embeddings class, named in the settings, as a provider.

LangChain proves no end of a stream and does not say what a class may raise; a stream that stops without an
error counts as complete, and an exception is classified by its HTTP status or its name.
"""

import contextlib
import importlib
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from ingestion.protocols import Vectors
from kb_app.errors import BadRequestError, ConfigurationError, ModelNotFoundError, ServerError, error_info
from kb_app.models import ChatRequest, Finished, FinishReason, ModelEvent, ModelInfo, Thinking, Token, Usage
from kb_app.providers.conversation import ThinkTags, canonical
from kb_app.providers.embedding import ServerEmbedder, embed_in_batches
from kb_app.providers.endpoint import Origin
from kb_app.providers.failures import status_error, transport_error
from kb_app.providers.stream import EventStream, Hangup

NAME = "langchain"
_BATCH = 32
_REASON_FIELDS = ("finish_reason", "stop_reason", "done_reason")
_REASONS: Mapping[str, FinishReason] = {"length": "length", "max_tokens": "length", "content_filter": "filtered"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassSpec:
    """A class as the settings name it: ``package.module:Class`` and the arguments to make it with."""

    path: str
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)
    context_tokens: int = 8192

    def make(self, name: str) -> Any:
        """Return an instance. Raises ConfigurationError when the class or its arguments are wrong."""
        module, _, attribute = self.path.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)(**self.arguments)
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            problem = f"{NAME}.{name}: {self.path}: {_without_values(error)}"
            raise ConfigurationError(problem, problem=problem) from error


def _without_values(error: Exception) -> str:
    """Return what is wrong; the text of a pydantic error holds the arguments, keys among them."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    return str(error)


class LangChainProvider:
    """Chat models and embedders made from LangChain classes, by the names they have in the settings."""

    name = NAME

    def __init__(self, chat_models: Mapping[str, ClassSpec], embeddings: Mapping[str, ClassSpec] | None = None) -> None:
        """Offer these classes; each is imported and made when it is first used."""
        self._specs: dict[Literal["chat", "embedding"], Mapping[str, ClassSpec]] = {
            "chat": chat_models,
            "embedding": embeddings or {},
        }
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def models(self) -> list[ModelInfo]:
        """List what the settings name; a class that cannot be made is a state."""
        return [self._info(kind, name) for kind, specs in self._specs.items() for name in specs]

    def _info(self, kind: Literal["chat", "embedding"], name: str) -> ModelInfo:
        model_id = f"{NAME}/{name}"
        try:
            self._make(kind, name)
        except ConfigurationError as error:
            return ModelInfo(id=model_id, provider=NAME, kind=kind, state="unreachable", error=error_info(error))
        return ModelInfo(id=model_id, provider=NAME, kind=kind, state="ready")

    def chat_model(self, model: str) -> "LangChainChatModel":
        """Return a chat model. Raises ModelNotFoundError, ConfigurationError."""
        made = self._make("chat", model)
        return LangChainChatModel(made, model, self._specs["chat"][model].context_tokens)

    def embedder(self, model: str) -> "LangChainEmbedder":
        """Return an embedder. Raises ModelNotFoundError, ConfigurationError."""
        return LangChainEmbedder(self._make("embedding", model), model)

    def _make(self, kind: Literal["chat", "embedding"], name: str) -> Any:
        if name not in self._specs[kind]:
            raise _origin(name).error(ModelNotFoundError, f"no {kind} class of this name")
        with self._lock:
            if (kind, name) not in self._made:
                self._made[kind, name] = self._specs[kind][name].make(name)
            return self._made[kind, name]


def _origin(model: str) -> Origin:
    return Origin(provider=NAME, address=NAME, model=model)


@contextlib.contextmanager
def _failures(origin: Origin) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a foreign class may raise anything; it is always raised again
        status = getattr(error, "status_code", None)
        if isinstance(status, int):
            raise status_error(origin, status, str(error)) from error
        if type(error).__module__.startswith(("httpx", "httpcore")):
            raise transport_error(origin, error) from error
        raise origin.error(ServerError, f"{type(error).__name__}: {error}") from error


class LangChainChatModel:
    """A LangChain chat model behind our protocol."""

    prompted = True

    def __init__(self, model: Any, name: str, context_tokens: int) -> None:
        """Wrap ``model``, a ``langchain_core`` ``BaseChatModel``."""
        self._model = model
        self._name = name
        self.context_tokens = context_tokens

    @property
    def model_id(self) -> str:
        """Id such as ``langchain/my-model``."""
        return f"{NAME}/{self._name}"

    def stream(self, request: ChatRequest) -> EventStream:
        """Yield the answer's events; closing from another thread ends it at the model's next piece."""
        return EventStream(self._events(request), Hangup())

    def _events(self, request: ChatRequest) -> Generator[ModelEvent, None, None]:
        origin = _origin(self._name)
        try:
            messages = canonical(request.messages)
        except ValueError as error:
            raise origin.error(BadRequestError, error) from error
        tags = ThinkTags()
        usage: Usage | None = None
        reason: FinishReason = "complete"
        with _failures(origin):
            for chunk in self._model.stream(messages):
                yield from _pieces(chunk, tags)
                usage = _usage(chunk) or usage
                said = next(
                    (chunk.response_metadata[key] for key in _REASON_FIELDS if key in chunk.response_metadata), ""
                )
                reason = _REASONS.get(str(said), reason)
        yield from tags.flush()
        if usage:
            yield usage
        yield Finished(reason=reason)


def _pieces(chunk: Any, tags: ThinkTags) -> Iterator[Thinking | Token]:
    for block in chunk.content_blocks:
        if block["type"] == "reasoning" and block.get("reasoning"):
            yield Thinking(text=block["reasoning"])
        elif block["type"] == "text" and block.get("text"):
            yield from tags.feed(block["text"])


def _usage(chunk: Any) -> Usage | None:
    counts = chunk.usage_metadata
    if not counts:
        return None
    return Usage(prompt_tokens=counts["input_tokens"], completion_tokens=counts["output_tokens"])


class LangChainEmbedder(ServerEmbedder):
    """A LangChain embeddings class behind our protocol."""

    def __init__(self, model: Any, name: str) -> None:
        """Wrap ``model``, a ``langchain_core`` ``Embeddings``."""
        super().__init__()
        self._model = model
        self._name = name

    @property
    def model_id(self) -> str:
        """Id such as ``langchain/my-embeddings``."""
        return f"{NAME}/{self._name}"

    def _embed(self, texts: Sequence[str], dimension: int | None, *, query: bool = False) -> Vectors:
        def send(batch: Sequence[str]) -> Sequence[Sequence[float]]:
            with _failures(origin):
                if query:
                    return [self._model.embed_query(batch[0])]
                vectors: list[list[float]] = self._model.embed_documents(list(batch))
                return vectors

        origin = _origin(self._name)
        return embed_in_batches(texts, batch_size=_BATCH, send=send, origin=origin, dimension=dimension)
