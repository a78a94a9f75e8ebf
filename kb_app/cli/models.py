"""``models``: every model and whether it would work now."""

import argparse
import textwrap
from collections.abc import Iterable, Iterator

from kb_app.cli.commands import Commands
from kb_app.cli.console import Console, Record
from kb_app.cli.session import Session
from kb_app.messages import error_text
from kb_app.models import ModelInfo

_WIDTH = 100


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
        for line in _lines(models, console):
            console.line(line)
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


def _lines(models: Iterable[ModelInfo], console: Console) -> Iterator[str]:
    """Yield one block for all models of a provider that are in one state: what is wrong is said once."""
    groups: dict[tuple[str, str], list[ModelInfo]] = {}
    for info in models:
        groups.setdefault((info.provider, info.state), []).append(info)
    for (provider, state), infos in groups.items():
        yield f"{provider}: {console.text(f'cli.models.{state}')}"
        error = next((info.error for info in infos if info.error is not None), None)
        if error is not None and state != "not_pulled":
            yield f"  {console.sentences(error)}"
        for kind in ("chat", "embedding"):
            names = [info.id for info in infos if info.kind == kind and info.id != provider]
            if names:
                text = f"{console.text(f'cli.models.{kind}')}: {', '.join(names)}"
                yield textwrap.fill(text, _WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
