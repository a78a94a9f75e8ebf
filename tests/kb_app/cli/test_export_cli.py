"""``corrections export`` as a user types it."""

import json
from pathlib import Path

import pytest
from command_line import Command

from kb_app.app import build_app
from kb_app.models import Correction
from kb_app.settings import load_settings


@pytest.fixture
def corrected(kb: Command, tea: Path, tmp_path: Path) -> Path:
    """Return the data folder, whose base ``茶`` has two approved corrections, one without a wrong answer."""
    with build_app(load_settings(tmp_path / "data")) as app:
        base = app.library.find("茶")
        assert base is not None
        for question, rejected in (("绿茶用多少度的水？", "一百度"), ("怎样保存？", "")):
            draft = Correction(id="", base_id=base.id, question=question, chosen="八十度", rejected=rejected)
            app.corrections.approve(app.corrections.create(draft).id, "me")
    return tmp_path / "data"


def test_export_writes_a_folder_and_says_what(kb: Command, corrected: Path, tmp_path: Path) -> None:
    result = kb("corrections", "export", "茶", "--format", "alpaca", "--out", tmp_path / "out", "--json")
    assert result.status == 0
    (record,) = result.records
    assert record["counts"] == {"train": 2}
    assert len(json.loads((tmp_path / "out/train.json").read_text(encoding="utf-8"))) == 2
    assert "2 examples" in kb("corrections", "export", "茶", "--format", "csv", "--out", tmp_path / "table").out


def test_export_refuses_with_the_items(kb: Command, corrected: Path, tmp_path: Path) -> None:
    arguments = ("corrections", "export", "茶", "--format", "dpo", "--out", tmp_path / "out")
    result = kb(*arguments)
    assert result.status == 1
    assert "怎样保存？  no wrong answer" in result.err
    assert not (tmp_path / "out").exists()
    assert kb(*arguments, "--split", "0.5/0.1/0.1").status == 2
    (record,) = kb(*arguments, "--leave-out", "--json").records
    assert record["left_out"][0]["reason"] == "no_rejected"


def test_a_split_that_is_none_is_wrong_usage(kb: Command, tmp_path: Path) -> None:
    for split in ("0.5", "1/2", "a/b/c"):
        arguments = (
            "corrections",
            "export",
            "茶",
            "--format",
            "csv",
            "--out",
            tmp_path / "o",
            "--split",
            split,
            "--json",
        )
        result = kb(*arguments)
        assert result.status == 2
        assert result.records[0]["error"]["code"] == "export_split"
    assert kb("corrections", "export", "茶", "--format", "excel", "--out", tmp_path / "o").status == 2
