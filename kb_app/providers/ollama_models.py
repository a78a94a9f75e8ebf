"""A chat model and an embedder of an Ollama server, through the ``ollama`` SDK.

Only Ollama's own interface can set the context window. It is sent on every call, always the same value:
another value reloads the model, and without one the server cuts long prompts and answers as if nothing
had happened.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from ingestion.protocols import Vectors
from kb_app.errors import BadRequestError, BadResponseError, ContextTooLongError, InterruptedStreamError
from kb_app.models import ChatRequest, Finished, ModelEvent, Thinking, Usage
from kb_app.providers.conversation import ThinkTags, canonical, least_tokens, most_tokens
from kb_app.providers.embedding import ServerEmbedder, embed_in_batches
from kb_app.providers.ollama_server import ModelFacts, OllamaServer
from kb_app.providers.stream import EventStream, Hangup

if TYPE_CHECKING:
    from ollama import ChatResponse

_log = logging.getLogger(__name__)

_KEEP_ALIVE = "10m"
_EMBED_BATCH = 32
#: Reasoning counts against the answer's limit, so it gets tokens of its own as far as the window has room.
_THINKING_TOKENS = 4096


class OllamaChatModel:
    """One chat model; a small object without a connection of its own."""

    prompted = True

    def __init__(self, server: OllamaServer, model: str, window_cap: int) -> None:
        """Use ``model`` of ``server`` with a window of at most ``window_cap`` tokens."""
        self._server = server
        self._model = model
        self._window_cap = window_cap
        self._origin = server.origin(model)

    @property
    def model_id(self) -> str:
        """Id such as ``ollama/qwen3:8b``."""
        return f"ollama/{self._model}"

    @property
    def context_tokens(self) -> int:
        """The model's own window, capped; asks the server once. Raises ProviderError."""
        return min(self._server.facts(self._model).context_tokens or self._window_cap, self._window_cap)

    def stream(self, request: ChatRequest) -> EventStream:
        """Yield the answer's events; see :class:`kb_app.protocols.ChatModel`."""
        hangup = Hangup()
        return EventStream(self._events(request, hangup), hangup)

    def _events(self, request: ChatRequest, hangup: Hangup) -> Generator[ModelEvent, None, None]:
        try:
            messages = canonical(request.messages)
        except ValueError as error:
            raise self._origin.error(BadRequestError, error) from error
        window = self.context_tokens
        if least_tokens(messages) + request.options.max_tokens > window:
            raise self._origin.error(ContextTooLongError, f"the prompt cannot fit {window} tokens")
        think = _think(self._server.facts(self._model), request.options.thinking)
        options = {
            "num_ctx": window,
            "num_predict": _answer_tokens(request, messages, window),
            "temperature": request.options.temperature,
        }
        with self._server.client(self._model, hangup=hangup) as client:
            parts = client.chat(
                self._model, messages, stream=True, think=think, options=options, keep_alive=_KEEP_ALIVE
            )
            # Closing the SDK's generator closes the connection, which is what makes the server stop.
            with contextlib.closing(parts):  # type: ignore[type-var]
                last = yield from _texts(parts)
        if last is None:
            raise self._origin.error(InterruptedStreamError, "the stream ended without its last line")
        yield from self._ending(last, messages, window)

    def _ending(
        self, last: ChatResponse, messages: Sequence[dict[str, str]], window: int
    ) -> Generator[ModelEvent, None, None]:
        if last.done_reason in ("load", "unload"):
            raise self._origin.error(BadResponseError, f"nothing was generated: {last.done_reason}")
        prompt, answer = last.prompt_eval_count or 0, last.eval_count or 0
        if prompt >= window - 1 or 0 < prompt < least_tokens(messages):
            _log.warning("%s: prompt of %d tokens was probably cut (window %d)", self.model_id, prompt, window)
        yield Usage(prompt_tokens=prompt, completion_tokens=answer)
        yield Finished(reason="length" if last.done_reason == "length" else "complete")


def _texts(parts: Iterator[ChatResponse]) -> Generator[ModelEvent, None, ChatResponse | None]:
    """Yield the pieces of text and return the terminal line, or None when it never came."""
    tags = ThinkTags()
    for part in parts:
        if part.message.thinking:
            yield Thinking(text=part.message.thinking)
        if part.message.content:
            yield from tags.feed(part.message.content)
        if part.done:
            yield from tags.flush()
            return part
    yield from tags.flush()
    return None


def _think(facts: ModelFacts, wanted: bool) -> bool | Literal["low", "medium"] | None:
    """Return what to send as ``think``: models without the capability refuse it, gpt-oss wants a level."""
    if not facts.thinks:
        return None
    if facts.family.startswith("gptoss"):
        return "medium" if wanted else "low"
    return wanted


def _answer_tokens(request: ChatRequest, messages: Sequence[dict[str, str]], window: int) -> int:
    wanted = request.options.max_tokens
    if not request.options.thinking:
        return wanted
    return wanted + max(0, min(_THINKING_TOKENS, window - most_tokens(messages) - wanted))


class OllamaEmbedder(ServerEmbedder):
    """One embedding model. Texts longer than its window are refused, never cut."""

    def __init__(self, server: OllamaServer, model: str) -> None:
        """Use ``model`` of ``server``; nothing is sent yet."""
        super().__init__()
        self._server = server
        self._model = model
        self._origin = server.origin(model)

    @property
    def model_id(self) -> str:
        """Id such as ``ollama/bge-m3``."""
        return f"ollama/{self._model}"

    def _embed(self, texts: Sequence[str], dimension: int | None, *, query: bool = False) -> Vectors:
        def send(batch: Sequence[str]) -> Sequence[Sequence[float]]:
            with self._server.client(self._model) as client:
                return client.embed(self._model, batch, truncate=False, keep_alive=_KEEP_ALIVE).embeddings

        return embed_in_batches(texts, batch_size=_EMBED_BATCH, send=send, origin=self._origin, dimension=dimension)
