"""``corrections list|add|import|approve`` on a real data folder."""

from pathlib import Path

from command_line import Command


def test_a_correction_is_added_approved_and_answers(kb: Command, tea: Path) -> None:
    added = kb("corrections", "add", "茶", "绿茶用多少度的水？", "八十度。", "--author", "小李", "--json").records[0]
    assert (added["status"], added["author"], added["version"]) == ("draft", "小李", 1)
    approved = kb("corrections", "approve", added["correction_id"], "--reviewer", "小王", "--json").records[0]
    assert (approved["status"], approved["reviewer"]) == ("approved", "小王")
    answer = kb("ask", "茶", "请问绿茶用多少度的水", "--json").records
    assert {"event": "reused", "correction_id": added["correction_id"], "reuse": "exact"} in answer
    assert answer[-1]["answer"] == "八十度。"
    (listed,) = kb("corrections", "list", "茶", "--status", "approved", "--json").records
    assert listed["hits"] == 1
    assert "八十度" in kb("corrections", "list", "茶").out


def test_a_file_is_imported_once(kb: Command, tea: Path, tmp_path: Path) -> None:
    file = tmp_path / "annotations.csv"
    file.write_text("question,answer\n绿茶怎么保存？,放冰箱。\n绿茶 怎么保存?,放冰箱。\n", encoding="utf-8")
    assert kb("corrections", "import", "茶", file, "--json").records == [{"imported": 1, "duplicates": 1}]
    assert kb("corrections", "import", "茶", file, "--json").records == [{"imported": 0, "duplicates": 2}]
    assert "There are no corrections" not in kb("corrections", "list", "茶").out


def test_what_cannot_be_done_is_said(kb: Command, tea: Path, tmp_path: Path) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text("question,answer\n绿茶怎么保存？,\n", encoding="utf-8")
    failed = kb("corrections", "import", "茶", file, "--json")
    assert (failed.status, failed.records[-1]["error"]["code"]) == (1, "correction_line")
    assert kb("corrections", "approve", "nothing", "--json").records[-1]["error"]["code"] == "correction_gone"
    missing = kb("corrections", "import", "茶", tmp_path / "nowhere.csv", "--json")
    assert (missing.status, missing.records[-1]["error"]["code"]) == (1, "corrections_file")
