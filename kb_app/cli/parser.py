"""The grammar of the command line. Commands that are not built yet are not listed."""

import argparse
from collections.abc import Sequence

from kb_app import __version__
from kb_app.cli import ask, bases, doctor, documents, ingest, models, search, serve, testing
from kb_app.cli.commands import Commands, common_options
from kb_app.messages import Language, translate

_GROUPS = (serve, bases, ingest, documents, search, ask, models, doctor, testing)
_NAMES = frozenset({"serve", "kb", "ingest", "documents", "remove", "search", "ask", "models", "doctor", "test"})
_INFORMATION = frozenset({"-h", "--help", "--version"})


def build_parser(language: Language) -> argparse.ArgumentParser:
    """Return the parser; parsed arguments hold the chosen command as ``run``."""
    common = common_options(language)
    parser = argparse.ArgumentParser(prog="kb-app", description=translate(language, "cli.help.app"), parents=[common])
    parser.add_argument("--version", action="version", version=f"kb-app {__version__}")
    commands = Commands(parser, common, language)
    for group in _GROUPS:
        group.register(commands)
    return parser


def with_command(arguments: Sequence[str]) -> list[str]:
    """Return ``arguments`` with ``serve`` in front where they name no command."""
    given = list(arguments)
    names_one = bool(given) and not given[0].startswith("-")
    if names_one or (_NAMES | _INFORMATION) & set(given):
        return given
    return ["serve", *given]
