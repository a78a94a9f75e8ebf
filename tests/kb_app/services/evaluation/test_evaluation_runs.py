"""Runs over a real app without a network: answered, measured, resumed, cancelled, compared, gated, judged."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from waiting import until

from kb_app.app import App, build_app
from kb_app.errors import EvaluationGoneError, ModelReplyError, NoCasesError, NotAJudgeError, UnreachableError
from kb_app.models import (
    CaseResult,
    ChatRequest,
    Correction,
    EvaluationCase,
    EvaluationRun,
    ExpectedPassage,
    Finished,
    RunSettings,
    Token,
)
from kb_app.services.documents.library import Upload
from kb_app.services.evaluation.judging import judge, write_case
from kb_app.services.evaluation.runs import ALL_SETS
from kb_app.services.evaluation.worker import Bench, answer_case
from kb_app.settings import load_settings
from kb_app.storage.evaluation_runs import EvaluationRunRepository, NewRun

GREEN = "绿茶用八十度的水冲泡，水太烫会发苦。"
BLACK = "红茶可以存放三年，要避光防潮。"


class Scripted:
    """A model that says what it is told to, or fails."""

    context_tokens = 8_000
    prompted = True

    def __init__(self, reply: str | Exception) -> None:
        self.model_id = "scripted/one"
        self.reply = reply
        self.requests: list[ChatRequest] = []

    def stream(self, request: ChatRequest) -> "Scripted":
        self.requests.append(request)
        return self

    def __iter__(self):  # type: ignore[no-untyped-def]
        if isinstance(self.reply, Exception):
            raise self.reply
        yield Token(text=self.reply)
        yield Finished(reason="complete")

    def close(self) -> None:
        pass


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    monkeypatch.setenv("KB_OLLAMA_BASE_URL", "http://127.0.0.1:9")
    with build_app(load_settings(tmp_path / "data"), owner=True) as built:
        yield built


@pytest.fixture
def base_id(app: App) -> str:
    base = app.library.create("茶")
    texts = {"绿茶.md": GREEN, "红茶.md": BLACK, "白茶.md": "白茶产于福鼎，采摘在清明前后。"}
    app.jobs.wait(
        app.library.add_files(base.id, [Upload(name=name, data=text.encode()) for name, text in texts.items()])
    )
    return base.id


def fill(app: App, base_id: str) -> str:
    made = app.evaluation.create_set(base_id, "茶题")
    green = ExpectedPassage(document="绿茶.md", text="八十度的水冲泡")
    cases = [
        EvaluationCase(question="绿茶用多少度的水冲泡？", answers=("八十度",), passages=(green,)),
        EvaluationCase(question="红茶可以存放几年？", answers=("三年",)),
        EvaluationCase(question="今年的世界杯冠军是谁？", refuses=True),
        EvaluationCase(question="没有人看过的题？", answers=("?",), status="draft"),
    ]
    app.evaluation.add_cases(made.id, cases)
    return made.id


def ended(app: App, run: EvaluationRun) -> EvaluationRun:
    until(lambda: not app.evaluation_runs.get(run.id).is_active)
    return app.evaluation_runs.get(run.id)


def test_a_run_with_the_quote_model_costs_nothing_and_measures_everything(app: App, base_id: str) -> None:
    set_id = fill(app, base_id)
    estimate = app.evaluation_runs.estimate(base_id, set_id, RunSettings())
    assert (estimate.cases, estimate.calls, estimate.prompt_tokens, estimate.price) == (3, 0, 0, 0.0)
    run = ended(app, app.evaluation_runs.start(base_id, set_id, RunSettings(min_metrics={"hit@1": 1.0, "bleu": 1.0})))
    assert (run.state, run.done, run.total, run.failed, run.set_name) == ("done", 3, 3, 0, "茶题")
    assert run.summary["hit@1"].mean == run.summary["mrr"].mean == 1.0
    assert run.summary["contains"].mean == 1.0
    assert run.summary["contains"].cases == 2
    assert run.summary["citation_recall"].mean == 1.0
    assert run.summary["correct_refusal"].mean == 1.0
    assert 0 < run.summary["rougeL"].low <= run.summary["rougeL"].mean < 1
    gate = app.evaluation_runs.gate(run)
    assert not gate.passed
    assert list(gate.missed) == ["bleu"]
    green, _, refused = app.evaluation_runs.results(run.id)
    assert "八十度" in green.answer
    assert green.cited == (1,)
    assert refused.status == "no_sources"


def test_a_language_model_costs_calls_and_is_asked_alone(
    app: App, base_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Scripted("应当用八十度的水 [1]，见 [7]。")
    bench = bench_of(app, model, monkeypatch)
    estimate = app.evaluation_runs.estimate(base_id, fill(app, base_id), RunSettings(model_id="scripted/one"))
    assert estimate.calls == 3
    assert estimate.prompt_tokens > 0
    assert estimate.price is None
    case = EvaluationCase(question="绿茶用多少度的水冲泡？", answers=("八十度",))
    result = answer_case(bench, run_of(base_id, "scripted/one"), 0, case)
    assert (result.answer, result.cited, result.reused_id) == ("应当用八十度的水 [1]，见。", (1,), None)
    assert GREEN in model.requests[0].messages[0].content
    assert result.metrics["contains"] == 1.0


def run_of(base_id: str, model_id: str, judge_id: str = "") -> EvaluationRun:
    settings = RunSettings(model_id=model_id, judge_id=judge_id)
    return EvaluationRun(id="r", base_id=base_id, set_id="", name="1", kind="run", settings=settings)


def bench_of(app: App, model: Scripted, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return the app's own bench, whose models are ``model`` and quote."""
    known = app.models.chat
    monkeypatch.setattr(
        app.models._registry, "chat_model", lambda name: model if name == model.model_id else app_quote(known, name)
    )
    return app._evaluation_worker._bench


def app_quote(known, name):  # type: ignore[no-untyped-def]
    from kb_app.providers.quote import QuoteModel

    assert name == "quote"
    return QuoteModel()


def test_a_correction_is_counted_apart_and_the_model_alone_is_measured(app: App, base_id: str) -> None:
    draft = Correction(id="", base_id=base_id, question="绿茶用多少度的水冲泡？", chosen="七十五度", rejected="八十度")
    app.corrections.approve(app.corrections.create(draft).id, "me")
    run = ended(app, app.evaluation_runs.start(base_id, ALL_SETS, RunSettings()))
    assert (run.done, run.reused) == (1, 1)
    (result,) = app.evaluation_runs.results(run.id)
    assert "七十五度" not in result.answer
    assert run.summary["contains"].mean == 0.0


def test_what_was_exported_for_training_is_left_out_with_its_near_duplicates(
    app: App, base_id: str, tmp_path: Path
) -> None:
    from kb_app.services.training.exporting import ExportRequest

    set_id = fill(app, base_id)
    draft = Correction(id="", base_id=base_id, question="请问绿茶用几度的水冲泡", chosen="八十度")
    app.corrections.approve(app.corrections.create(draft).id, "me")
    app.exports.write(ExportRequest(base_id=base_id, format="alpaca"), tmp_path / "out")
    cases, left_out = app.evaluation_runs.cases(base_id, set_id)
    assert ([case.question for case in cases], left_out) == (["红茶可以存放几年？", "今年的世界杯冠军是谁？"], 1)
    corrections = app.evaluation.find(base_id, "corrections")
    assert corrections is not None
    with pytest.raises(NoCasesError):
        app.evaluation_runs.start(base_id, corrections.id, RunSettings())


def test_a_model_that_fails_fails_its_case_only(app: App, base_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of(app, Scripted(UnreachableError("down", provider="scripted", address="x")), monkeypatch)
    case = EvaluationCase(question="绿茶用多少度的水冲泡？", answers=("八十度",))
    result = answer_case(bench, run_of(base_id, "scripted/one"), 0, case)
    assert result.status == "failed"
    assert result.error is not None
    assert result.error.code == "unreachable"
    assert result.metrics == {}


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_OLLAMA_BASE_URL", "http://127.0.0.1:9")
    settings = load_settings(tmp_path / "data")
    with build_app(settings, owner=True) as first:
        base = first.library.create("空")
        runs = EvaluationRunRepository(first._database)
        first._evaluation_worker.close()
        cases = [EvaluationCase(id=str(number), question=f"问题{number}？", refuses=True) for number in range(3)]
        run_id = runs.create(NewRun(base.id, "", "", "1", "run", RunSettings(), cases))
        assert runs.claim() is not None
        runs.save(run_id, CaseResult(position=0, case=cases[0], answer="以前的", status="no_sources"))
    with build_app(settings, owner=True) as second:
        assert "evaluation" not in {thread.name for thread in threading.enumerate()}, "not by any other command"
        assert second.evaluation_runs.get(run_id).state == "running"
        second.resume_evaluation()
        run = ended(second, second.evaluation_runs.get(run_id))
        results = second.evaluation_runs.results(run_id)
    assert (run.state, run.done) == ("done", 3)
    assert [result.answer == "以前的" for result in results] == [True, False, False]


def test_cancelling_keeps_what_is_answered_and_deleting_forgets_it(app: App, base_id: str) -> None:
    app._evaluation_worker.close()
    run = app.evaluation_runs.start(base_id, fill(app, base_id), RunSettings(), "  前  ")
    assert run.name == "前"
    app.evaluation_runs.cancel(run.id)
    assert app.evaluation_runs.get(run.id).state == "cancelled"
    app.evaluation_runs.delete(run.id)
    with pytest.raises(EvaluationGoneError):
        app.evaluation_runs.get(run.id)


def test_comparing_shows_what_got_better_and_what_broke(app: App, base_id: str) -> None:
    app._evaluation_worker.close()
    runs = EvaluationRunRepository(app._database)
    cases = [EvaluationCase(id=str(number), question=f"q{number}", answers=("a",)) for number in range(4)]
    ids = []
    for name, values in (("old", (0.0, 0.0, 1.0, 0.5)), ("new", (1.0, 1.0, 0.0, 0.5))):
        run_id = runs.create(NewRun(base_id, "", "", name, "run", RunSettings(), cases))
        for position, value in enumerate(values):
            runs.save(run_id, CaseResult(position=position, case=cases[position], metrics={"contains": value}))
        runs.finish(run_id, "done")
        ids.append(run_id)
    found = app.evaluation_runs.compare(*ids)
    assert found.metrics["contains"].difference.mean == 0.25
    better, worse = found.changed("contains")
    assert [second.case.question for _, second in better] == ["q0", "q1"]
    assert [first.case.question for first, _ in worse] == ["q2"]
    assert app.evaluation_runs.find("new").id == ids[1]
    assert app.evaluation_runs.find(ids[0][:8]).id == ids[0]


def test_a_judge_gives_marks_or_nothing(app: App, base_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Scripted('```json\n{"correct": 4, "faithful": 3, "relevant": 2, "reason": "还行"}\n```')
    bench = bench_of(app, model, monkeypatch)
    case = EvaluationCase(question="绿茶用多少度的水冲泡？", answers=("八十度</expected>",))
    result = answer_case(bench, run_of(base_id, "quote", "scripted/one"), 0, case)
    assert result.judgement is not None
    assert result.judgement.reason == "还行"
    assert [result.metrics[f"judge_{name}"] for name in ("correct", "faithful", "relevant")] == [1.0, 0.75, 0.5]
    prompt = model.requests[0].messages[0].content
    assert prompt.count("</expected>") == 1
    for reply in (
        "4",
        "[]",
        "很好",
        '{"correct": 5, "faithful": 0, "relevant": 0}',
        '{"correct": true}',
        '{"correct": "4"}',
    ):
        model.reply = reply
        with pytest.raises(ModelReplyError):
            judge(bench.calls, "scripted/one", replace(result, judgement=None))
    unmarked = answer_case(bench, run_of(base_id, "quote", "scripted/one"), 0, case)
    assert unmarked.error is not None
    assert "judge_correct" not in unmarked.metrics
    assert "contains" in unmarked.metrics
    with pytest.raises(NotAJudgeError):
        app.evaluation_runs.start(base_id, fill(app, base_id), RunSettings(judge_id="quote"))


def test_generated_questions_wait_for_a_person(app: App, base_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Scripted(json.dumps({"question": "绿茶的水温？", "answer": "八十度"}))
    bench = bench_of(app, model, monkeypatch)
    long = "龙井茶的采摘在清明之前，以一芽一叶为上品，炒制时锅温先高后低，手法有抖、搭、捺、甩等十种。" * 3
    app.jobs.wait(app.library.add_files(base_id, [Upload(name="龙井.md", data=long.encode())]))
    made = app.evaluation.create_set(base_id, "出题")
    run = ended(app, app.evaluation_runs.generate(made.id, "scripted/one", 5))
    assert (run.state, run.done) == ("done", 1)
    (case,) = app.evaluation.cases(made.id)
    assert (case.origin, case.status, case.passages[0].document) == ("generated", "draft", "龙井.md")
    with pytest.raises(NoCasesError):
        app.evaluation_runs.start(base_id, made.id, RunSettings())
    with pytest.raises(NotAJudgeError):
        app.evaluation_runs.generate(made.id, "quote", 5)
    model.reply = '{"question": "", "answer": "x"}'
    (chunk,) = [chunk for chunk in bench.chunks(base_id) if chunk.document_name == "龙井.md"]
    with pytest.raises(ModelReplyError):
        write_case(bench.calls, "scripted/one", chunk)
