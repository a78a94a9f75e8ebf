"""A small HTTP server for tests that controls every byte it sends and notices when the client goes away."""

import json
import select
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer. ``pieces`` are sent as chunks of a chunked body, each after ``gap_s``.

    ``ending``: "clean" ends the body as HTTP wants it, "drop" resets the connection instead.
    """

    pieces: Iterable[bytes]
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    gap_s: float = 0.0
    ending: str = "clean"


def json_reply(body: object, status: int = 200, **headers: str) -> Reply:
    """Return a reply with a JSON body."""
    return Reply(pieces=[json.dumps(body, ensure_ascii=False).encode()], status=status, headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class ClientGone(Exception):
    """The client closed its end."""


class ProtocolServer:
    """Serves ``answer`` (overridden by subclasses) on a free port of 127.0.0.1, as a context manager."""

    def __init__(self, port: int = 0) -> None:
        self.reset()
        server = self

        class Handler(_Handler):
            owner = server

        self._http = _QuietServer(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def reset(self) -> None:
        """Forget every request; those still being served say nothing to the next test."""
        self.requests: list[Received] = []
        self.client_gone = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def answer(self, request: Received) -> Reply:
        raise NotImplementedError

    def bodies(self, path: str) -> list[Any]:
        """Return the bodies of all requests to ``path``."""
        return [request.body for request in self.requests if request.path == path]

    def __enter__(self) -> "ProtocolServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def serve_forever(self) -> None:
        """Serve in this thread until interrupted."""
        self._http.serve_forever(0.2)


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class _Handler(BaseHTTPRequestHandler):
    owner: ProtocolServer
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(raw) if raw else None
        request = Received(method=self.command, path=self.path, headers=headers, body=body)
        self.owner.requests.append(request)
        gone = self.owner.client_gone
        try:
            self._send(self.owner.answer(request))
        except (ClientGone, ConnectionError):
            gone.set()
            self.close_connection = True

    do_GET = do_POST = do_DELETE = _serve

    def _send(self, reply: Reply) -> None:
        self._wait(reply.delay_s)
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in reply.headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.flush()
        for piece in reply.pieces:
            self._wait(reply.gap_s)
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.flush()
        if reply.ending == "drop":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()
            raise ConnectionResetError
        self.wfile.write(b"0\r\n\r\n")

    def _wait(self, seconds: float) -> None:
        """Wait, and notice at once when the client closes its end."""
        until = time.monotonic() + seconds
        while True:
            readable, _, _ = select.select([self.connection], [], [], max(0.0, until - time.monotonic()))
            if not readable:
                return
            if not self.connection.recv(1, socket.MSG_PEEK):
                raise ClientGone
            return  # a pipelined request: none of our clients does that

    def log_message(self, format: str, *args: object) -> None:
        pass
