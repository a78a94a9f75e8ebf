import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from command_line import Command


def test_a_new_installation_has_no_bases(kb: Command) -> None:
    result = kb("kb", "list")
    assert (result.status, result.out) == (0, "There is no knowledge base yet.\n")
    assert kb("kb", "list", "--json").out == ""


def test_create_list_and_delete(kb: Command) -> None:
    created = kb("kb", "create", "读书 笔记", "--json").records[0]
    assert created["name"] == "读书 笔记"
    assert created["embedder"] == "builtin"
    assert [base["id"] for base in kb("kb", "list", "--json").records] == [created["id"]]

    refused = kb("kb", "delete", "读书 笔记")
    assert refused.status == 1
    assert "--yes" in refused.err
    assert kb("kb", "delete", "读书 笔记", "--yes").status == 0
    assert kb("kb", "list", "--json").out == ""


def test_a_name_can_be_used_once(kb: Command) -> None:
    kb("kb", "create", "Notes")
    result = kb("kb", "create", "notes", "--json")
    assert result.status == 1
    assert result.records[0]["error"]["code"] == "duplicate_name"
    assert "exists already" in result.err


def test_the_list_shows_counts_in_columns(kb: Command, tea: Path) -> None:
    lines = kb("kb", "list").out.splitlines()
    assert lines[0].split() == ["NAME", "DOCUMENTS", "PASSAGES", "EMBEDDER"]
    assert lines[1].split()[:2] == ["茶", "2"]


def test_reindex(kb: Command, tea: Path) -> None:
    result = kb("kb", "reindex", "茶", "--json")
    assert result.status == 0
    assert result.records[0]["status"] == "ready"
    assert result.records[0]["documents"] == 2
    assert kb("search", "茶", "水温", "--json").records[0]["hits"]


@pytest.mark.parametrize(
    "arguments",
    [("kb", "delete", "none", "--yes"), ("documents", "none"), ("search", "none", "x"), ("ask", "none", "x")],
)
def test_an_unknown_base_is_named(kb: Command, arguments: tuple[str, ...]) -> None:
    result = kb(*arguments)
    assert result.status == 1
    assert result.err == 'There is no knowledge base named "none". See them with: kb list\n'


def test_the_data_folder_may_stand_before_or_after_the_command(kb: Command, tmp_path: Path) -> None:
    assert kb("--data-dir", tmp_path / "other", "kb", "create", "one").status == 0
    assert kb("kb", "list", "--json", "--data-dir", tmp_path / "other").records[0]["name"] == "one"
    assert kb("kb", "list", "--json").out == ""


def test_after_a_deletion_nothing_is_left_to_do_or_to_tell(kb: Command, tea: Path, tmp_path: Path) -> None:
    documents = kb("documents", "茶", "--json").records
    assert kb("remove", "茶", documents[0]["document_id"]).status == 0
    assert kb("kb", "list").err == ""
    assert kb("kb", "delete", "茶", "--yes").status == 0
    assert kb("kb", "list").err == ""
    with closing(sqlite3.connect(tmp_path / "data" / "kb.sqlite3")) as database:
        assert database.execute("SELECT kind, state FROM jobs WHERE state IN ('queued', 'running')").fetchall() == []
