"""A hub of model files: redirects to them, tells their checksum, serves ranges, breaks off or goes slowly."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class HubServer:
    """Serves ``files`` (path -> bytes) below ``/OWNER/NAME/resolve/main/``, through a redirection as the hub does."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.ranges: list[str] = []
        #: Bytes after which an answer breaks off, used up one by one.
        self.breaks: list[int] = []
        self.checksums = True
        self.piece_s = 0.0
        self.gone = threading.Event()
        self.url = ""

    @contextmanager
    def running(self) -> Iterator["HubServer"]:
        hub = self

        class Handler(_Handler):
            owner = hub

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: HubServer

    def do_GET(self) -> None:
        hub = self.owner
        path = self.path.partition("/resolve/main/")[2] or self.path.removeprefix("/stored/")
        if path not in hub.files:
            self.send_error(404)
            return
        body = hub.files[path]
        checksum = hashlib.sha256(body).hexdigest()
        if not self.path.startswith("/stored/"):
            self.send_response(302)
            if hub.checksums:
                self.send_header("X-Linked-ETag", f'"{checksum}"')
            self.send_header("Location", f"/stored/{path}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        asked = self.headers.get("range", "")
        hub.ranges.append(asked)
        etag = f'"{checksum[:16]}"'
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.headers["if-range"] == etag else 0
        self.send_response(206 if start else 200)
        self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self._send(body[start:], hub.breaks.pop(0) if hub.breaks else len(body))

    def _send(self, body: bytes, limit: int) -> None:
        try:
            for begin in range(0, min(len(body), limit), 1000):
                self.wfile.write(body[begin : min(begin + 1000, limit)])
                self.wfile.flush()
                time.sleep(self.owner.piece_s)
        except ConnectionError:
            self.owner.gone.set()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass
