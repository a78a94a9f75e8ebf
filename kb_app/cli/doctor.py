"""``doctor``: is everything as it should be, and what to do where it is not."""

import argparse

from kb_app.cli.commands import Commands
from kb_app.cli.console import Console
from kb_app.cli.session import Session
from kb_app.messages import notice_text


def register(commands: Commands) -> None:
    """Declare the command."""
    commands.add("doctor", _doctor).json()


def _doctor(args: argparse.Namespace, console: Console) -> int:
    with Session(args, console) as session:
        checks = session.app.doctor.run()
    waiting = 0
    for check in checks:
        text = notice_text(console.language, check.detail)
        if args.json:
            console.record({"check": check.name, "ok": check.ok, "message": text})
        elif check.name == "model" and not check.ok:
            waiting += 1
        else:
            console.line(f"{console.text('cli.doctor.ok' if check.ok else 'cli.doctor.not_ok')}  {text}")
    if waiting:
        console.line(console.text("cli.doctor.models_waiting", count=waiting))
    # A model server that is not there is worth knowing, and no fault of this installation.
    return int(any(not check.ok and check.name != "model" for check in checks))
