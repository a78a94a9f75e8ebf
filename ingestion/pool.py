"""The parent side of limited work: warm worker processes for work that may crash, hang or eat memory.

A plain subprocess is used rather than ``multiprocessing``, which would import the parent's main module again
(Streamlit's, or a test runner's), and nothing is ever forked from a threaded server. A worker ends when its
standard input does, so none outlives its parent, however that dies.
"""

import atexit
import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Literal

from ingestion.models import LoadLimits
from ingestion.worker import SafeUnpickler, read_message, write_message

_FILES_PER_WORKER = 100
_LOG_TAIL_BYTES = 500

OnMessage = Callable[..., None]
DeathReason = Literal["memory", "cpu", "time", "crash"]


class WorkerDiedError(Exception):
    """The worker ended without an answer; ``reason`` tells a limit from a crash."""

    def __init__(self, reason: DeathReason, detail: str = "") -> None:
        """Keep what is known about the death."""
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class WorkerPool:
    """Warm worker processes, one per concurrent call; safe to share between threads."""

    def __init__(self, *, files_per_worker: int = _FILES_PER_WORKER) -> None:
        """Make an empty pool; workers start when they are needed."""
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()
        self._files_per_worker = files_per_worker

    def run(
        self,
        target: str,
        arguments: Mapping[str, Any],
        limits: LoadLimits,
        on_message: OnMessage | None = None,
    ) -> Any:
        """Return ``target(**arguments)``, called in a worker under ``limits``.

        ``target`` is ``module:function``. If ``on_message`` is given the function also gets an ``on_progress``
        argument, whose calls are passed on to it.

        Raises:
            WorkerDiedError: the worker crashed or a limit was reached.
            Exception: whatever the function raised.
        """
        request = (target, dict(arguments), limits, on_message is not None)
        while True:
            worker, is_fresh = self._take()
            try:
                worker.send(request)
            except OSError:
                # An idle worker can be killed from outside; that is no fault of this file.
                worker.close()
                if is_fresh:
                    raise
                continue
            return self._finish(worker, limits, on_message)

    def _finish(self, worker: "_Worker", limits: LoadLimits, on_message: OnMessage | None) -> Any:
        is_sound = False
        try:
            kind, value = worker.answer(limits.wall_s, on_message)
            is_sound = kind != "memory"
        finally:
            if is_sound and worker.served < self._files_per_worker:
                with self._lock:
                    self._idle.append(worker)
            else:
                worker.close()
        if kind == "memory":
            raise WorkerDiedError("memory")
        if kind == "error":
            raise value
        return value

    def _take(self) -> "tuple[_Worker, bool]":
        with self._lock:
            if self._idle:
                return self._idle.pop(), False
        return _Worker(), True

    def close(self) -> None:
        """End the idle workers."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()


class _Worker:
    """One child process."""

    def __init__(self) -> None:
        root = str(Path(__file__).resolve().parent.parent)
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        self._log_file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ingestion.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log_file,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        self.served = 0

    def send(self, message: object) -> None:
        assert self._process.stdin is not None
        write_message(self._process.stdin, message)

    def answer(self, wall_s: float, on_message: OnMessage | None) -> tuple[str, Any]:
        """Return (kind, value) of the final message, killing the process when the time is up."""
        assert self._process.stdout is not None
        is_late = threading.Event()
        watchdog = threading.Timer(wall_s, self._kill, args=(is_late,))
        watchdog.daemon = True
        watchdog.start()
        self.served += 1
        try:
            while True:
                kind, value = read_message(self._process.stdout, SafeUnpickler)
                if kind != "progress":
                    return kind, value
                if on_message is not None:
                    on_message(*value)
        except (EOFError, pickle.UnpicklingError) as error:
            self._process.kill()
            raise self._death(is_late.is_set()) from error
        finally:
            watchdog.cancel()

    def _kill(self, is_late: threading.Event) -> None:
        is_late.set()
        self._process.kill()

    def _death(self, is_late: bool) -> WorkerDiedError:
        status = self._process.wait()
        if is_late:
            return WorkerDiedError("time")
        if os.name == "posix" and -status == signal.SIGXCPU:
            return WorkerDiedError("cpu")
        self._log_file.seek(0)
        tail = self._log_file.read()[-_LOG_TAIL_BYTES:].decode("utf-8", errors="replace").strip()
        return WorkerDiedError("crash", f"exit status {status} {tail}")

    def close(self) -> None:
        """End the process and wait for it."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._process.kill()
        self._process.wait()
        self._log_file.close()


POOL = WorkerPool()
atexit.register(POOL.close)


def run_limited(
    target: str,
    arguments: Mapping[str, Any],
    limits: LoadLimits,
    on_message: OnMessage | None = None,
) -> Any:
    """Return ``target(**arguments)`` from a worker of the shared pool, see ``WorkerPool.run``."""
    return POOL.run(target, arguments, limits, on_message)
