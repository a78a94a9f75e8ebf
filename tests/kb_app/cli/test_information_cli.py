import re
from pathlib import Path

import pytest
from command_line import Command


def test_models(kb: Command) -> None:
    result = kb("models", "--json")
    assert result.status == 0
    models = {record["model"]: record for record in result.records}
    assert all(list(record) == ["model", "provider", "kind", "state", "reason", "hint"] for record in result.records)
    assert models["quote"] == {
        "model": "quote", "provider": "quote", "kind": "chat", "state": "ready", "reason": None, "hint": None,
    }  # fmt: skip
    assert models["builtin"]["kind"] == "embedding"
    ollama = [record for record in result.records if record["provider"] == "ollama"]
    assert {record["state"] for record in ollama} <= {"unreachable"}
    text = kb("models").out
    assert "quote: ready\n" in text
    lacking = re.findall("No key is set for .([a-z]+)", text)
    assert len(lacking) == len(set(lacking)), "said once each"
    assert re.search(r"^  chat: glm/", text, re.MULTILINE)


def test_doctor_finds_everything_sound(kb: Command, tea: Path) -> None:
    result = kb("doctor", "--json")
    assert result.status == 0, result.out
    checks = {record["check"]: record for record in result.records}
    assert {"versions", "data_folder", "database", "index", "model"} <= set(checks)
    assert all(record["ok"] for record in result.records if record["check"] != "model")
    assert "The database is sound." in kb("doctor").out


def test_language_follows_the_environment_and_the_settings(
    kb: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KB_LANGUAGE")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert kb("kb", "list").out == "还没有知识库。\n"
    (tmp_path / "data" / "kb.toml").write_text('language = "en"\n')
    assert kb("kb", "list").out == "There is no knowledge base yet.\n"


def test_a_wrong_setting_is_one_sentence(kb: Command, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "kb.toml").write_text("port = 'many'\n")
    result = kb("kb", "list", "--json")
    assert result.status == 1
    assert result.records[0]["error"]["code"] == "configuration"
    assert "port" in result.records[0]["error"]["message"]


def test_a_data_folder_that_is_a_file(kb: Command, tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    result = kb("kb", "list", "--json")
    assert result.status == 1
    assert result.records[0]["error"]["code"] == "data_folder"
    assert len(result.err.splitlines()) == 1


def test_help_lists_what_exists_and_nothing_else(kb: Command) -> None:
    out = kb("--help").out
    listed = set(re.findall(r"^    ([a-z]+)\b", out, re.MULTILINE))
    work = {"kb", "ingest", "documents", "remove", "search", "ask", "conversations", "corrections", "eval"}
    assert listed == work | {"serve", "models", "doctor", "test"}
    assert kb("--version").out.startswith("kb-app ")


def test_test_belongs_to_the_launcher(kb: Command) -> None:
    result = kb("test")
    assert result.status == 2
    assert "python3 launch.py test" in result.err


@pytest.mark.parametrize("command", [("doctor",), ("kb", "list"), ("search", "notes", "tea")])
def test_a_damaged_database_is_one_sentence_in_every_command(kb: Command, tmp_path: Path, command) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "kb.sqlite3").write_bytes(b"This is no database. " * 1000)
    result = kb(*command, "--json")
    assert result.status == 1
    assert result.records[0]["error"]["code"] == "database_damaged"
    assert "backup" in result.err
