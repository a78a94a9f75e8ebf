import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import provider_matrix
import pytest
from protocol_servers.ollama_server import OllamaServer
from protocol_servers.openai_server import DIALECTS, OpenAIDialectServer

Speaking = Callable[[str], OpenAIDialectServer]


@pytest.fixture(scope="session")
def ollama_server() -> Iterator[OllamaServer]:
    with OllamaServer() as server:
        yield server


@pytest.fixture
def ollama(ollama_server: OllamaServer) -> OllamaServer:
    """Return the session's Ollama server, as new."""
    ollama_server.reset()
    return ollama_server


@pytest.fixture(scope="session")
def dialect_servers() -> Iterator[dict[str, OpenAIDialectServer]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(OpenAIDialectServer(name)) for name in DIALECTS}


@pytest.fixture
def speaking(dialect_servers: dict[str, OpenAIDialectServer]) -> Speaking:
    """Return the session's server of a dialect, as new."""

    def server(dialect: str) -> OpenAIDialectServer:
        dialect_servers[dialect].reset()
        return dialect_servers[dialect]

    return server


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test wait for a server that is busy on purpose."""
    monkeypatch.setattr("kb_app.providers.embedding.BACKOFF_S", 0.005)


@pytest.fixture
def shows(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Say which cell (provider, row) of the matrix in docs/providers.md this test fills."""

    def note(provider: str, row: str) -> None:
        request.node.user_properties.append(("matrix", (provider, row)))

    return note


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.failed:
        for name, cell in report.user_properties:
            if name == "matrix":
                provider_matrix.record(cell, report.passed)


def pytest_sessionfinish() -> None:
    """Write the matrix of this run where KB_PROVIDER_MATRIX says (docs/providers.md, usually)."""
    target = os.environ.get("KB_PROVIDER_MATRIX")
    if target:
        provider_matrix.write(Path(target))
