"""Keeps corrections true to their documents: what they rest on is looked for again whenever documents change."""

import logging
import threading

from kb_app.errors import StorageError
from kb_app.models import Correction, Notice, Source, Staleness
from kb_app.services.notices import Notices
from kb_app.storage.corrections import CorrectionRepository
from kb_app.storage.passages import PassageRepository

_LOG = logging.getLogger(__name__)

_EVERY_S = 2.0


class Freshness:
    """Flags stale corrections, links moved passages again, and frees those whose passages are back."""

    def __init__(self, corrections: CorrectionRepository, passages: PassageRepository, notices: Notices) -> None:
        """Check ``corrections`` against ``passages``; nothing is looked at before :meth:`start` or :meth:`check`."""
        self._corrections = corrections
        self._passages = passages
        self._notices = notices
        self._closing = threading.Event()
        self._checking = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="freshness", daemon=True)

    def start(self) -> None:
        """Check in the background whenever documents have changed."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def check(self) -> int:
        """Look again for what doubtful corrections rest on; return how many have become stale."""
        with self._checking:
            newly = 0
            for correction in self._corrections.doubtful():
                stale, support = self._look(correction)
                if (stale, support) != (correction.stale, correction.support):
                    self._corrections.move(correction.id, stale, support)
                    newly += bool(stale) and not correction.stale and correction.status == "approved"
        if newly:
            self._notices.add(Notice(key="corrections_stale", params={"count": newly}, level="warning"))
        return newly

    def _look(self, correction: Correction) -> tuple[Staleness, tuple[Source, ...]]:
        if not correction.support:  # it may lean on what was offered when it was asked
            return "document_removed" if self._corrections.uprooted([correction.id]) else "", ()
        stale: Staleness = ""
        support = []
        for source in correction.support:
            place = self._passages.locate(source)
            support.append(place.source or source)
            if place.source is None and not stale:
                stale = "document_replaced" if place.has_document else "document_removed"
        return stale, tuple(support)

    def _run(self) -> None:
        seen: tuple[int, str] | None = None
        while not self._closing.is_set():
            try:
                state = self._passages.state()
                if state != seen:
                    self.check()
                seen = state
            except StorageError as error:
                _LOG.warning("corrections could not be checked: %s", error)
            self._closing.wait(_EVERY_S)
