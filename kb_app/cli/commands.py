"""How a command is declared: its name, what it runs, its options."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kb_app.cli.console import Console
from kb_app.messages import Language, translate

Run = Callable[[argparse.Namespace, Console], int]


def common_options(language: Language) -> argparse.ArgumentParser:
    """Return the options that every command takes, before or after its name."""
    # SUPPRESS: an option given before the command is not overwritten by its absence after it.
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument("--data-dir", type=Path, metavar="DIR", help=translate(language, "cli.help.data_dir"))
    options.add_argument("--verbose", action="store_true", help=translate(language, "cli.help.verbose"))
    return options


class Command:
    """One command's options; help texts are the catalogue's ``cli.help.*``."""

    def __init__(self, parser: argparse.ArgumentParser, language: Language) -> None:
        """Add options to ``parser``."""
        self._parser = parser
        self._language: Language = language

    def option(self, *names: str, help_key: str, **options: Any) -> "Command":
        """Add an argument or option; ``options`` are those of ``ArgumentParser.add_argument``."""
        self._parser.add_argument(*names, help=translate(self._language, f"cli.help.{help_key}"), **options)
        return self

    def json(self) -> "Command":
        """Add ``--json``."""
        return self.option("--json", help_key="json", action="store_true")


class Commands:
    """A set of commands to choose from."""

    def __init__(self, parser: argparse.ArgumentParser, common: argparse.ArgumentParser, language: Language) -> None:
        """Offer commands below ``parser``."""
        self._subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
        self._common = common
        self._language: Language = language

    def add(self, name: str, run: Run, *, help_key: str | None = None) -> Command:
        """Declare a command; ``run`` is called with its arguments and returns the exit status."""
        parser = self._parser(name, help_key or name)
        parser.set_defaults(run=run)
        return Command(parser, self._language)

    def group(self, name: str) -> "Commands":
        """Declare a command that has commands of its own."""
        return Commands(self._parser(name, name), self._common, self._language)

    def _parser(self, name: str, help_key: str) -> argparse.ArgumentParser:
        text = translate(self._language, f"cli.help.{help_key}")
        parser: argparse.ArgumentParser = self._subparsers.add_parser(
            name, help=text, description=text, parents=[self._common]
        )
        return parser


def at_least_one(text: str) -> int:
    """Return ``text`` as a whole number from 1; argparse turns the ValueError into wrong usage."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number
