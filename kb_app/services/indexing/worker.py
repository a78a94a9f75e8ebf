"""The background worker: one thread that takes jobs from the table, in order, and does them.

Only the process that owns the data folder runs one. A job can be killed at any moment and done again: an index that
was being changed when the process died is not sealed, and so checked at the next start.
"""

import logging
import threading
import time
from functools import partial

from ingestion.errors import PasswordNeededError, PasswordWrongError
from kb_app.errors import KBAppError, StorageError
from kb_app.services.documents.intake import Intake, Repositories
from kb_app.services.documents.web import AddressPolicy, Fetch, WebLimits, is_public
from kb_app.services.indexing.archives import Expander
from kb_app.services.indexing.cards import CardIndexer
from kb_app.services.indexing.failures import CancelledError, told_error
from kb_app.services.indexing.fetching import Fetcher
from kb_app.services.indexing.indexes import Indexes
from kb_app.services.indexing.ingesting import Embedders, Ingester
from kb_app.services.indexing.reindexing import Reindexer
from kb_app.storage.jobs import ClaimedJob
from kb_app.storage.summaries import SummaryRepository

_LOG = logging.getLogger(__name__)

_IDLE_S = 0.1
#: Where nothing has come for a while, it is looked for less often: an idle app should let the machine sleep.
_QUIET_AFTER_S = 5.0
_QUIET_S = 0.5
_PAUSE_S = 1.0
_RESEAL_S = 5.0


class Worker:
    """Does queued jobs until closed."""

    def __init__(
        self,
        repositories: Repositories,
        indexes: Indexes,
        embedder: Embedders,
        intake: Intake,
        cards: SummaryRepository,
        allows: AddressPolicy = is_public,
    ) -> None:
        """Work on ``repositories`` and ``indexes``.

        ``embedder`` returns an embedder by id, or raises ProviderError; ``allows`` says which IP addresses pages may be
        fetched from.
        """
        self._jobs = repositories.jobs
        self._indexes = indexes
        self._intake = intake
        self._expander = Expander(repositories, intake)
        self._resealed = 0.0
        self._worked = time.monotonic()
        self._closing = threading.Event()
        self._ingester = Ingester(repositories, indexes, embedder, intake, self._closing.is_set)
        limits = WebLimits(max_bytes=min(WebLimits().max_bytes, intake.limit_mb * 1_000_000))
        self._fetcher = Fetcher(repositories, intake, self._ingester, lambda: Fetch(limits, allows))
        self._cards = CardIndexer(repositories, cards, indexes, embedder)
        self._reindexer = Reindexer(repositories, indexes, embedder, self._ingester, self._cards)
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self) -> None:
        """Put interrupted jobs back into the queue and begin."""
        self._jobs.resume()
        self._thread.start()

    def close(self) -> None:
        """Stop after the current step; an unfinished job is done again at the next start."""
        self._fetcher.close()  # first, or its jobs would take the closing for a cancelling
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
        self._ingester.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._step()
            except StorageError as error:
                _LOG.warning("the database refuses: %s", error)
                self._recover()
            except Exception:  # noqa: BLE001 - the top of the thread: without it nothing would be ingested any more
                _LOG.exception("the worker stumbled; it goes on")
                self._recover()

    def _recover(self) -> None:
        """Put what was in hand back into the queue, as soon as the database takes it: its disk may be full."""
        self._ingester.abandon()
        while not self._closing.wait(_PAUSE_S):
            try:
                self._jobs.resume()
            except StorageError as error:
                _LOG.warning("the database still refuses: %s", error)
            else:
                return

    def _step(self) -> None:
        if self._indexes.rebuild_due:
            self._indexes.rebuild_vectors(lambda: not self._closing.is_set())
        claimed = self._jobs.claim()
        if claimed is None:
            self._rest()
            return
        if claimed.job.kind != "ingest":
            self._ingester.flush()
        self._do(claimed)
        self._worked = time.monotonic()

    def _rest(self) -> None:
        if self._ingester.settle(_IDLE_S):
            return
        if time.monotonic() - self._resealed >= _RESEAL_S:
            self._indexes.reseal()
            self._resealed = time.monotonic()
        is_quiet = time.monotonic() - self._worked > _QUIET_AFTER_S
        self._closing.wait(_QUIET_S if is_quiet else _IDLE_S)

    def _do(self, claimed: ClaimedJob) -> None:
        work = {
            "ingest": self._ingester.take,
            "expand": self._expand,
            "fetch": self._fetcher.take,
            "reindex": self._reindexer.run,
            "remove": self._remove,
            "drop": self._drop,
            "card": self._cards.run,
        }
        try:
            work[claimed.job.kind](claimed)
        except CancelledError:
            if not self._closing.is_set():
                self._jobs.finish(claimed.job.id, "cancelled")
        except Exception as error:  # a bug in one job must not end the others; told_error logs it
            if claimed.job.kind == "ingest" and isinstance(error, StorageError):
                raise  # the ends of files before this one could not be recorded: see _recover
            self._jobs.finish(claimed.job.id, "failed", error=told_error(error))

    def _expand(self, claimed: ClaimedJob) -> None:
        try:
            self._expander.run(claimed, partial(self._ingester.report, claimed.job))
        except (PasswordNeededError, PasswordWrongError) as error:
            self._jobs.finish(claimed.job.id, "failed", error=told_error(error))  # and keeps it, for the password
        except KBAppError as error:
            # Nothing in it can be tried again, so it is not kept.
            self._jobs.finish(claimed.job.id, "failed", error=told_error(error), sha256="")
        self._intake.discard({claimed.sha256})

    def _remove(self, claimed: ClaimedJob) -> None:
        base_id, payload = claimed.job.base_id, claimed.payload
        if payload["document_ids"]:
            self._indexes.delete(base_id, payload["document_ids"], payload["chunk_ids"])
        else:  # only the summary cards of documents that stay
            self._indexes.delete_chunks(base_id, payload["chunk_ids"])
        self._indexes.seal(base_id)
        self._jobs.finish(claimed.job.id, "ready")

    def _drop(self, claimed: ClaimedJob) -> None:
        self._indexes.drop(claimed.job.base_id)
        self._jobs.finish(claimed.job.id, "ready")
