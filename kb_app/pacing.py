"""Turns at the interpreter, for the whole process: one piece of work at a time, so that none slows the others.

Only one thread runs Python at a time. Twenty that search, draw and save at once hand the interpreter to each other at
every statement to the database, and all end as late as the last; one after the other they end sooner, the first much.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

#: Nobody waits longer than this: work that takes so long is none that others should wait for.
LONGEST_WAIT_S = 5.0


class Turns:
    """Lets one thread in at a time, in the order they came; those who are not urgent after those who are."""

    def __init__(self, longest_wait_s: float = LONGEST_WAIT_S) -> None:
        """Let a thread in after ``longest_wait_s`` seconds even while others are."""
        self._longest_wait_s = longest_wait_s
        self._lock = threading.Lock()
        self._inside = 0
        self._urgent: deque[threading.Event] = deque()
        self._patient: deque[threading.Event] = deque()
        self._own = threading.local()

    @property
    def waiting(self) -> int:
        """How many threads wait for their turn."""
        return len(self._urgent) + len(self._patient)

    @contextmanager
    def turn(self, *, urgent: bool = True) -> Iterator[None]:
        """Wait for one's turn, and have it in the block; within a turn of the same thread at once.

        The block must not wait for anything but the disk.
        """
        if getattr(self._own, "is_inside", False):
            yield
            return
        self._enter(self._urgent if urgent else self._patient)
        self._own.is_inside = True
        try:
            yield
        finally:
            self._own.is_inside = False
            self._leave()

    def _enter(self, queue: deque[threading.Event]) -> None:
        called = threading.Event()
        with self._lock:
            if not self._inside:
                self._inside = 1
                return
            queue.append(called)
        try:
            called.wait(self._longest_wait_s)
        except BaseException:  # Ctrl-C: nobody may call one who will never come
            self._come_in(called, queue)
            self._leave()
            raise
        self._come_in(called, queue)

    def _come_in(self, called: threading.Event, queue: deque[threading.Event]) -> None:
        with self._lock:
            if not called.is_set():
                queue.remove(called)
                self._inside += 1

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside and (queue := self._urgent or self._patient):
                self._inside = 1
                queue.popleft().set()


#: The turns at this process's interpreter.
INTERPRETER = Turns()
