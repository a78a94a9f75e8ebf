"""The app as a command uses it: as the owner of the data folder, or beside the process that owns it."""

import argparse
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from kb_app.cli.console import Console
from kb_app.cli.errors import UnknownBaseError
from kb_app.errors import DataFolderBusyError
from kb_app.messages import notice_text
from kb_app.models import Job, KnowledgeBase

if TYPE_CHECKING:
    from kb_app.app import App
    from kb_app.settings import Settings

_POLL_S = 0.1
_POLL_SHARE = 0.1  # of the time, at most: a batch may have thousands of jobs
_TAKE_OVER_EVERY_S = 1.0
_TIDY_UP_WITHIN_S = 10.0


def settings_of(args: argparse.Namespace, console: Console, **overrides: str | int | None) -> "Settings":
    """Return the settings for these arguments and let the console speak the language set there."""
    from kb_app.settings import load_settings

    settings = load_settings(getattr(args, "data_dir", None), **overrides)
    console.language = settings.language or console.language
    return settings


class Session:
    """An open app. A context manager."""

    def __init__(self, args: argparse.Namespace, console: Console) -> None:
        """Open the data folder the arguments name. Raises KBAppError when that is not possible."""
        self._console = console
        self._settings = settings_of(args, console)
        self._next_try = time.monotonic()
        self.app = self._open()

    def __enter__(self) -> "Session":
        """Return the session itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the app; after a deletion when the indexes have followed, but without waiting for long."""
        if kind is None and self.app.is_owner:
            give_up = time.monotonic() + _TIDY_UP_WITHIN_S
            while time.monotonic() < give_up and any(job.tidies_up for job in self.app.jobs.active()):
                time.sleep(_POLL_S)
        self.app.close()

    def base(self, name: str) -> KnowledgeBase:
        """Return the base of this name. Raises UnknownBaseError."""
        base = self.app.library.find(name)
        if base is None:
            raise UnknownBaseError(name, name=name)
        return base

    def follow(
        self, batch_id: str, on_finished: Callable[[Job], None], on_change: Callable[[Sequence[Job]], None]
    ) -> list[Job]:
        """Block until every job of the batch has ended and return them.

        Another process that owns the folder does the jobs; should it end before they are done, this one takes over.
        Ctrl-C cancels what has not been done yet.
        """
        told: set[str] = set()
        try:
            while True:
                asked = time.monotonic()
                jobs = self.app.jobs.batch(batch_id)
                took = time.monotonic() - asked
                for job in jobs:
                    if not job.is_active and job.id not in told:
                        told.add(job.id)
                        on_finished(job)
                if len(told) == len(jobs):
                    return jobs
                on_change(jobs)
                self.take_over()
                time.sleep(max(_POLL_S, took / _POLL_SHARE))
        except KeyboardInterrupt:
            self.app.jobs.cancel(batch_id)
            raise

    def take_over(self) -> bool:
        """Own the data folder from now on if the process that did has ended; tried once a second at most."""
        from kb_app.storage.lock import DataFolderLock

        if self.app.is_owner or time.monotonic() < self._next_try:
            return False
        self._next_try = time.monotonic() + _TAKE_OVER_EVERY_S
        try:
            DataFolderLock(self._settings.data_dir).release()
        except DataFolderBusyError:
            return False
        self.app.close()
        self.app = self._open()
        return self.app.is_owner

    def _open(self) -> "App":
        from kb_app.app import build_app

        app = build_app(self._settings)
        for notice in app.notices.current():
            self._console.remark(notice_text(self._console.language, notice))
        return app
