"""``test``: belongs to the launcher, which can install what the tests need."""

import argparse

from kb_app.cli.commands import Commands
from kb_app.cli.console import Console


def register(commands: Commands) -> None:
    """Declare the command."""
    commands.add("test", _test).option("rest", nargs=argparse.REMAINDER, help_key="test_args", metavar="...")


def _test(args: argparse.Namespace, console: Console) -> int:
    console.note("cli.test")
    return 2
