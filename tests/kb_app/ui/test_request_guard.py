"""Only pages of this very server open a websocket, and only by a name the server has, over real HTTP."""

import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from streamlit import config
from waiting import until

from kb_app.cli.serve import streamlit_options
from kb_app.settings import Settings
from kb_app.ui.security import RequestGuard, SecurityHeaders


async def page(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


async def stream(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    application = Starlette(
        routes=[Route("/", page), WebSocketRoute("/stream", stream)],
        middleware=[Middleware(SecurityHeaders), Middleware(RequestGuard)],
    )
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(application, log_level="critical", ws="websockets-sansio"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        until(lambda: server.started)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


@pytest.fixture
def on_loopback(tmp_path: Path) -> Iterator[None]:
    before = config.get_option("server.allowedHosts")
    options = streamlit_options(Settings(data_dir=tmp_path, host="127.0.0.1"))
    config.set_option("server.allowedHosts", options["server.allowedHosts"])
    yield
    config.set_option("server.allowedHosts", before)


def status(port: int, path: str, host: str, origin: str | None = None) -> int:
    headers = {"Host": host}
    if origin is not None:
        headers["Origin"] = origin
    if path == "/stream":
        headers |= {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        headers["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.usefixtures("on_loopback")
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"])
def test_a_page_of_the_app_is_served(port: int, name: str) -> None:
    host = f"{name}:{port}"

    assert status(port, "/", host) == 200
    assert status(port, "/stream", host, f"http://{host}") == 101


@pytest.mark.usefixtures("on_loopback")
@pytest.mark.parametrize(
    "origin",
    ["http://elsewhere.test", "http://127.0.0.1:1", "http://127.0.0.1", "null", "http://[", "http://127.0.0.1:x", ""],
)
def test_a_page_of_another_origin_opens_no_stream(port: int, origin: str) -> None:
    assert status(port, "/stream", f"127.0.0.1:{port}", origin) == 403


@pytest.mark.usefixtures("on_loopback")
def test_a_client_that_is_no_page_opens_the_stream(port: int) -> None:
    assert status(port, "/stream", f"127.0.0.1:{port}") == 101


@pytest.mark.usefixtures("on_loopback")
@pytest.mark.parametrize("path", ["/", "/stream"])
def test_a_foreign_name_that_resolves_to_this_machine_is_refused(port: int, path: str) -> None:
    assert status(port, path, f"rebound.test:{port}", f"http://rebound.test:{port}") == 403


def test_on_all_interfaces_any_name_is_served_but_only_to_its_own_pages(port: int) -> None:
    assert config.get_option("server.allowedHosts") == []
    assert status(port, "/", "box.lan:80") == 200
    assert status(port, "/stream", "box.lan", "http://box.lan") == 101
    assert status(port, "/stream", "kb.example", "https://kb.example") == 101
    assert status(port, "/stream", "box.lan", "http://other.lan") == 403
