"""``corrections list|add|import|approve|export``."""

import argparse
from pathlib import Path
from typing import get_args

from kb_app.cli.commands import Commands
from kb_app.cli.console import Console, Record, clip
from kb_app.cli.errors import CorrectionsFileError
from kb_app.cli.export import register_export
from kb_app.cli.session import Session
from kb_app.models import Correction, CorrectionStatus
from kb_app.services.corrections.files import import_corrections

_WIDTH = 60


def register(commands: Commands) -> None:
    """Declare the commands."""
    group = commands.group("corrections")
    listed = group.add("list", _list, help_key="corrections_list").option("name", help_key="name")
    listed.option("--status", choices=get_args(CorrectionStatus), help_key="corrections_status").json()
    add = group.add("add", _add, help_key="corrections_add").option("name", help_key="name")
    add.option("question", help_key="question").option("answer", help_key="corrections_answer")
    add.option("--author", default="", metavar="NAME", help_key="corrections_author").json()
    load = group.add("import", _import, help_key="corrections_import").option("name", help_key="name")
    load.option("file", type=Path, metavar="FILE", help_key="corrections_file")
    load.option("--author", default="", metavar="NAME", help_key="corrections_author").json()
    approve = group.add("approve", _approve, help_key="corrections_approve")
    approve.option("correction_ids", nargs="+", metavar="CORRECTION_ID", help_key="corrections_ids")
    approve.option("--reviewer", default="", metavar="NAME", help_key="corrections_reviewer").json()
    register_export(group)


def _record(correction: Correction) -> Record:
    return {
        "correction_id": correction.id,
        "status": correction.status,
        "stale": correction.stale or None,
        "question": correction.question,
        "chosen": correction.chosen,
        "rejected": correction.rejected,
        "reasons": list(correction.reasons),
        "author": correction.author,
        "reviewer": correction.reviewer,
        "version": correction.version,
        "hits": correction.hits,
        "not_helpful": correction.not_helpful,
        "updated_at": correction.updated_at,
    }


def _show(corrections: list[Correction], console: Console) -> None:
    if console.as_json:
        for correction in corrections:
            console.record(_record(correction))
    elif corrections:
        console.table(_row(correction, console) for correction in corrections)
    else:
        console.line(console.text("cli.corrections.none"))


def _row(correction: Correction, console: Console) -> list[str]:
    state = console.text(f"ui.corrections.status_{'stale' if correction.stale else correction.status}")
    return [correction.id, state, clip(correction.question, _WIDTH), clip(correction.chosen, _WIDTH)]


def _list(args: argparse.Namespace, console: Console) -> int:
    with Session(args, console) as session:
        found = session.app.corrections.all(session.base(args.name).id, args.status)
    _show(found, console)
    return 0


def _add(args: argparse.Namespace, console: Console) -> int:
    with Session(args, console) as session:
        correction = Correction(
            id="",
            base_id=session.base(args.name).id,
            question=args.question,
            chosen=args.answer,
            author=args.author,
            origin="page",
        )
        saved = session.app.corrections.create(correction)
    _show([saved], console)
    return 0


def _import(args: argparse.Namespace, console: Console) -> int:
    try:
        data = args.file.read_bytes()
    except OSError as error:
        raise CorrectionsFileError(str(error), file=str(args.file), problem=error.strerror or "") from error
    with Session(args, console) as session:
        base = session.base(args.name)
        content = import_corrections(session.app.corrections, data, args.file.name, base.id, args.author)
    count, duplicates = len(content.corrections), content.duplicates
    if console.as_json:
        console.record({"imported": count, "duplicates": duplicates})
    else:
        console.line(console.text("ui.corrections.imported", count=count, duplicates=duplicates))
    return 0


def _approve(args: argparse.Namespace, console: Console) -> int:
    with Session(args, console) as session:
        approved = [session.app.corrections.approve(one, args.reviewer) for one in args.correction_ids]
    _show(approved, console)
    return 0
