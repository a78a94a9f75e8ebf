from pathlib import Path

import provider_matrix
import pytest

from kb_app.providers import FACTORIES
from kb_app.providers.families import FAMILIES

DOCUMENT = Path(__file__).parents[3] / "docs" / "providers.md"


def test_matrix_has_every_provider_and_no_failure() -> None:
    """Made anew by KB_PROVIDER_MATRIX=docs/providers.md with a run of this folder's tests."""
    matrix = DOCUMENT.read_text(encoding="utf-8").partition(provider_matrix.BEGIN)[2].partition(provider_matrix.END)[0]
    lines = [line for line in matrix.splitlines() if line.startswith("|")]
    assert [cell.strip() for cell in lines[0].strip("|").split("|")][1:] == list(provider_matrix.PROVIDERS)
    assert [line.split("|")[1].strip() for line in lines[2:]] == list(provider_matrix.ROWS.values())
    assert "FAIL" not in matrix
    assert "not run" not in matrix


def test_matrix_covers_every_family() -> None:
    assert set(provider_matrix.PROVIDERS) == {*FACTORIES, *FAMILIES}


@pytest.mark.parametrize("name", sorted({*FACTORIES, *FAMILIES} - {"compatible"}))
def test_every_provider_is_described(name: str) -> None:
    assert f"`{name}`" in DOCUMENT.read_text(encoding="utf-8")
