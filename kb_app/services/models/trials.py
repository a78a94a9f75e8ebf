"""Tests of a model that really send it something: one question of one token, or one text to embed."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Literal

from ingestion.protocols import Embedder
from kb_app.errors import KBAppError, error_info
from kb_app.models import ChatMessage, ChatOptions, ChatRequest, ErrorInfo
from kb_app.protocols import ChatModel

_LOG = logging.getLogger(__name__)
_GREETING = ChatRequest(
    messages=(ChatMessage(role="user", content="Hi"),), question="Hi", options=ChatOptions(max_tokens=1)
)
_TEXT = "Hi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A test; ``latency_s`` is the time to the first piece of an answer, or to the vector."""

    model_id: str
    kind: Literal["chat", "embedding"]
    state: Literal["running", "passed", "failed"] = "running"
    latency_s: float = 0.0
    error: ErrorInfo | None = None


class Trials:
    """Runs tests in threads of their own and remembers the last one of each model."""

    def __init__(self, chat: Callable[[str], ChatModel], embedder: Callable[[str], Embedder]) -> None:
        """Test the models these return by id."""
        self._chat = chat
        self._embedder = embedder
        self._lock = threading.Lock()
        self._trials: dict[str, Trial] = {}

    def start(self, model_id: str, kind: Literal["chat", "embedding"]) -> None:
        """Begin a test, unless one of this model is running; returns at once."""
        trial = Trial(model_id=model_id, kind=kind)
        with self._lock:
            running = self._trials.get(model_id)
            if running is not None and running.state == "running":
                return
            self._trials[model_id] = trial
        threading.Thread(target=self._run, args=(trial,), name="trial", daemon=True).start()

    def get(self, model_id: str) -> Trial | None:
        """Return the last test of a model."""
        with self._lock:
            return self._trials.get(model_id)

    def is_running(self) -> bool:
        """Return whether any test is running."""
        with self._lock:
            return any(trial.state == "running" for trial in self._trials.values())

    def clear(self) -> None:
        """Forget all of them: keys or addresses have changed."""
        with self._lock:
            self._trials.clear()

    def _run(self, trial: Trial) -> None:
        try:
            latency_s = self._chat_latency_s(trial) if trial.kind == "chat" else self._embedding_latency_s(trial)
            result = replace(trial, state="passed", latency_s=latency_s)
        except KBAppError as error:
            _LOG.info("test of %s failed: %s", trial.model_id, error)
            result = replace(trial, state="failed", error=error_info(error))
        except Exception:  # noqa: BLE001 - the top of the test's thread: a bug must end the test, visibly
            _LOG.exception("test of %s failed", trial.model_id)
            result = replace(trial, state="failed", error=ErrorInfo(code="internal"))
        with self._lock:
            if self._trials.get(trial.model_id) is trial:
                self._trials[trial.model_id] = result

    def _chat_latency_s(self, trial: Trial) -> float:
        model = self._chat(trial.model_id)
        started = time.monotonic()
        with closing(model.stream(_GREETING)) as stream:
            next(iter(stream), None)
        return time.monotonic() - started

    def _embedding_latency_s(self, trial: Trial) -> float:
        embedder = self._embedder(trial.model_id)
        _ = embedder.dimension  # asks the server too, the first time
        started = time.monotonic()
        embedder.embed_query(_TEXT)
        return time.monotonic() - started
