"""Fetches pages of the web beside the files that are being read; each becomes a file with its address as its name."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from kb_app.services.documents.intake import Intake, Repositories, Upload
from kb_app.services.documents.web import Fetch
from kb_app.services.indexing.failures import CancelledError, told_error
from kb_app.services.indexing.ingesting import Ingester
from kb_app.storage.jobs import ClaimedJob

_THREADS = 2

NewFetch = Callable[[], Fetch]


class Fetcher:
    """Does fetch jobs on threads of its own, so that a slow server holds up nobody."""

    def __init__(self, repositories: Repositories, intake: Intake, ingester: Ingester, new_fetch: NewFetch) -> None:
        """Queue what arrives through ``intake``; ``ingester`` records progress."""
        self._jobs = repositories.jobs
        self._intake = intake
        self._ingester = ingester
        self._new_fetch = new_fetch
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="fetch")
        self._lock = threading.Lock()
        self._running: set[Fetch] = set()
        self._closed = False

    def take(self, claimed: ClaimedJob) -> None:
        """Begin to fetch a page."""
        self._threads.submit(self._do, claimed)

    def close(self) -> None:
        """Cut what is running; its jobs are done again at the next start."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for fetch in running:
            fetch.hang_up()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _do(self, claimed: ClaimedJob) -> None:
        job, fetch = claimed.job, self._new_fetch()
        with self._lock:
            if self._closed:
                return
            self._running.add(fetch)
        try:
            report = self._ingester.progress_of(job)
            data = fetch.run(job.name, lambda done, total: report("fetch", done, total))
            self._ingester.report(job, "fetch", len(data), len(data))
            self._intake.add(job.base_id, Upload(name=job.name, data=data), job.batch_id)
            self._jobs.remove(job.id)  # the file's own job tells the rest
        except CancelledError:
            if not self._closed:
                self._jobs.finish(job.id, "cancelled")
        except Exception as error:  # noqa: BLE001 - the top of the thread; told_error logs what was not expected
            if not self._closed:
                self._jobs.finish(job.id, "failed", error=told_error(error))
        finally:
            with self._lock:
                self._running.discard(fetch)
