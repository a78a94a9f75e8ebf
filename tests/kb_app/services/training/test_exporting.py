"""Exports over a real database: every format, the split, what is refused, what is remembered."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kb_app.errors import ExportEmptyError, ExportFolderError, ExportRefusedError, ExportSplitError
from kb_app.models import ChatMessage, Correction, Message, NewTurn, Rating, Source
from kb_app.services.evaluation.question_groups import SplitShares
from kb_app.services.prompting.store import Prompts
from kb_app.services.training.exporting import USUAL_SPLIT, ExportRequest, Exports
from kb_app.services.training.formats import FORMATS, ExportFormat
from kb_app.storage.bases import BaseRepository
from kb_app.storage.conversations import ConversationRepository
from kb_app.storage.corrections import CorrectionRepository
from kb_app.storage.database import Database
from kb_app.storage.migrate import migrate
from kb_app.storage.prompts import PromptRepository
from kb_app.storage.rated_answers import RatedAnswers
from kb_app.storage.tables import KnowledgeBaseRow
from kb_app.storage.training import TrainingRepository

BASE = "b"
PASSAGE = Source(
    marker=1, base_id=BASE, document_id="d", document="绿茶.md", chunk_id="d:0", text="绿茶用八十度的水冲泡", score=0.9
)
HISTORY = (ChatMessage(role="user", content="怎么泡茶？"), ChatMessage(role="assistant", content="看茶的种类 [1]。"))


class Desk:
    """The service and what it reads."""

    def __init__(self, database: Database) -> None:
        self.corrections = CorrectionRepository(database)
        self.conversations = ConversationRepository(database)
        self.training = TrainingRepository(database)
        self.exports = Exports(
            BaseRepository(database),
            self.corrections,
            RatedAnswers(database, self.conversations),
            self.training,
            Prompts(PromptRepository(database)),
        )

    def add(self, question: str = "绿茶用多少度的水？", **more: object) -> Correction:
        plain = Correction(
            id="", base_id=BASE, question=question, chosen="八十度 [1]。", rejected="一百度[1]。", sources=(PASSAGE,)
        )
        return self.corrections.add([replace(plain, **{"status": "approved", **more})])[0]  # type: ignore[arg-type]

    def rows(self, name: ExportFormat, **more: object) -> list[dict]:
        plan = self.exports.plan(ExportRequest(base_id=BASE, format=name, **more))  # type: ignore[arg-type]
        data = self.exports.files(plan)[f"train.{FORMATS[name].ending}"].decode()
        if FORMATS[name].ending == "json":
            return json.loads(data)
        if FORMATS[name].ending == "csv":
            return list(csv.DictReader(io.StringIO(data)))
        return [json.loads(line) for line in data.splitlines()]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    database = Database(tmp_path / "kb.sqlite3")
    migrate(database)
    made_by = {"embedder": "builtin", "dimension": 8, "analyzer_version": 1, "chunking_version": 1}
    sizes = {"chunk_size_units": 300, "chunk_overlap_units": 30}
    with database.write() as session:
        session.add(KnowledgeBaseRow(id=BASE, name="茶", name_key="茶", created_at="2026", **made_by, **sizes))
    yield Desk(database)
    database.close()


def test_every_format_has_its_trainers_fields(desk: Desk) -> None:
    desk.add(history=HISTORY)
    user, assistant = {"role": "user"}, {"role": "assistant"}
    messages = [
        {**user, "content": "怎么泡茶？"},
        {**assistant, "content": "看茶的种类。"},
        {**user, "content": "绿茶用多少度的水？"},
    ]
    right, wrong = {**assistant, "content": "八十度。"}, {**assistant, "content": "一百度。"}
    turns = [
        {"from": "human", "value": "怎么泡茶？"},
        {"from": "gpt", "value": "看茶的种类。"},
        {"from": "human", "value": "绿茶用多少度的水？"},
    ]
    alpaca = {"instruction": "绿茶用多少度的水？", "input": "", "history": [["怎么泡茶？", "看茶的种类。"]]}
    assert desk.rows("alpaca") == [{**alpaca, "output": "八十度。"}]
    assert desk.rows("dpo-alpaca") == [{**alpaca, "chosen": "八十度。", "rejected": "一百度。"}]
    assert desk.rows("sharegpt") == [{"conversations": [*turns, {"from": "gpt", "value": "八十度。"}]}]
    assert desk.rows("openai") == [{"messages": [*messages, right]}]
    assert desk.rows("dpo") == [{"prompt": messages, "chosen": [right], "rejected": [wrong]}]
    assert desk.rows("dpo-sharegpt") == [
        {
            "conversations": turns,
            "chosen": {"from": "gpt", "value": "八十度。"},
            "rejected": {"from": "gpt", "value": "一百度。"},
        }
    ]
    (openai,) = desk.rows("dpo-openai")
    assert openai["input"]["messages"] == messages
    assert (openai["preferred_output"], openai["non_preferred_output"]) == ([right], [wrong])
    assert desk.rows("kto") == [
        {"prompt": messages, "completion": [right], "label": True},
        {"prompt": messages, "completion": [wrong], "label": False},
    ]
    assert [row["label"] for row in desk.rows("kto-sharegpt")] == [True, False]


def test_context_is_the_apps_own_prompt_with_every_passage_under_its_number(desk: Desk) -> None:
    added = replace(PASSAGE, marker=1, chunk_id="d:5", text="水太烫会发苦")
    desk.add(support=(PASSAGE, added), chosen="八十度 [1]，太烫会发苦 [2]，见 [9]。")
    (row,) = desk.rows("openai", with_context=True)
    system, _, answer = row["messages"]
    assert '<passage id="1" from="绿茶.md">\n绿茶用八十度的水冲泡\n</passage>' in system["content"]
    assert '<passage id="2" from="绿茶.md">\n水太烫会发苦\n</passage>' in system["content"]
    assert answer["content"] == "八十度 [1]，太烫会发苦 [2]，见。"
    (row,) = desk.rows("alpaca", with_context=True)
    assert row["system"] == system["content"]


def test_thinking_is_no_training_data(desk: Desk) -> None:
    desk.add(rejected="<think>嗯</think>\n一百度", chosen="八十度")
    assert desk.rows("dpo-alpaca")[0]["rejected"] == "一百度"


def test_a_spreadsheet_takes_no_cell_for_a_formula(desk: Desk) -> None:
    desk.add('=HYPERLINK("http://x")', chosen='-1,\n"两"', note="@me")
    (row,) = desk.rows("csv")
    assert row["question"] == '\'=HYPERLINK("http://x")'
    assert row["answer"] == '\'-1,\n"两"'
    assert row["note"] == "'@me"


def test_a_table_reads_back_with_a_lone_return_and_with_a_very_long_answer(desk: Desk) -> None:
    desk.add("一？", chosen="上\r下")
    desk.add("二？", chosen="长" * 140_000)
    (table,) = (
        data
        for name, data in desk.exports.files(desk.exports.plan(ExportRequest(base_id=BASE, format="csv"))).items()
        if name == "train.csv"
    )
    assert '"上\r下"'.encode() in table


@pytest.mark.parametrize(
    ("name", "change", "kind"),
    [
        ("dpo", {"rejected": ""}, "no_rejected"),
        ("dpo-openai", {"rejected": " 八十度 [1]。"}, "same_answers"),
        ("alpaca", {"chosen": "<think>嗯"}, "empty_answer"),
        ("sharegpt", {"history": HISTORY[:1]}, "odd_history"),
        ("openai", {"history": HISTORY[::-1]}, "odd_history"),
    ],
)
def test_what_a_trainer_would_drop_is_refused_with_the_reason(
    desk: Desk, name: ExportFormat, change: dict, kind: str
) -> None:
    bad = desk.add("绿茶用多少度的水？", **change)
    desk.add("乌龙茶的产地在哪里？")
    plan = desk.exports.plan(ExportRequest(base_id=BASE, format=name))
    with pytest.raises(ExportRefusedError) as caught:
        desk.exports.files(plan)
    assert caught.value.problems == ((bad.id, bad.question, kind),)
    plan = desk.exports.plan(ExportRequest(base_id=BASE, format=name, leave_out=True))
    facts = json.loads(desk.exports.files(plan)["manifest.json"])
    assert facts["examples"] == 1
    assert facts["left_out"] == [{"id": bad.id, "question": bad.question, "reason": kind}]


def test_context_without_passages_is_refused_but_for_a_refusal(desk: Desk) -> None:
    desk.add(sources=())
    desk.add("天气怎么样？", sources=(), reasons=("should_decline",), chosen="资料里没有。")
    plan = desk.exports.plan(ExportRequest(base_id=BASE, format="alpaca", with_context=True))
    assert [one.kind for one in plan.problems] == ["no_passages"]


def test_drafts_and_outdated_corrections_stay_at_home(desk: Desk) -> None:
    desk.add("草稿", status="draft")
    request = ExportRequest(base_id=BASE, format="alpaca")
    with pytest.raises(ExportEmptyError):
        desk.exports.files(desk.exports.plan(request))
    stale = desk.add("过期")
    desk.corrections.move(stale.id, "document_removed", [])
    plan = desk.exports.plan(request)
    assert (len(plan.examples), plan.stale_count) == (0, 1)
    assert len(desk.exports.plan(replace(request, include_stale=True)).examples) == 1


def test_near_duplicates_never_straddle_and_new_items_move_nothing(desk: Desk) -> None:
    for number in range(60):
        desk.add(f"第{number}号茶园的产量是多少？")
        desk.add(f"请问第{number}号茶园的产量是几吨")
    request = ExportRequest(base_id=BASE, format="alpaca", shares=USUAL_SPLIT, seed=1)
    plan = desk.exports.plan(request)
    splits = {example.question: example.split for example in plan.examples}
    assert plan.group_count == 60
    assert set(plan.counts) == {"train", "validation", "test"}
    for number in range(60):
        assert splits[f"第{number}号茶园的产量是多少？"] == splits[f"请问第{number}号茶园的产量是几吨"]
    first = next(iter(desk.corrections.all(base_ids=[BASE])))
    desk.corrections.save(replace(first, status="archived"), "me")
    for number in range(60, 80):
        desk.add(f"第{number}号茶园的产量是多少？")
    again = {example.question: example.split for example in desk.exports.plan(request).examples}
    assert {question: again[question] for question in splits if question in again} == {
        question: split for question, split in splits.items() if question in again
    }


@pytest.mark.parametrize("shares", [(0.5, 0.1, 0.1), (1.5, -0.25, -0.25)])
def test_shares_that_are_none_are_refused(desk: Desk, shares: tuple[float, float, float]) -> None:
    with pytest.raises(ExportSplitError):
        desk.exports.plan(ExportRequest(base_id=BASE, format="csv", shares=SplitShares(*shares)))


def test_personal_data_is_listed_and_masked_on_request(desk: Desk) -> None:
    desk.add(chosen="请打 13812345678", rejected="请写信给 a@example.com")
    plan = desk.exports.plan(ExportRequest(base_id=BASE, format="dpo"))
    assert [one.kind for one in plan.personal_data] == ["phone", "email"]
    # What a format does not hold is not looked through.
    assert len(desk.exports.plan(ExportRequest(base_id=BASE, format="alpaca")).personal_data) == 1
    (row,) = desk.rows("dpo", mask=True)
    assert row["chosen"][0]["content"] == "请打 [PHONE_1]"
    # Answers that differ in their numbers only still differ: each number has a placeholder of its own.
    desk.add("另一个问题？", chosen="请打 13912345678", rejected="请打 13812345678")
    assert desk.rows("dpo", mask=True)[1]["rejected"][0]["content"] == "请打 [PHONE_1]"


def test_what_is_left_out_is_masked_in_the_manifest_too(desk: Desk) -> None:
    desk.add()
    desk.add("13812345678 是谁的电话？", rejected="")
    plan = desk.exports.plan(ExportRequest(base_id=BASE, format="dpo", leave_out=True, mask=True))
    manifest = desk.exports.files(plan)["manifest.json"].decode()
    assert "[PHONE_1] 是谁的电话？" in manifest
    assert "13812345678" not in manifest


def test_a_folder_holds_the_data_its_register_its_manifest_and_its_card(desk: Desk, tmp_path: Path) -> None:
    desk.add()
    out = tmp_path / "out"
    desk.exports.write(ExportRequest(base_id=BASE, format="alpaca"), out)
    assert sorted(path.name for path in out.iterdir()) == [
        "README.md",
        "dataset_info.json",
        "manifest.json",
        "train.json",
    ]
    info = json.loads((out / "dataset_info.json").read_text())
    assert info == {
        "kb_alpaca_train": {
            "file_name": "train.json",
            "columns": {"prompt": "instruction", "query": "input", "response": "output"},
        }
    }
    facts = json.loads((out / "manifest.json").read_text())
    assert facts["counts"] == {"train": 1}
    assert facts["context"].startswith("neither")
    assert {entry["name"] for entry in facts["files"]} == {"train.json", "dataset_info.json", "README.md"}
    assert facts["files"][0]["examples"] == 1
    assert not (out / "train.json").read_bytes().startswith(b"\xef\xbb\xbf")
    # Another export replaces it whole; a folder with anything else in it is not touched.
    desk.exports.write(ExportRequest(base_id=BASE, format="dpo"), out)
    assert not (out / "train.json").exists()
    (tmp_path / "extension").mkdir()
    (tmp_path / "extension" / "manifest.json").write_text('{"manifest_version": 3}')
    (tmp_path / "extension" / "README.md").write_text("mine")
    with pytest.raises(ExportFolderError):
        desk.exports.write(ExportRequest(base_id=BASE, format="dpo"), tmp_path / "extension")
    assert (tmp_path / "extension" / "README.md").read_text() == "mine"
    (out / "thesis.docx").write_text("mine")
    with pytest.raises(ExportFolderError):
        desk.exports.write(ExportRequest(base_id=BASE, format="dpo"), out)


def test_what_was_handed_out_is_remembered_but_not_tables_for_reading(desk: Desk, tmp_path: Path) -> None:
    tea = desk.add()
    desk.exports.write(ExportRequest(base_id=BASE, format="csv"), tmp_path / "table")
    assert desk.training.items(BASE) == {}
    plan = desk.exports.plan(ExportRequest(base_id=BASE, format="kto"))
    archive = zipfile.ZipFile(io.BytesIO(desk.exports.zipped(plan)))
    assert "train.jsonl" in archive.namelist()
    assert desk.training.items(BASE) == {}
    desk.exports.record(plan)
    assert desk.training.items(BASE) == {tea.id: (tea.question, "train")}


def test_rated_answers_are_labelled_examples_unless_they_were_corrected(desk: Desk) -> None:
    answers = {}
    for question, verdict in (("产地？", "good"), ("水温？", "bad")):
        turn = desk.conversations.start_turn(
            NewTurn(conversation_id=None, question=question, title=question, base_ids=(BASE,), model_id="quote")
        )
        answer = Message(
            id=turn.answer_id,
            conversation_id=turn.conversation_id,
            role="assistant",
            text=f"答{question} [1]",
            sources=(PASSAGE,),
        )
        desk.conversations.save_answer(answer)
        desk.conversations.rate(turn.answer_id, Rating(verdict=verdict))  # type: ignore[arg-type]
        answers[question] = turn.answer_id
    rows = desk.rows("kto")
    assert [(row["prompt"][-1]["content"], row["completion"][0]["content"], row["label"]) for row in rows] == [
        ("产地？", "答产地？", True),
        ("水温？", "答水温？", False),
    ]
    desk.add("水温？", message_id=answers["水温？"])
    assert [row["completion"][0]["content"] for row in desk.rows("kto")] == ["八十度。", "一百度。", "答产地？"]


def test_a_rated_answer_belongs_to_the_base_its_passages_come_from(desk: Desk) -> None:
    asked = {"model_id": "quote", "title": "t"}
    turn = desk.conversations.start_turn(NewTurn(conversation_id=None, question="密？", base_ids=("other",), **asked))
    secret = replace(PASSAGE, base_id="other", document_id="x")
    answer = Message(
        id=turn.answer_id,
        conversation_id=turn.conversation_id,
        role="assistant",
        text="机密",
        status="complete",
        sources=(secret,),
    )
    desk.conversations.save_answer(answer)
    desk.conversations.rate(turn.answer_id, Rating(verdict="good"))
    desk.conversations.start_turn(
        NewTurn(conversation_id=turn.conversation_id, question="水温？", base_ids=(BASE,), **asked)
    )
    assert not desk.exports.plan(ExportRequest(base_id=BASE, format="kto")).examples
