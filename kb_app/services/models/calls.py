"""Asking a chat model: a rate limit is waited out, another model steps in, and what it took is written down.

All of that only before the first piece of the answer: what a reader has seen is never begun again.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Protocol

from kb_app.errors import ContentFilterError, EndlessAnswerError, ProviderError, RateLimitError, error_info
from kb_app.models import (
    ChatRequest,
    Cost,
    FellBack,
    Finished,
    Measured,
    ModelCall,
    ModelEvent,
    Price,
    Purpose,
    Thinking,
    Timing,
    Token,
    Usage,
    Waiting,
)
from kb_app.protocols import ChatModel, ModelStream
from kb_app.storage.model_calls import ModelCallRepository

_LOG = logging.getLogger(__name__)

#: Seconds before the second, third and fourth try where the server does not say when to come back.
BACKOFF_S = (2.0, 4.0, 8.0)
#: Longest time one answer is spent waiting.
MOST_WAIT_S = 90.0
#: A model that has written this much, thinking included, does not stop by itself any more.
MOST_CHARS = 400_000
_JITTER = 0.25

CallEvent = ModelEvent | Waiting | FellBack | Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What to ask, and of whom. ``prepare`` makes the request that fits a model, once for each that is asked.

    ``base_ids`` are the bases it is about, which may have a fallback model of their own.
    """

    model_id: str
    prepare: Callable[[ChatModel], ChatRequest]
    purpose: Purpose = "answer"
    base_ids: tuple[str, ...] = ()


class Choices(Protocol):
    """What was chosen about models; :class:`kb_app.services.models.choices.ModelChoices`."""

    def price(self, model_id: str) -> Price | None:
        """Return what a model costs."""

    def fallback_for(self, base_ids: Sequence[str]) -> str:
        """Return the model that steps in for questions to the bases, empty for none."""


class ModelCalls:
    """Asks chat models. Safe to share between threads."""

    def __init__(
        self,
        chat: Callable[[str], ChatModel],
        repository: ModelCallRepository,
        choices: Choices,
    ) -> None:
        """Ask the models ``chat`` returns by id; write down in ``repository`` what they took."""
        self._chat = chat
        self._repository = repository
        self._choices = choices

    def start(self, call: Call) -> "RunningCall":
        """Return the call's events, to be read once."""
        # A summary is written by the model whose cost was shown, or not at all.
        fallback_id = "" if call.purpose == "summary" else self._choices.fallback_for(call.base_ids)
        return RunningCall(call, fallback_id, self._chat, self._measured)

    def require(self, model_id: str, base_ids: Sequence[str]) -> None:
        """Refuse a model that does not exist where no other would step in. Raises ModelNotFoundError."""
        if not self._choices.fallback_for(base_ids):
            self._chat(model_id)

    def text(self, call: Call) -> str:
        """Return the whole answer, for short ones that nobody watches. Raises ProviderError."""
        return "".join(event.text for event in self.start(call) if isinstance(event, Token))

    def _measured(self, model: ChatModel, purpose: Purpose, timing: Timing, usage: Usage | None) -> Measured:
        price = self._choices.price(model.model_id)
        cost = None
        if price is not None and usage is not None:
            cost = Cost(amount=price.of(usage.prompt_tokens, usage.completion_tokens), currency=price.currency)
        self._repository.add(
            ModelCall(
                model_id=model.model_id,
                purpose=purpose,
                total_s=timing.total_s,
                prompt_tokens=usage.prompt_tokens if usage else None,
                completion_tokens=usage.completion_tokens if usage else None,
                first_token_s=timing.first_token_s,
                cost=cost.amount if cost else None,
                currency=cost.currency if cost else "",
            )
        )
        return Measured(timing=timing, cost=cost)


class RunningCall:
    """The events of one call, ending with exactly one ``Finished``; :meth:`close` ends it from any thread."""

    def __init__(
        self,
        call: Call,
        fallback_id: str,
        chat: Callable[[str], ChatModel],
        measured: Callable[[ChatModel, Purpose, Timing, Usage | None], Measured],
    ) -> None:
        """Prepare ``call``; nothing is sent before the first event is asked for."""
        self._call = call
        self._fallback_id = fallback_id
        self._chat = chat
        self._measured = measured
        self._closed = threading.Event()
        self._stream: ModelStream | None = None
        self._begun = False
        self._waited_s = 0.0
        self._events = self._from_any()

    def __iter__(self) -> Generator[CallEvent]:
        """Return the events. Raises ProviderError."""
        return self._events

    def close(self) -> None:
        """End the call: close the connection, or stop waiting for the next try."""
        self._closed.set()
        stream = self._stream
        if stream is not None:
            stream.close()

    def _from_any(self) -> Generator[CallEvent]:
        first_id, fallback_id = self._call.model_id, self._fallback_id
        if fallback_id in ("", first_id):
            yield from self._patiently(first_id)
            return
        try:
            model = self._chat(first_id)
            yield from self._attempt(model, self._call.prepare(model))
        except ProviderError as error:
            if self._begun or isinstance(error, ContentFilterError):
                raise
            _LOG.info("%s failed (%s); asking %s", first_id, error.code, fallback_id)
            yield FellBack(model_id=fallback_id, asked_model_id=first_id, error=error_info(error))
            yield from self._patiently(fallback_id)

    def _patiently(self, model_id: str) -> Generator[CallEvent]:
        model = self._chat(model_id)
        request = self._call.prepare(model)
        for backoff_s in (*BACKOFF_S, None):
            try:
                yield from self._attempt(model, request)
            except RateLimitError as error:
                if self._begun or backoff_s is None:
                    raise
                asked_s = float(error.params.get("retry_after_s") or 0)
                wait_s = asked_s or backoff_s * (1 + random.uniform(0, _JITTER))
                self._waited_s += wait_s
                if self._waited_s > MOST_WAIT_S:
                    raise
                yield Waiting(seconds=wait_s, error=error_info(error))
                if self._closed.wait(wait_s):
                    return
            else:
                return

    def _attempt(self, model: ChatModel, request: ChatRequest) -> Generator[CallEvent]:
        if self._closed.is_set():
            return
        started = time.monotonic()
        first_s: float | None = None
        usage: Usage | None = None
        written = False

        def measured() -> Measured:
            total_s = time.monotonic() - started
            return self._measured(model, self._call.purpose, Timing(first_token_s=first_s, total_s=total_s), usage)

        try:
            with closing(model.stream(request)) as stream:
                self._stream = stream
                if self._closed.is_set():
                    stream.close()
                for event in _bounded(stream, model.model_id):
                    if first_s is None and isinstance(event, Token | Thinking):
                        self._begun, first_s = True, time.monotonic() - started
                    elif isinstance(event, Usage):
                        usage = event
                    elif isinstance(event, Finished) and model.prompted:
                        written = True
                        yield measured()
                    yield event
        finally:
            if first_s is not None and model.prompted and not written:
                measured()  # stopped or failed on the way: the call was made all the same


def _bounded(events: Iterable[ModelEvent], model_id: str) -> Generator[ModelEvent]:
    """Pass ``events`` on up to ``MOST_CHARS`` characters. Raises EndlessAnswerError where more are to come."""
    left = MOST_CHARS
    for event in events:
        if isinstance(event, Token | Thinking):
            if len(event.text) > left:
                yield replace(event, text=event.text[:left])
                raise EndlessAnswerError(model_id, model=model_id, limit=MOST_CHARS)
            left -= len(event.text)
        yield event
