"""Downloads and deletions of models in threads of their own, with progress, to be cancelled and dismissed."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from kb_app.errors import KBAppError, error_info
from kb_app.models import ErrorInfo
from kb_app.providers.stream import Hangup

_LOG = logging.getLogger(__name__)

#: Tells how far a task is: bytes done, bytes in all (0 while unknown).
Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreTask:
    """One download or deletion; ``total_bytes`` is 0 while unknown."""

    kind: Literal["pull", "delete"]
    model: str
    state: Literal["running", "done", "failed", "cancelled"] = "running"
    done_bytes: int = 0
    total_bytes: int = 0
    error: ErrorInfo | None = None
    hangup: Hangup = field(default_factory=Hangup, compare=False, repr=False)


class StoreTasks:
    """What is being done to some models. Safe to share between threads."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """Start with nothing to do; ``changed`` is called whenever a task has changed the models there are."""
        self._changed = changed
        self._lock = threading.Lock()
        self._tasks: dict[str, StoreTask] = {}

    def tasks(self) -> list[StoreTask]:
        """Return what runs, and what ended and was not dismissed, in the order of starting."""
        with self._lock:
            return list(self._tasks.values())

    def is_running(self) -> bool:
        """Return whether anything runs."""
        return any(task.state == "running" for task in self.tasks())

    def cancel(self, model: str) -> None:
        """Stop a download; beginning it again goes on where it was."""
        with self._lock:
            task = self._tasks.get(model)
            if task is None or task.state != "running":
                return
            self._tasks[model] = replace(task, state="cancelled")
        task.hangup.hang_up()

    def dismiss(self, model: str) -> None:
        """Forget a task that has ended."""
        with self._lock:
            task = self._tasks.get(model)
            if task is not None and task.state != "running":
                del self._tasks[model]

    def close(self) -> None:
        """Stop every download."""
        for task in self.tasks():
            self.cancel(task.model)

    def start(self, task: StoreTask, work: Callable[[StoreTask, Report], None]) -> None:
        """Begin a task, unless one on the same model runs."""
        with self._lock:
            known = self._tasks.pop(task.model, None)
            if known is not None and known.state == "running":
                self._tasks[task.model] = known
                return
            self._tasks[task.model] = task
        threading.Thread(target=self._run, args=(task, work), name="model-store", daemon=True).start()

    def _run(self, task: StoreTask, work: Callable[[StoreTask, Report], None]) -> None:
        try:
            work(task, lambda done, total: self._update(task, done_bytes=done, total_bytes=total))
            self._update(task, state="done")
            self._changed()
        except KBAppError as error:
            self._update(task, state="failed", error=error_info(error))
        except Exception:  # noqa: BLE001 - the top of the thread: a bug must end the task, visibly
            _LOG.exception("%s of %s failed", task.kind, task.model)
            self._update(task, state="failed", error=ErrorInfo(code="internal"))

    def _update(self, task: StoreTask, **changes: object) -> None:
        with self._lock:
            current = self._tasks.get(task.model)
            if current is not None and current.hangup is task.hangup and current.state == "running":
                self._tasks[task.model] = replace(current, **changes)  # type: ignore[arg-type]
