"""One running answer: collects the model's events, saves as it goes, and lets any number of readers watch."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from kb_app.errors import StorageError, error_info
from kb_app.models import (
    AnswerEvent,
    ErrorInfo,
    Failed,
    FellBack,
    Finished,
    Measured,
    Message,
    MessageStatus,
    Phase,
    PhaseKind,
    Reading,
    Retrieved,
    Reused,
    Source,
    Thinking,
    Token,
    Usage,
    Waiting,
)
from kb_app.services.answers.citations import resolve
from kb_app.services.wording import is_well_formed, well_formed
from kb_app.storage.conversations import ConversationRepository, Turn

_LOG = logging.getLogger(__name__)

Placing = Callable[[str, Sequence[Source], Collection[int]], tuple[Source, ...]]

SAVE_EVERY_S = 0.5
#: Longest time a piece of text waits before a reader of the events gets it.
TELL_EVERY_S = 0.02


class Generation:
    """An answer from its first event to its last. Safe to share between threads."""

    def __init__(
        self,
        turn: Turn,
        conversations: ConversationRepository,
        *,
        model_id: str,
        on_end: Callable[["Generation"], None],
        place: Placing,
    ) -> None:
        """Answer ``turn``; ``on_end`` is called once, after the final state was saved.

        ``place`` gives the sources the pages of what the text cites by these markers.
        """
        self.conversation_id = turn.conversation_id
        self.question_id = turn.question_id
        self.answer_id = turn.answer_id
        self.after_id = turn.after_id
        self._conversations = conversations
        self._on_end = on_end
        self._place = place
        self._changed = threading.Condition()
        self._events: list[AnswerEvent] = []
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._saving = threading.Lock()
        self._ended = False  # nothing more is taken
        self._closed = False  # the final state is saved and told
        self._found = True
        self._half = ""
        self._cancel: Callable[[], None] | None = None
        self._error: ErrorInfo | None = None  # why it waits
        self._phase: PhaseKind = "searching"
        self._reading = Reading(done=0, total=0)
        self._started = self._saved = self._phase_at = time.monotonic()
        self._message = _begun(turn, model_id)

    # --- for readers ---------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether more may come."""
        return not self._closed

    def snapshot(self) -> Message:
        """Return the answer as it stands."""
        with self._changed:
            return self._as_message()

    def phase(self) -> Phase:
        """Return what the answer is at now, for those who watch it."""
        with self._changed:
            kind, error, seconds = self._phase, self._error, time.monotonic() - self._phase_at
            reading = self._reading
        if kind == "waiting" and seconds >= 0:  # its time has come
            kind, error = "asking", None
        return Phase(kind=kind, seconds=abs(seconds), error=error, done=reading.done, total=reading.total)

    def events(self) -> Iterator[AnswerEvent]:
        """Yield every event from the first, waiting for those to come, until the answer has ended."""
        seen = 0
        while True:
            with self._changed:
                while not self._closed and len(self._events) <= seen:
                    self._changed.wait(TELL_EVERY_S)
                fresh, closed = self._events[seen:], self._closed
            yield from fresh
            seen += len(fresh)
            if closed and not fresh:
                return

    def wait(self, timeout_s: float | None = None) -> Message:
        """Block until the answer has ended, or ``timeout_s`` has passed, and return it as it stands."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed, timeout_s)
            return self._as_message()

    def wait_for_words(self, timeout_s: float) -> Message:
        """Block until the first words came, the answer has ended, or ``timeout_s`` has passed; return it as it is."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._text or self._thinking), timeout_s)
            return self._as_message()

    def stop(self) -> None:
        """End the answer now, keep its text, and close the model's connection."""
        self._end(Finished(reason="stopped"), "stopped")
        if self._cancel is not None:
            self._cancel()

    # --- for the thread that answers -----------------------------------------------------------

    def on_stop(self, cancel: Callable[[], None]) -> None:
        """Call ``cancel`` when the answer is stopped, at once if it was already."""
        self._cancel = cancel
        if self._ended:
            cancel()

    def nothing_found(self) -> None:
        """Record that the search found nothing to answer from."""
        self._found = False

    def accept(self, event: AnswerEvent) -> bool:
        """Take the next event and save when it is time; return False when the answer has ended or was stopped."""
        if isinstance(event, Token | Thinking):
            return self._accept_piece(event)
        if isinstance(event, Finished) and event.reason == "filtered":
            event = Failed(error=ErrorInfo(code="content_filter", params={"model": self._message.model_id}))
        if isinstance(event, Finished):
            self._end(event, "complete" if self._found else "no_sources")
            return False
        if isinstance(event, Failed):
            status: MessageStatus = "interrupted" if event.error.code == "interrupted" else "failed"
            self._end(event, status)
            return False
        with self._changed:
            if self._ended:
                return False
            self._take(event)
            self._events.append(event)
            self._changed.notify_all()
            message = self._as_message() if time.monotonic() - self._saved >= SAVE_EVERY_S else None
        if message is not None:
            self._saved = time.monotonic()
            self._save(message)
        return True

    def _accept_piece(self, event: Token | Thinking) -> bool:
        """Take a piece of text. This runs for every token, so it does nothing that can be done later."""
        if self._half or not is_well_formed(event.text):
            event = self._whole(event)
        now = time.monotonic()
        with self._changed:
            if self._ended:
                return False
            (self._text if type(event) is Token else self._thinking).append(event.text)
            self._events.append(event)
            if self._phase != "writing":
                self._enter("writing", now)
                self._changed.notify_all()  # the first piece is told at once, others when a reader looks
            message = self._as_message() if now - self._saved >= SAVE_EVERY_S else None
        if message is not None:
            self._saved = now
            self._save(message)
        return True

    def _enter(self, phase: PhaseKind, at: float) -> None:
        self._phase, self._phase_at = phase, at

    def _whole(self, event: Token | Thinking) -> Token | Thinking:
        """Return the event with its surrogates joined to characters; half a pair waits for the next piece.

        JSON may cut an emoji into two escapes that arrive in two pieces; alone, neither can be stored or shown.
        """
        text, self._half = self._half + event.text, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return replace(event, text=well_formed(text))

    def _take(self, event: AnswerEvent) -> None:
        match event:
            case Usage():
                self._message = replace(self._message, usage=event)
            case Measured():
                self._message = replace(self._message, timing=event.timing, cost=event.cost)
            case Reading(done=done, total=total):
                if self._phase != "reading" or done == total:
                    self._enter("searching" if done == total else "reading", time.monotonic())
                self._reading = event
            case Waiting():
                self._error = event.error
                self._enter("waiting", time.monotonic() + event.seconds)
            case FellBack():
                self._error = None
                self._enter("asking", time.monotonic())
                self._message = replace(self._message, model_id=event.model_id, fallback=event)
            case Reused(correction_id=correction_id, kind=kind):
                self._message = replace(self._message, correction_id=correction_id, reuse=kind)
            case Retrieved():
                self._enter("asking", time.monotonic())
                self._message = replace(
                    self._message,
                    query=event.query,
                    sources=event.sources,
                    confidence=event.confidence,
                    problems=event.problems,
                )

    def _end(self, event: Finished | Failed, status: MessageStatus) -> None:
        with self._changed:
            if self._ended:
                return
            self._ended = True
            cited = resolve("".join(self._text), len(self._message.sources))
            self._text = [cited.text]
            self._message = replace(
                self._as_message(),
                status=status,
                cited=cited.markers,
                error=_error_of(event),
                elapsed_s=round(time.monotonic() - self._started, 3),
            )
        try:
            self._set_places()
            self._save_final()
        finally:
            try:
                self._on_end(self)
            finally:  # whatever a listener does, readers learn that it has ended
                with self._changed:
                    self._events.append(event)
                    self._closed = True
                    self._changed.notify_all()

    def _set_places(self) -> None:
        message = self._message
        sources = self._place(message.text, message.sources, message.cited)
        with self._changed:
            self._message = replace(self._message, sources=sources)

    def _save_final(self) -> None:
        try:
            with self._saving:
                self._conversations.save_answer(self._message)
        except StorageError as error:
            _LOG.exception("answer %s could not be saved", self.answer_id)
            with self._changed:
                self._message = replace(self._message, error=error_info(error))

    def _save(self, message: Message) -> None:
        with self._saving:
            if not self._ended:  # else the final state is saved, or about to be
                self._conversations.save_answer(message)

    def _as_message(self) -> Message:
        for pieces in (self._text, self._thinking):
            if len(pieces) > 1:  # joined once, not again each time
                pieces[:] = ["".join(pieces)]
        return replace(self._message, text="".join(self._text), thinking="".join(self._thinking))


def _begun(turn: Turn, model_id: str) -> Message:
    return Message(
        id=turn.answer_id,
        conversation_id=turn.conversation_id,
        role="assistant",
        text="",
        status="streaming",
        model_id=model_id,
    )


def _error_of(event: Finished | Failed) -> ErrorInfo | None:
    if isinstance(event, Failed):
        return event.error
    return ErrorInfo(code="answer_cut") if event.reason == "length" else None
