"""Runs commands in this process against a real data folder."""

from pathlib import Path

import pytest
from command_line import Command, Result

from kb_app.cli import main


@pytest.fixture
def kb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run one command in English on the test's own data folder."""
    monkeypatch.setenv("KB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("KB_LANGUAGE", "en")
    # Nothing listens there, and being refused takes no time.
    monkeypatch.setenv("KB_OLLAMA_BASE_URL", "http://127.0.0.1:9")

    def run(*arguments: str | Path) -> Result:
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as error:
            status = int(error.code or 0)
        captured = capsys.readouterr()
        return Result(status=status, out=captured.out, err=captured.err)

    return run


@pytest.fixture
def tea(kb: Command, tmp_path: Path) -> Path:
    """Return a folder of two documents that base ``茶`` holds."""
    folder = tmp_path / "tea"
    (folder / "zh").mkdir(parents=True)
    (folder / "zh" / "绿茶.md").write_text(
        "# 绿茶\n\n## 水温\n\n绿茶用八十度的水冲泡，水太烫会发苦。\n", encoding="utf-8"
    )
    (folder / "keeping.txt").write_text("Keep green tea in the fridge, tightly closed.\n", encoding="utf-8")
    assert kb("ingest", "茶", folder).status == 0
    return folder
