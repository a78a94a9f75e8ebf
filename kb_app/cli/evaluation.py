"""``eval run NAME``, ``eval compare A B``, ``eval import NAME FILE``, ``eval list NAME``."""

import argparse
import math
import time
from pathlib import Path

from kb_app.cli.commands import Commands, at_least_one
from kb_app.cli.console import Console, Record
from kb_app.cli.errors import QueriesFileError, UnknownMetricError, UnknownSetError
from kb_app.cli.session import Session
from kb_app.evaluation.scoring import METRICS
from kb_app.evaluation.statistics import Comparison
from kb_app.models import EvaluationRun, MetricSummary, RunEstimate, RunSettings
from kb_app.services.evaluation.runs import ALL_SETS, Gate, RunComparison

_POLL_S = 0.1


def register(commands: Commands) -> None:
    """Declare the commands."""
    group = commands.group("eval")
    run = group.add("run", _run, help_key="eval_run").option("name", help_key="name")
    run.option("--model", default="quote", metavar="ID", help_key="model")
    run.option("--set", metavar="SET", help_key="eval_set")
    run.option("--judge", default="", metavar="ID", help_key="eval_judge")
    run.option("-k", dest="top_k", type=at_least_one, default=0, metavar="N", help_key="eval_top_k")
    run.option("--label", default="", metavar="TEXT", help_key="eval_label")
    run.option("--min", nargs="+", action="extend", default=[], metavar="METRIC=VALUE", help_key="eval_min").json()
    both = group.add("compare", _compare, help_key="eval_compare").option("first", metavar="A", help_key="eval_first")
    both.option("second", metavar="B", help_key="eval_second").json()
    load = group.add("import", _import, help_key="eval_import").option("name", help_key="name")
    load.option("file", type=Path, metavar="FILE", help_key="eval_file")
    load.option("--set", metavar="SET", help_key="eval_into").json()
    group.add("list", _list, help_key="eval_list").option("name", help_key="name").json()


def _run(args: argparse.Namespace, console: Console) -> int:
    least = _least(args.min)
    with Session(args, console) as session:
        app = session.app
        base = session.base(args.name)
        set_id = _set_id(session, base.id, args.set)
        settings = RunSettings(
            model_id=args.model,
            top_k=args.top_k or app.settings.top_k,
            judge_id=args.judge,
            min_metrics=least,
        )
        _say_cost(app.evaluation_runs.estimate(base.id, set_id, settings), console)
        run = app.evaluation_runs.start(base.id, set_id, settings, args.label)
        run = _follow(session, run, console)
        gate = session.app.evaluation_runs.gate(run)
    _report(run, gate, console)
    # The means are those of the cases that were answered: with some that were not, they prove nothing.
    return int(run.state != "done" or run.failed > 0 or not gate.passed)


def _least(given: list[str]) -> dict[str, float]:
    """Return metric -> least mean. Raises UnknownMetricError."""
    least = {}
    for text in given:
        name, _, value = text.partition("=")
        try:
            least[name] = float(value)
        except ValueError as error:
            raise UnknownMetricError(text, name=text, known=", ".join(METRICS)) from error
        if name not in METRICS or not math.isfinite(least[name]):
            raise UnknownMetricError(text, name=name, known=", ".join(METRICS))
    return least


def _set_id(session: Session, base_id: str, name: str | None) -> str:
    """Return the id of a set by its name; all sets without one. Raises UnknownSetError."""
    if name is None:
        return ALL_SETS
    found = session.app.evaluation.find(base_id, name)
    if found is None:
        raise UnknownSetError(name, name=name)
    return found.id


def _follow(session: Session, run: EvaluationRun, console: Console) -> EvaluationRun:
    """Return the run when it has ended, done by the owner of the data folder while it has one; Ctrl-C cancels it."""
    try:
        while (run := session.app.evaluation_runs.get(run.id)).is_active:
            console.progress(console.text("cli.eval.running", done=run.done, total=run.total))
            if session.take_over():
                session.app.resume_evaluation()
            time.sleep(_POLL_S)
    except KeyboardInterrupt:
        session.app.evaluation_runs.cancel(run.id)
        raise
    return run


def _say_cost(estimate: RunEstimate, console: Console) -> None:
    if estimate.calls:
        tokens = estimate.prompt_tokens + estimate.completion_tokens
        console.note("cli.eval.cost", cases=estimate.cases, calls=estimate.calls, tokens=tokens)
    if estimate.price:
        console.note("cli.eval.price", price=f"{estimate.price:.2f}", currency=estimate.currency)


def _report(run: EvaluationRun, gate: Gate, console: Console) -> None:
    if console.as_json:
        console.record(
            {
                **_record(run, console),
                "gate": {
                    "passed": gate.passed,
                    "missed": {name: {"mean": mean, "min": least} for name, (mean, least) in gate.missed.items()},
                },
            }
        )
        return
    console.line(console.text("cli.eval.done", name=run.name, count=run.done, model=run.settings.model_id))
    console.table([[name, *_cells(one)] for name, one in run.summary.items()] or [[""]])
    for key, count in (("reused", run.reused), ("left_out", run.left_out), ("failed", run.failed)):
        if count:
            console.note(f"cli.eval.{key}", count=count)
    if run.error is not None:
        console.remark(console.sentences(run.error))
    for name, (mean, least) in gate.missed.items():
        reached = "-" if mean is None else f"{mean:.3f}"
        console.note("cli.eval.missed", name=name, mean=reached, least=f"{least:g}")


def _cells(one: MetricSummary) -> list[str]:
    return [f"{one.mean:.3f}", f"[{one.low:.3f}, {one.high:.3f}]", f"n={one.cases}"]


def _record(run: EvaluationRun, console: Console) -> Record:
    return {
        "run": run.id,
        "name": run.name,
        "set": run.set_name or "all",
        "model": run.settings.model_id,
        "state": run.state,
        "cases": run.done,
        "reused": run.reused,
        "left_out": run.left_out,
        "failed": run.failed,
        "metrics": {
            name: {"mean": one.mean, "low": one.low, "high": one.high, "cases": one.cases}
            for name, one in run.summary.items()
        },
        "error": console.error_record(run.error),
    }


def _compare(args: argparse.Namespace, console: Console) -> int:
    with Session(args, console) as session:
        runs = session.app.evaluation_runs
        comparison = runs.compare(runs.find(args.first).id, runs.find(args.second).id)
    if args.json:
        console.record(_comparison_record(comparison))
        return 0
    console.line(console.text("cli.eval.compared", count=len(comparison.pairs)))
    rows = [[name, *_change(one)] for name, one in comparison.metrics.items()]
    console.table(
        [[console.text(f"cli.eval.head_{head}") for head in ("metric", "change", "interval", "cases")], *rows]
    )
    return 0


def _change(one: Comparison) -> list[str]:
    mark = " *" if one.is_significant else ""
    change = one.difference
    return [
        f"{change.mean:+.3f}{mark}",
        f"[{change.low:+.3f}, {change.high:+.3f}]",
        f"+{one.better} -{one.worse} ={one.same}",
    ]


def _comparison_record(comparison: RunComparison) -> Record:
    return {
        "first": comparison.first.id,
        "second": comparison.second.id,
        "cases": len(comparison.pairs),
        "metrics": {
            name: {
                "difference": one.difference.mean,
                "low": one.difference.low,
                "high": one.difference.high,
                "p_value": one.p_value,
                "better": [second.case.question for _, second in comparison.changed(name)[0]],
                "worse": [second.case.question for _, second in comparison.changed(name)[1]],
                "same": one.same,
            }
            for name, one in comparison.metrics.items()
        },
    }


def _import(args: argparse.Namespace, console: Console) -> int:
    try:
        data = args.file.read_bytes()
    except OSError as error:
        raise QueriesFileError(str(error), file=str(args.file), problem=str(error)) from error
    with Session(args, console) as session:
        base = session.base(args.name)
        done = session.app.evaluation.import_questions(base.id, args.set or args.file.stem, data, args.file.name)
    if args.json:
        console.record({"set": args.set or args.file.stem, **done._asdict()})
    else:
        console.line(console.text("cli.eval.imported", count=done.added, known=done.known))
        if done.without_passage:
            console.line(console.text("cli.eval.without_passage", count=done.without_passage))
    return 0


def _list(args: argparse.Namespace, console: Console) -> int:
    with Session(args, console) as session:
        base = session.base(args.name)
        sets = session.app.evaluation.sets(base.id)
        runs = [run for run in session.app.evaluation_runs.all(base.id) if run.kind == "run"]
    if args.json:
        for one in sets:
            console.record({"set": one.name, "id": one.id, "cases": one.case_count, "drafts": one.draft_count})
        for run in runs:
            console.record(_record(run, console))
    else:
        for one in sets:
            console.line(console.text("cli.eval.set", name=one.name, count=one.case_count))
        for run in runs:
            console.line(f"{run.id[:8]}  {run.name}  {run.settings.model_id}  {run.state}  {run.done}/{run.total}")
    return 0
