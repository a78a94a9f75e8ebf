import json
from pathlib import Path

from command_line import Command


def test_questions_of_the_command_line_are_listed_on_request_only(kb: Command, tea: Path) -> None:
    kb("ask", "茶", "绿茶用多少度的水冲泡？")
    assert kb("conversations", "list").out == "There are no conversations.\n"
    [record] = kb("conversations", "list", "--all", "--json").records
    assert (record["title"], record["origin"]) == ("绿茶用多少度的水冲泡？", "cli")
    assert kb("conversations", "list", "--all", "--query", "八十度").out.split()[0] == record["conversation"]


def test_what_is_exported_can_be_imported_elsewhere(kb: Command, tea: Path, tmp_path: Path) -> None:
    kb("ask", "茶", "绿茶用多少度的水冲泡？")
    file = tmp_path / "all.json"
    assert kb("conversations", "export", "--out", file).status == 0
    assert "八十度" in file.read_text(encoding="utf-8")

    other = ("--data-dir", tmp_path / "other")
    assert kb("conversations", "import", file, "--json", *other).records == [{"added": 1, "updated": 0, "unchanged": 0}]
    assert kb("conversations", "import", file, *other).out == "Imported. New: 0, extended: 0, already here: 1.\n"
    page = tmp_path / "page.md"
    kb("conversations", "export", "--format", "markdown", "--out", page, *other)
    assert page.read_text(encoding="utf-8").startswith("# 绿茶用多少度的水冲泡？")


def test_files_that_are_no_use_are_said_so(kb: Command, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{", encoding="utf-8")
    result = kb("conversations", "import", broken, "--json")
    assert result.status == 1
    assert json.loads(result.out)["error"]["code"] == "conversation_damaged"
    assert kb("conversations", "import", tmp_path / "none.json").status == 1
    assert kb("conversations", "export", "--out", tmp_path / "x.json").status == 1  # there is none
