"""The OpenAI chat protocol: what is sent for a request, and what the chunks of a stream mean."""

from collections.abc import Generator, Iterable, Mapping
from typing import Any

from kb_app.errors import InterruptedStreamError, ServerError
from kb_app.models import ChatRequest, Finished, FinishReason, ModelEvent, Thinking, Usage
from kb_app.providers.conversation import ThinkTags, canonical, most_tokens
from kb_app.providers.endpoint import Origin
from kb_app.providers.families import Family
from kb_app.providers.server_errors import body_error

CHAT_PATH = "/chat/completions"
#: Reasoning counts against the answer's limit, so a model that reasons gets tokens of its own for it.
THINKING_TOKENS = 4096

_REASONS: Mapping[str, FinishReason] = {
    "length": "length",
    "model_context_window_exceeded": "length",
    "content_filter": "filtered",
    "sensitive": "filtered",
}
#: One frame of a stream, as JSON: the models the SDKs make of it cost more than all the rest of a token's way.
Chunk = Mapping[str, Any]

_FAILURES = ("network_error", "insufficient_system_resource", "error")


def named(model: str, parts: Iterable[str]) -> bool:
    """Return whether the model's name holds one of ``parts``."""
    name = model.lower()
    return any(part.lower() in name for part in parts)


def request_fields(family: Family, model: str, request: ChatRequest, window: int) -> dict[str, Any]:
    """Return the arguments of ``chat.completions.create``, without ``stream``, for a window of so many tokens.

    Raises:
        ValueError: nothing is asked.
    """
    options = request.options
    switchable = named(model, family.thinking_models)
    thinks = named(model, family.always_thinking) or (switchable and options.thinking)
    messages = canonical(request.messages)
    limit = options.max_tokens
    if thinks:
        limit += max(0, min(THINKING_TOKENS, window - most_tokens(messages) - limit))
    if family.max_answer_tokens:
        limit = min(limit, family.max_answer_tokens)
    extra: dict[str, Any] = dict(family.extra_body)
    if switchable:
        extra |= family.thinking_on if options.thinking else family.thinking_off
    fields: dict[str, Any] = {"model": model, "messages": messages}
    if named(model, family.plain_fields):  # OpenAI's reasoning models refuse the usual two
        fields["max_completion_tokens"] = limit
    else:
        fields["max_tokens"] = limit
        fields["temperature"] = min(max(options.temperature, family.min_temperature), family.max_temperature)
    if family.stream_usage:
        fields["stream_options"] = {"include_usage": True}
    return fields | {"extra_body": extra}


def chat_body(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a streamed chat for the arguments of ``chat.completions.create``."""
    body = dict(fields)
    extra: Mapping[str, Any] = body.pop("extra_body")
    return {**body, **extra, "stream": True}


class ChunkReader:
    """Turns the chunks of one stream into events and knows whether its end was proved."""

    def __init__(self, family: Family, origin: Origin, limit: int) -> None:
        """Read a stream of ``family`` whose answer may have ``limit`` tokens."""
        self._family = family
        self._origin = origin
        self._limit = limit
        self._reason: FinishReason | None = None
        self._usage: Usage | None = None

    @property
    def complete(self) -> bool:
        """Whether a terminal marker was seen."""
        return self._reason is not None or (self._family.terminal_usage and self._usage is not None)

    def read(self, chunks: Iterable[Chunk]) -> Generator[ModelEvent, None, None]:
        """Yield thinking and text until the end of the answer; raises ProviderError for a failure inside."""
        tags = ThinkTags()
        for chunk in chunks:
            self._refuse_failure(chunk)
            self._keep_usage(chunk)
            for choice in chunk.get("choices") or ():
                yield from self._choice(choice, tags)
            if self.complete and (self._usage or not self._family.stream_usage):
                break  # some servers keep the connection open after the last chunk
        yield from tags.flush()

    def ending(self) -> Generator[ModelEvent, None, None]:
        """Yield the usage, where it was given, and the end. Raises InterruptedStreamError without proof of one."""
        if not self.complete:
            raise self._origin.error(InterruptedStreamError, "the stream ended without a terminal marker")
        if self._usage:
            yield self._usage
        cut = self._reason is None and self._usage and self._usage.completion_tokens >= self._limit
        yield Finished(reason="length" if cut else self._reason or "complete")

    def _refuse_failure(self, chunk: Chunk) -> None:
        # Spark and gateways: a frame with a business code or an error instead of choices, within a 200 stream.
        code, error = chunk.get("code"), chunk.get("error")
        if error or code not in (None, 0, "0", ""):
            body = {"code": code, "message": chunk.get("message"), "error": error}
            raise body_error(self._family, self._origin, 200, body)

    def _keep_usage(self, chunk: Chunk) -> None:
        usage = chunk.get("usage")
        if usage:
            self._usage = Usage(
                prompt_tokens=usage.get("prompt_tokens") or 0, completion_tokens=usage.get("completion_tokens") or 0
            )

    def _choice(self, choice: Chunk, tags: ThinkTags) -> Generator[ModelEvent, None, None]:
        delta = choice.get("delta") or {}
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        if thought:
            yield Thinking(text=thought)
        text = delta.get("content")
        if text:
            yield from tags.feed(text)
        reason = choice.get("finish_reason")
        if reason in _FAILURES:
            raise self._origin.error(ServerError, f"finish_reason {reason}")
        if reason:
            unsafe = choice.get("flag")  # Qianfan's safety check
            self._reason = "filtered" if unsafe else _REASONS.get(reason, "complete")
