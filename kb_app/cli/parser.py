"""The grammar of the command line. Commands that are not built yet are not listed."""

import argparse
from collections.abc import Sequence

from kb_app import __version__
from kb_app.cli import (
    ask,
    bases,
    conversations,
    corrections,
    doctor,
    documents,
    evaluation,
    ingest,
    models,
    search,
    serve,
    testing,
)
from kb_app.cli.commands import Commands, common_options
from kb_app.messages import Language, translate

_GROUPS = (
    serve,
    bases,
    ingest,
    documents,
    search,
    ask,
    conversations,
    corrections,
    evaluation,
    models,
    doctor,
    testing,
)
_INFORMATION = frozenset({"-h", "--help", "--version"})
#: Options before a command whose next word is a value: a data folder may be named like a command.
_WITH_VALUE = ("--data-dir", "--host", "--port")


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
    words = iter(given)
    for word in words:
        if word in _INFORMATION or not word.startswith("-"):
            return given
        if len(word) > 3 and any(option.startswith(word) for option in _WITH_VALUE):  # argparse takes them abbreviated
            next(words, None)
    return ["serve", *given]
