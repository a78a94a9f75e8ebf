import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import provider_matrix
from protocol_servers.ollama_server import OllamaServer


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer() as server:
        yield server


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
