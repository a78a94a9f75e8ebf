"""Runs commands in this process against a real data folder."""

import io
import shutil
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from command_line import Command, Result

from kb_app.cli import main

#: Nothing listens there, and being refused takes no time.
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def kb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run one command in English on the test's own data folder."""
    monkeypatch.setenv("KB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("KB_LANGUAGE", "en")
    monkeypatch.setenv("KB_OLLAMA_BASE_URL", NOWHERE)

    def run(*arguments: str | Path) -> Result:
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as error:
            status = int(error.code or 0)
        captured = capsys.readouterr()
        return Result(status=status, out=captured.out, err=captured.err)

    return run


@pytest.fixture(scope="session")
def tea_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the documents of base ``茶`` in ``tea`` and a data folder that holds them in ``data``."""
    folder = tmp_path_factory.mktemp("tea")
    (folder / "tea" / "zh").mkdir(parents=True)
    (folder / "tea" / "zh" / "绿茶.md").write_text(
        "# 绿茶\n\n## 水温\n\n绿茶用八十度的水冲泡，水太烫会发苦。\n", encoding="utf-8"
    )
    (folder / "tea" / "keeping.txt").write_text("Keep green tea in the fridge, tightly closed.\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()):
        patch.setenv("KB_OLLAMA_BASE_URL", NOWHERE)
        assert main(["--data-dir", str(folder / "data"), "ingest", "茶", str(folder / "tea")]) == 0
    return folder


@pytest.fixture
def tea(kb: Command, tea_folders: Path, tmp_path: Path) -> Path:
    """Return a folder of two documents that base ``茶`` holds."""
    shutil.copytree(tea_folders, tmp_path, dirs_exist_ok=True)  # with the files' times, which the indexes are known by
    return tmp_path / "tea"
