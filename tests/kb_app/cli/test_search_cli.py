import json
from pathlib import Path

import pytest
from command_line import Command


def test_one_query(kb: Command, tea: Path) -> None:
    (record,) = kb("search", "茶", "绿茶水温", "-k", "1", "--json").records
    assert list(record) == ["query", "seconds", "hits"]
    assert record["query"] == "绿茶水温"
    (hit,) = record["hits"]
    assert list(hit) == ["rank", "score", "document", "document_id", "chunk_id", "page", "heading", "text"]
    assert hit["rank"] == 1
    assert hit["document"] == "zh/绿茶.md"
    assert "八十度" in hit["text"]


def test_for_people(kb: Command, tea: Path) -> None:
    assert "1. " in kb("search", "茶", "fridge").out
    assert "keeping.txt" in kb("search", "茶", "fridge").out
    assert kb("search", "茶", "quaternions").status == 0


def test_many_queries_in_one_process(kb: Command, tea: Path, tmp_path: Path) -> None:
    queries = tmp_path / "queries.jsonl"
    lines = [{"id": 7, "query": "水温\u2028"}, {"id": "b", "query": "fridge"}]
    queries.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    records = kb("search", "茶", "--queries", queries, "--json").records
    assert [list(record) for record in records] == [["id", "query", "seconds", "hits"]] * 2
    assert [record["id"] for record in records] == [7, "b"]
    assert records[1]["hits"][0]["document"] == "keeping.txt"


@pytest.mark.parametrize("content", [b"not json", b'{"id": 1}', b"[1, 2]", b"\xff\xfe\xff"])
def test_a_queries_file_that_is_none(kb: Command, tea: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "queries.jsonl").write_bytes(content)
    result = kb("search", "茶", "--queries", tmp_path / "queries.jsonl", "--json")
    assert result.status == 1
    assert result.records[0]["error"]["code"] == "queries_file"


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "茶"),
        ("search", "茶", "x", "--queries", "y"),
        ("search", "茶", "x", "-k", "0"),
        ("serch",),
        ("ingest",),
    ],
)
def test_wrong_usage_is_status_2(kb: Command, arguments: tuple[str, ...]) -> None:
    assert kb(*arguments).status == 2
