"""Writes summary cards on threads of their own, so that a slow or failing model holds up no file.

A card is saved before it is indexed, by the worker: what was paid for is not asked for again. A job that was running
when the process died is done again.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing

from kb_app.errors import (
    AuthError,
    ContentFilterError,
    ModelFileError,
    ModelNotFoundError,
    ModelTooLargeError,
    NotFoundError,
    ProviderError,
    ProviderTimeoutError,
    QuotaError,
    RateLimitError,
    ServerError,
    SummaryEmptyError,
    UnreachableError,
    error_info,
)
from kb_app.models import (
    ChatMessage,
    ChatOptions,
    ChatRequest,
    DocumentRecord,
    Finished,
    Job,
    SummaryCard,
    Token,
    Usage,
)
from kb_app.services.documents.intake import Repositories
from kb_app.services.documents.summaries import INPUT_TOKENS
from kb_app.services.indexing.failures import told_error
from kb_app.services.models.calls import Call, ModelCalls, RunningCall
from kb_app.services.prompting.prompts import estimate_tokens, language_of
from kb_app.services.prompting.store import Prompts, fill
from kb_app.services.wording import well_formed
from kb_app.storage.summaries import SummaryRepository

_LOG = logging.getLogger(__name__)

_THREADS = 2
_IDLE_S = 0.5
_WATCH_S = 0.5
_OPTIONS = ChatOptions(max_tokens=600)
_MARGIN_TOKENS = 100
_HEADINGS_TOKENS = 400
_LONGEST_CARD_CHARS = 3_000
#: A server that is down or busy is asked again after these pauses; then its jobs fail, to be tried again by hand.
_PAUSES_S = (5.0, 15.0, 45.0, 120.0)
_PASSING = (UnreachableError, ProviderTimeoutError, RateLimitError, ServerError)
_LASTING = (AuthError, QuotaError, ModelNotFoundError, ModelTooLargeError, ModelFileError)


class Summariser:
    """Does ``summarise`` jobs until closed. Only the process that owns the data folder runs one."""

    def __init__(
        self,
        repositories: Repositories,
        cards: SummaryRepository,
        calls: ModelCalls,
        prompts: Prompts,
        pauses_s: tuple[float, ...] = _PAUSES_S,
    ) -> None:
        """Keep in ``cards`` what the models write that are asked through ``calls``."""
        self._bases = repositories.bases
        self._documents = repositories.documents
        self._chunks = repositories.chunks
        self._jobs = repositories.jobs
        self._cards = cards
        self._calls = calls
        self._prompts = prompts
        self._pauses_s = pauses_s
        self._failures = 0
        self._not_before = 0.0
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"summaries-{n}", daemon=True) for n in range(_THREADS)
        ]

    def start(self) -> None:
        """Begin; what was interrupted is in the queue again."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Hang up; unfinished cards are written at the next start."""
        self._closing.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                claimed = self._jobs.claim(writing=True) if time.monotonic() >= self._not_before else None
                if claimed is None:
                    self._closing.wait(_IDLE_S)
                else:
                    self._do(claimed.job)
            except Exception:  # noqa: BLE001 - the top of the thread: without it no card would be written any more
                _LOG.exception("writing summaries stumbled; it goes on")
                self._closing.wait(_IDLE_S)

    def _do(self, job: Job) -> None:
        try:
            is_kept = self._summarise(job)
        except NotFoundError:
            self._jobs.remove(job.id)  # nobody is left to read it
        except ProviderError as error:
            self._failed(job, error)
        except Exception as error:  # noqa: BLE001 - a bug in one card must not end the others; told_error logs it
            self._jobs.finish(job.id, "failed", error=told_error(error))
        else:
            self._failures = 0
            if not is_kept and not self._closing.is_set():
                self._jobs.remove(job.id)

    def _summarise(self, job: Job) -> bool:
        """Write and save one card; return whether it was, and not cancelled or overtaken.

        Raises:
            NotFoundError: the base or the document is gone.
            ProviderError: the model failed.
        """
        base = self._bases.get(job.base_id)
        document = self._documents.find(base.id, name=job.name)
        if document is None or document.status != "ready" or not base.summary_model:
            return False
        call = Call(
            model_id=base.summary_model,
            prepare=lambda model: self._request(document, model.context_tokens),
            purpose="summary",
            base_ids=(base.id,),
        )
        written = self._ask(job, call)
        if written is None:
            return False
        now = self._documents.find(base.id, name=job.name)  # a re-index gives the same text a new row
        if now is None or now.sha256 != document.sha256:
            return False
        answer, usage = written
        card = SummaryCard(
            document_id=now.id,
            text=answer,
            model_id=base.summary_model,
            prompt_tokens=usage.prompt_tokens if usage else None,
            completion_tokens=usage.completion_tokens if usage else None,
        )
        return self._cards.save(card, job.id)

    def _request(self, document: DocumentRecord, context_tokens: int) -> ChatRequest:
        text, _ = self._documents.text(document.id)
        language = language_of(text[:1000], "zh")
        template = self._prompts.get("summary", language, document.base_id)
        room = min(INPUT_TOKENS, context_tokens - _OPTIONS.max_tokens - estimate_tokens(template))
        headings = [heading for chunk in self._chunks.of_document(document.id) for heading in chunk.heading[:2]]
        prompt = fill(template, document=document.name, text=shortened(text, headings, room - _MARGIN_TOKENS))
        return ChatRequest(messages=(ChatMessage(role="user", content=prompt),), language=language, options=_OPTIONS)

    def _ask(self, job: Job, call: Call) -> tuple[str, Usage | None] | None:
        """Return the model's words and what they took, or None when it was stopped. Raises ProviderError."""
        parts: list[str] = []
        usage: Usage | None = None
        running = self._calls.start(call)
        with closing(running), _Watch(running, lambda: self._is_unwanted(job)) as watch:
            for event in running:
                if isinstance(event, Token):
                    parts.append(event.text)
                elif isinstance(event, Usage):
                    usage = event
                elif isinstance(event, Finished) and event.reason == "filtered":
                    raise ContentFilterError("the card was filtered", model=call.model_id)
        if watch.has_stopped:
            return None
        text = well_formed("".join(parts)).strip()[:_LONGEST_CARD_CHARS]
        if not text:
            raise SummaryEmptyError(call.model_id, model=call.model_id)
        return text, usage

    def _is_unwanted(self, job: Job) -> bool:
        return self._closing.is_set() or self._jobs.progress(job.id, "summarise", 0, 0)

    def _failed(self, job: Job, error: ProviderError) -> None:
        """Try again later, or give up this card, or all that wait, as the failure asks for."""
        info = error_info(error)
        if isinstance(error, _PASSING) and not isinstance(error, _LASTING) and self._failures < len(self._pauses_s):
            pause_s = max(self._pauses_s[self._failures], float(error.params.get("retry_after_s", 0)))
            self._failures += 1
            self._not_before = time.monotonic() + pause_s
            _LOG.info("a summary waits %.0f s: %s", pause_s, error.code)
            self._jobs.put_back(job.id, info)
            return
        self._jobs.finish(job.id, "failed", error=info)
        if isinstance(error, (*_PASSING, *_LASTING)):
            self._failures = 0
            self._jobs.fail_waiting(job.base_id, "summarise", info)


class _Watch:
    """Ends a call from beside when it is not wanted any more, also while its model is silent."""

    def __init__(self, call: RunningCall, is_unwanted: Callable[[], bool]) -> None:
        self._call = call
        self._is_unwanted = is_unwanted
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="summary-watch", daemon=True)
        self.has_stopped = False

    def __enter__(self) -> "_Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_WATCH_S):
            if self._is_unwanted():
                self.has_stopped = True
                self._call.close()
                return


def shortened(text: str, headings: list[str], tokens: int) -> str:
    """Return the beginning of a text and, where that is not all of it, its headings; about ``tokens`` long."""
    if estimate_tokens(text) <= tokens:
        return text
    outline = _first_tokens("\n".join(dict.fromkeys(headings)), min(_HEADINGS_TOKENS, tokens // 4))
    beginning = _first_tokens(text, tokens - estimate_tokens(outline))
    return f"{beginning}\n[…]\n{outline}" if outline else beginning


def _first_tokens(text: str, tokens: int) -> str:
    """Return as much of ``text`` from its beginning as fits ``tokens``."""
    text = text[: 3 * max(tokens, 0)]  # a token is at most three characters in the estimate
    while (needed := estimate_tokens(text)) > tokens:
        text = text[: int(len(text) * tokens / needed)]
    return text
