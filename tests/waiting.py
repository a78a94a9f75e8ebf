"""Waiting for what happens beside a test, on however busy a machine.

A test waits for a state and never for a time. The limit only ends a test whose state will never come.
"""

import time
from collections.abc import Callable

LONGEST_S = 120.0


def until(happened: Callable[[], object]) -> None:
    """Return when ``happened()`` is true."""
    give_up = time.monotonic() + LONGEST_S
    while not happened():
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.01)
