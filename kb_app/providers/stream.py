"""What every stream needs: a way to stop it from any thread, and protection from line separators in JSON."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

from kb_app.errors import ProviderError
from kb_app.models import ModelEvent


class Hangup:
    """Cuts one HTTP exchange from any thread, also while another thread waits for its first byte.

    Closing a socket does not wake a thread that reads from it; shutting it down does. The socket is
    learnt from httpcore's ``trace`` extension, so the client must not reuse connections.
    """

    def __init__(self) -> None:
        """Start with nothing to cut."""
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.done = False
        self.expired = False

    def watch(self, request: Any) -> None:
        """Ask httpx to report the connection of ``request``; meant as a request event hook."""
        request.extensions = {**request.extensions, "trace": self._trace}

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if not event.endswith(("connect_tcp.complete", "start_tls.complete")):
            return
        with self._lock:
            self._socket = info["return_value"].get_extra_info("socket")
            if self.done or self.expired:
                self._cut()

    def hang_up(self) -> None:
        """Cut the connection, now or as soon as there is one."""
        with self._lock:
            self.done = True
            self._cut()

    @contextlib.contextmanager
    def deadline(self, seconds: float) -> Iterator[Callable[[], None]]:
        """Cut the connection and set ``expired`` unless the function given is called within ``seconds``."""
        timer = threading.Timer(seconds, self._expire)
        timer.daemon = True
        timer.start()
        try:
            yield timer.cancel
        finally:
            timer.cancel()

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            self._cut()

    def _cut(self) -> None:
        if self._socket is None:
            return
        with contextlib.suppress(OSError):  # already closed by either side
            # The plain method: SSLSocket.shutdown would pull the TLS state from under the reader.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class EventStream(Iterator[ModelEvent]):
    """A model's events. ``close`` may be called from any thread, at any time, and ends the iteration."""

    def __init__(self, events: Generator[ModelEvent, None, None], hangup: Hangup) -> None:
        """Wrap ``events``, whose connection ``hangup`` can cut."""
        self._events = events
        self._hangup = hangup
        self._running = threading.Lock()

    def __next__(self) -> ModelEvent:
        """Return the next event; stops silently once closed."""
        with self._running:
            if self._hangup.done:
                self._events.close()
                raise StopIteration
            try:
                return next(self._events)
            except ProviderError:
                if self._hangup.done:  # the failure is our own hanging up
                    raise StopIteration from None
                raise

    def close(self) -> None:
        """Close the connection, so that the server stops computing."""
        self._hangup.hang_up()
        # A reader in another thread has just been woken and closes the generator itself.
        if self._running.acquire(blocking=False):
            try:
                self._events.close()
            finally:
                self._running.release()


#: UTF-8 of the characters that httpx's line splitter takes for line ends but JSON strings may hold raw.
_SEPARATORS = re.compile(rb"\xc2\x85|\xe2\x80[\xa8\xa9]")
_BEGINNINGS = (b"\xe2\x80", b"\xe2", b"\xc2")


def _escaped(found: re.Match[bytes]) -> bytes:
    return f"\\u{ord(found[0].decode()):04x}".encode()


def escape_separators(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a JSON stream with U+0085, U+2028 and U+2029 written as JSON escapes.

    Such a character can only stand inside a string there, so the meaning stays; a character may be cut
    anywhere between two pieces.
    """
    held = b""
    for piece in pieces:
        data = held + piece
        held = b""
        if data.endswith(_BEGINNINGS):
            cut = 2 if data.endswith(b"\xe2\x80") else 1
            data, held = data[:-cut], data[-cut:]
        if data:
            yield _SEPARATORS.sub(_escaped, data)
    if held:
        yield held


def protect_lines(response: Any) -> None:
    """Make ``iter_lines`` of ``response`` safe for JSON; meant as a response event hook of ``httpx.Client``."""
    if "content-encoding" not in response.headers:  # compressed bytes must not be touched
        response.stream = _safe_stream(response.stream)


def _safe_stream(inner: Any) -> Any:
    import httpx

    class SafeStream(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return escape_separators(iter(inner))

        def close(self) -> None:
            inner.close()

    return SafeStream()
