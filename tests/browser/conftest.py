"""Headless Chromium in front of a real server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from kb_server import ROOT, Network, Server
from playwright.sync_api import Browser, Page, expect, sync_playwright
from protocol_servers.ollama_server import OllamaServer

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Chromium, closed after the last test of a module.

    Playwright's event loop runs in the main thread while it is open; no test behind these could call `asyncio.run`.
    """
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed")
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), headless=True, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    # Nothing listens on port 9 here: without a model server the app must work as well.
    running = Server(data_dir=tmp_path / "data", environment={"KB_OLLAMA_BASE_URL": "http://127.0.0.1:9"}).start()
    yield running
    running.stop()


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer() as server:
        yield server


@pytest.fixture
def ollama_app(tmp_path: Path, ollama: OllamaServer) -> Iterator[Server]:
    running = Server(data_dir=tmp_path / "data", environment={"KB_OLLAMA_BASE_URL": ollama.url}).start()
    yield running
    running.stop()


@pytest.fixture
def page(server: Server, browser: Browser, network: Network) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    context.set_default_timeout(60_000)
    network.watch(context, server.url)
    opened = context.new_page()
    opened.goto(server.url)
    yield opened
    context.close()
    assert network.foreign == []


@pytest.fixture
def shared_data() -> Path:
    """Return the folder of real documents kept outside the repository."""
    folder = Path(os.environ.get("KB_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "datawhale_kb").is_dir():
        pytest.skip("the shared data is not here")
    return folder / "datawhale_kb"
