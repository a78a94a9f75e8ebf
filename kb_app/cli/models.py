"""``models``: every model and whether it would work now."""

import argparse

from kb_app.cli.commands import Commands
from kb_app.cli.console import Console, Record
from kb_app.cli.session import Session
from kb_app.messages import error_text
from kb_app.models import ModelInfo


def register(commands: Commands) -> None:
    """Declare the command."""
    commands.add("models", _models).json()


def _models(args: argparse.Namespace, console: Console) -> int:
    with Session(args, console) as session:
        models = session.app.models.list()
    if args.json:
        for info in models:
            console.record(_record(info, console))
    else:
        console.table(_row(info, console) for info in models)
    return 0


def _record(info: ModelInfo, console: Console) -> Record:
    reason, hint = error_text(console.language, info.error) if info.error else (None, None)
    return {
        "model": info.id,
        "provider": info.provider,
        "kind": info.kind,
        "state": info.state,
        "reason": reason,
        "hint": hint,
    }


def _row(info: ModelInfo, console: Console) -> list[str]:
    reason = console.sentences(info.error) if info.error else ""
    return [info.id, console.text(f"cli.models.{info.kind}"), console.text(f"cli.models.{info.state}"), reason]
