"""Exports made in the background, so that no page waits for ten thousand corrections."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

from kb_app.errors import KBAppError
from kb_app.services.training.exporting import ExportPlan, ExportRequest, Exports

_KEPT = 3

#: A plan, and its archive or why there is none.
Made = tuple[ExportPlan, bytes | KBAppError]


class ExportTasks:
    """Makes data sets on one thread and keeps the last few. Safe to share between threads."""

    def __init__(self, exports: Exports) -> None:
        """Make what ``exports`` can."""
        self._exports = exports
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="export")
        self._tasks: dict[tuple[ExportRequest, object], Future[Made]] = {}

    def task(self, request: ExportRequest) -> "Future[Made]":
        """Return the making of a data set, begun anew when the corrections have changed; KBAppError is its failure."""
        key = request, self._exports.state(request.base_id)
        with self._lock:
            known = self._tasks.get(key)
            if known is None:
                while len(self._tasks) >= _KEPT:
                    self._tasks.pop(next(iter(self._tasks)))
                known = self._tasks[key] = self._threads.submit(self._make, request)
            return known

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _make(self, request: ExportRequest) -> Made:
        plan = self._exports.plan(request)
        try:
            return plan, self._exports.zipped(plan)
        except KBAppError as error:
            return plan, error
