"""The command line: one small file per group of commands, thin over the same services as the pages.

Exit status: 0 done; 1 something failed (what and why is in the output); 2 wrong usage.
"""

import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ingestion.errors import IngestionError
from kb_app.cli.console import Console, system_language
from kb_app.cli.errors import WRONG_USAGE
from kb_app.cli.parser import build_parser, with_command
from kb_app.errors import KBAppError, error_info


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status.

    Raises:
        SystemExit: 2 for wrong usage, 0 after ``--help`` and ``--version``.
    """
    language = system_language()
    args = build_parser(language).parse_args(with_command(sys.argv[1:] if argv is None else argv))
    console = Console(language=language, as_json=getattr(args, "json", False))
    _set_up_logging(verbose=getattr(args, "verbose", False))
    try:
        with _terminate_like_interrupt():
            return int(args.run(args, console))
    except (KBAppError, IngestionError) as error:
        console.failure(error_info(error))
        return 2 if isinstance(error, WRONG_USAGE) else 1
    except KeyboardInterrupt:
        console.note("cli.interrupted")
    except BrokenPipeError:
        # The reader (`| head`) has gone; leave nothing for the interpreter to flush into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _set_up_logging(*, verbose: bool) -> None:
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if verbose else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
    )
    # The commands show notices themselves, in the user's language.
    logging.getLogger("kb_app.services.notices").setLevel(logging.INFO if verbose else logging.CRITICAL)


@contextmanager
def _terminate_like_interrupt() -> Iterator[None]:
    """Let SIGTERM unwind the program as Ctrl-C does, so that everything is closed."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
