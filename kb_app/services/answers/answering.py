"""Answers in the background: a question is saved, a thread retrieves and streams, anyone may watch.

The text is saved every ``generation.SAVE_EVERY_S`` seconds while it streams, so a kill loses that much at most.
"""

import logging
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Literal

from kb_app.errors import BusyError, ClosingError, KBAppError, error_info
from kb_app.messages import translate
from kb_app.models import (
    AnswerEvent,
    ChatOptions,
    ChatRequest,
    Correction,
    CorrectionMatch,
    ErrorInfo,
    Failed,
    Finished,
    Message,
    NewTurn,
    Retrieved,
    Reused,
    Thinking,
    Token,
)
from kb_app.pacing import INTERPRETER
from kb_app.protocols import ChatModel
from kb_app.retrieval.confidence import is_chit_chat
from kb_app.services.answers.composing import Asked, Found, compose
from kb_app.services.answers.generation import Generation
from kb_app.services.answers.knowledge import Knowledge
from kb_app.services.answers.places import placed
from kb_app.services.answers.questions import AskRequest
from kb_app.services.answers.sources import sources_of
from kb_app.services.corrections.corrected_answers import corrected_answer
from kb_app.services.models.calls import Call, ModelCalls
from kb_app.services.prompting.prompts import with_wishes
from kb_app.services.prompting.store import Prompts
from kb_app.services.wording import title_from, well_formed

_LOG = logging.getLogger(__name__)

_THREADS = 32


class Answering:
    """Starts answers and knows which are running. Safe to share between threads."""

    def __init__(
        self,
        knowledge: Knowledge,
        calls: ModelCalls,
        prompts: Prompts,
        *,
        options: Callable[[str], ChatOptions],
    ) -> None:
        """Answer from ``knowledge``, asking models through ``calls``.

        ``options`` says, by its id, how a model answers.
        """
        self._conversations = knowledge.conversations
        self._knowledge = knowledge
        self._placed = partial(placed, pages_of=knowledge.pages_of)
        self._calls = calls
        self._prompts = prompts
        self._options = options
        self._lock = threading.Lock()
        self._running: dict[str, Generation] = {}
        self._closed = False
        self._listeners: list[Callable[[Message], None]] = []
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="answer")

    def ask(self, request: AskRequest) -> Generation:
        """Save the question and begin to answer it; returns at once.

        Raises:
            BusyError: this conversation is still answering.
            ClosingError: answers are closed.
            NotFoundError: the conversation was deleted.
        """
        request = replace(request, question=well_formed(request.question), query=well_formed(request.query).strip())
        with INTERPRETER.turn(), self._lock:
            if self._closed:
                raise ClosingError("answers are closed")
            if request.conversation_id in self._running:
                raise BusyError("the conversation is answering")
            turn = self._conversations.start_turn(_turn(request))
            generation = Generation(
                turn, self._conversations, model_id=request.model_id, on_end=self._forget, place=self._placed
            )
            self._running[turn.conversation_id] = generation
            self._threads.submit(self._answer, generation, request)
        return generation

    def listen(self, listener: Callable[[Message], None]) -> None:
        """Call ``listener`` with every answer that has ended and is saved; it must return at once."""
        self._listeners.append(listener)

    def running(self, conversation_id: str) -> Generation | None:
        """Return the answer a conversation is waiting for."""
        with self._lock:
            return self._running.get(conversation_id)

    def running_count(self) -> int:
        """Return how many answers are being written now."""
        with self._lock:
            return len(self._running)

    def close(self) -> None:
        """Stop every answer, keeping its text."""
        with self._lock:
            self._closed = True
            running = list(self._running.values())
        for generation in running:
            generation.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _forget(self, generation: Generation) -> None:
        with self._lock:
            self._running.pop(generation.conversation_id, None)
        for listener in self._listeners:
            listener(generation.snapshot())

    def _answer(self, generation: Generation, request: AskRequest) -> None:
        try:
            with closing(self._events(generation, request)) as events:
                for event in events:
                    if not generation.accept(event):
                        return
        except KBAppError as error:
            generation.accept(Failed(error=error_info(error)))
        except Exception:  # noqa: BLE001 - the top of the answer's thread: a bug must end the answer, visibly
            _LOG.exception("answer %s failed", generation.answer_id)
            generation.accept(Failed(error=ErrorInfo(code="internal")))

    def _events(self, generation: Generation, request: AskRequest) -> Generator[AnswerEvent]:
        self._calls.require(request.model_id, request.base_ids)
        attached = self._knowledge.attachments.of(generation.conversation_id, generation.question_id)
        stopped = threading.Event()
        generation.on_stop(stopped.set)
        yield from self._knowledge.attachments.reading(attached, stopped)
        if stopped.is_set():
            return
        place = self._knowledge.place(generation.question_id, request, attached)
        if place.is_whole and (match := self._knowledge.exact(request.question, place)) is not None:
            yield from self._corrected(match, request.question)
            return
        query, problem = self._knowledge.query(place, generation.on_stop)
        if not place.is_whole and (match := self._knowledge.exact(query, place)) is not None:
            yield from self._corrected(match, query)
            return
        found = self._knowledge.found(query, problem, place)
        if not found.retrieval.found and not found.corrections:
            generation.nothing_found()
            yield from _declined(found)
            return
        yield from self._written(generation, request, found)

    def _written(self, generation: Generation, request: AskRequest, found: Found) -> Generator[AnswerEvent]:
        """Let a model answer from what was found; corrections count as used when it begins to, having read them."""
        is_forced = request.answer_language is not None
        question = with_wishes(request.question, found.language, request.style, is_forced=is_forced)
        template = self._prompts.get("answer", found.language, request.base_ids)
        asked = Asked(question, template, request.style)
        offer, told = "", tuple[Correction, ...]()

        def prepare(model: ChatModel) -> ChatRequest:
            nonlocal offer, told
            made, told, offer = compose(model, self._options(model.model_id), found, asked)
            generation.accept(found.as_event(made.sources))  # how many fit depends on the model
            return made

        call = self._calls.start(Call(model_id=request.model_id, prepare=prepare, base_ids=request.base_ids))
        generation.on_stop(call.close)
        with closing(iter(call)) as events:
            for event in events:
                if told and isinstance(event, Token | Thinking):
                    yield self._used(told, "example")
                    told = ()
                if offer and isinstance(event, Finished):
                    yield Token(text=offer)
                yield event

    def _corrected(self, match: CorrectionMatch, query: str) -> Generator[AnswerEvent]:
        """Answer with the corrected text itself."""
        answer = corrected_answer(match.correction)
        yield self._used([match.correction], "exact")
        yield Retrieved(query=query, sources=answer.sources, confidence=1.0, elapsed_s=0.0)
        yield Token(text=answer.text)
        yield Finished(reason="complete")

    def _used(self, corrections: Sequence[Correction], kind: Literal["exact", "example"]) -> Reused:
        self._knowledge.reuse.count(corrections)
        return Reused(correction_id=corrections[0].id, kind=kind)


def _declined(found: Found) -> Generator[AnswerEvent]:
    """Say that nothing was found, and tell the passages that came nearest; of a greeting, what can be asked here."""
    if is_chit_chat(found.retrieval.query):
        yield replace(found.as_event(()), query="")
        yield Token(text=translate(found.language, "answer.chit_chat"))
        yield Finished(reason="complete")
        return
    yield found.as_event(sources_of(found.retrieval))
    yield Token(text=translate(found.language, "answer.nothing_found", query=found.retrieval.query))
    yield Finished(reason="complete")


def _turn(request: AskRequest) -> NewTurn:
    return NewTurn(
        conversation_id=request.conversation_id,
        question=request.question,
        title=title_from(request.question),
        base_ids=request.base_ids,
        model_id=request.model_id,
        origin=request.origin,
        edited_id=request.edited_id,
        again_id=request.again_id,
        attachments=request.attachments,
    )
