"""``eval`` as a user and a build server type it."""

from pathlib import Path

import pytest
from command_line import Command


@pytest.fixture
def questions(kb: Command, tea: Path, tmp_path: Path) -> Path:
    file = tmp_path / "茶题.csv"
    file.write_text(
        "question,answer,document,passage,refuse\n绿茶用多少度的水？,八十度,zh/绿茶.md,八十度的水冲泡,\n"
        "Where should green tea be kept?,in the fridge,,,\nWho won the world cup?,,,,yes\n",
        encoding="utf-8",
    )
    assert kb("eval", "import", "茶", file).status == 0
    return file


@pytest.mark.slow
def test_a_run_measures_and_passes_or_fails_its_gate(kb: Command, questions: Path) -> None:
    result = kb("eval", "run", "茶", "--set", "茶题", "--min", "hit@5=0.9", "contains=1", "--json")
    (record,) = result.records
    assert result.status == 0
    assert (record["state"], record["cases"], record["model"], record["set"]) == ("done", 3, "quote", "茶题")
    assert record["metrics"]["hit@5"] == {"mean": 1.0, "low": 1.0, "high": 1.0, "cases": 1}
    assert record["gate"] == {"passed": True, "missed": {}}
    failed = kb("eval", "run", "茶", "--min", "exact_match=0.9", "--json")
    assert failed.status == 1
    assert failed.records[0]["gate"]["missed"]["exact_match"]["min"] == 0.9
    told = kb("eval", "run", "茶", "--label", "second", "--min", "judge_correct=0.5")
    assert told.status == 1
    assert "hit@5" in told.out
    assert "judge_correct is -" in told.err
    (comparison,) = kb("eval", "compare", record["run"], "second", "--json").records
    assert comparison["cases"] == 3
    assert comparison["metrics"]["contains"]["difference"] == 0.0
    assert "metric" in kb("eval", "compare", record["run"][:8], "second").out
    assert [one.get("set") for one in kb("eval", "list", "茶", "--json").records] == ["茶题", "all", "all", "茶题"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("run", "茶", "--set", "nowhere"), "unknown_set"),
        (("run", "茶"), "no_cases"),
        (("compare", "a", "b"), "evaluation_gone"),
        (("import", "茶", "/nowhere.csv"), "queries_file"),
    ],
)
def test_what_cannot_be_done_is_said(kb: Command, tea: Path, arguments: tuple[str, ...], code: str) -> None:
    result = kb("eval", *arguments, "--json")
    assert result.status == 1
    assert result.records[0]["error"]["code"] == code


@pytest.mark.parametrize("least", ["hit@5", "luck=1", "hit@5=nan"])
def test_a_least_value_that_is_none_is_wrong_usage(kb: Command, least: str) -> None:
    result = kb("eval", "run", "茶", "--min", least, "--json")
    assert result.status == 2
    assert result.records[0]["error"]["code"] == "unknown_metric"
    assert "METRIC=VALUE" in result.err


def test_a_run_with_cases_nobody_answered_does_not_pass(
    kb: Command, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_OPENAI_BASE_URL", "http://127.0.0.1:9/v1")  # where nobody listens
    monkeypatch.setenv("KB_OPENAI_API_KEY", "sk-1")
    result = kb("eval", "run", "茶", "--model", "openai/m", "--min", "hit@5=0.1", "--json")
    assert result.records[0]["gate"]["passed"]
    assert result.records[0]["failed"] > 0
    assert result.status == 1
