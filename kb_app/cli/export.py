"""``corrections export NAME --format FORMAT --out DIR``."""

import argparse
from pathlib import Path

from kb_app.cli.commands import Commands
from kb_app.cli.console import Console, clip
from kb_app.cli.session import Session
from kb_app.errors import ExportRefusedError, ExportSplitError
from kb_app.services.evaluation.question_groups import SplitShares
from kb_app.services.training.exporting import ALL_TRAIN, ExportPlan, ExportRequest
from kb_app.services.training.formats import FORMATS

_SHOWN = 20
_PARTS = 3


def register_export(group: Commands) -> None:
    """Declare the command in the group ``corrections``."""
    command = group.add("export", _export, help_key="corrections_export").option("name", help_key="name")
    command.option("--format", required=True, choices=tuple(FORMATS), help_key="export_format")
    command.option("--out", required=True, type=Path, metavar="DIR", help_key="export_out")
    command.option("--split", metavar="0.8/0.1/0.1", help_key="export_split")
    command.option("--seed", type=int, default=42, metavar="N", help_key="export_seed")
    command.option("--with-context", action="store_true", help_key="export_with_context")
    command.option("--mask", action="store_true", help_key="export_mask")
    command.option("--include-stale", action="store_true", help_key="export_include_stale")
    command.option("--leave-out", action="store_true", help_key="export_leave_out").json()


def parse_shares(text: str | None) -> SplitShares:
    """Return the shares of ``0.8/0.1/0.1``; None is no split. Raises ExportSplitError."""
    if text is None:
        return ALL_TRAIN
    try:
        shares = [float(part) for part in text.split("/")]
    except ValueError as error:
        raise ExportSplitError(text, shares=text) from error
    if len(shares) != _PARTS:
        raise ExportSplitError(text, shares=text)
    return SplitShares(*shares)


def _export(args: argparse.Namespace, console: Console) -> int:
    shares = parse_shares(args.split)
    with Session(args, console) as session:
        request = ExportRequest(
            base_id=session.base(args.name).id,
            format=args.format,
            shares=shares,
            seed=args.seed,
            with_context=args.with_context,
            mask=args.mask,
            include_stale=args.include_stale,
            leave_out=args.leave_out,
        )
        try:
            plan = session.app.exports.write(request, args.out)
        except ExportRefusedError as error:
            for name, question, kind in error.problems[:_SHOWN]:
                console.remark(f"{name}  {clip(question, 60)}  {console.text(f'export.problem.{kind}')}")
            raise
    _report(plan, args, console)
    return 0


def _report(plan: ExportPlan, args: argparse.Namespace, console: Console) -> None:
    if args.json:
        console.record(
            {
                "format": plan.request.format,
                "out": str(args.out),
                "examples": len(plan.examples),
                "counts": plan.counts,
                "groups": plan.group_count,
                "left_out": [{"id": one.id, "question": one.question, "reason": one.kind} for one in plan.problems],
                "personal_data": len(plan.personal_data),
                "masked": plan.request.mask,
                "stale": plan.stale_count,
            }
        )
        return
    console.line(console.text("cli.export.done", count=len(plan.examples), folder=str(args.out)))
    for split, count in plan.counts.items():
        console.line(f"  {split}: {count}")
    if plan.problems:
        console.note("cli.export.left_out", count=len(plan.problems))
    if plan.stale_count and not plan.request.include_stale:
        console.note("cli.export.stale", count=plan.stale_count)
    if plan.personal_data:
        masked = "masked" if plan.request.mask else "found"
        console.note(f"cli.export.{masked}", count=len(plan.personal_data))
