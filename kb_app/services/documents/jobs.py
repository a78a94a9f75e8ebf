"""Background jobs as a user sees them: watch, wait, pause, cancel, retry."""

import time
from collections.abc import Callable

from kb_app.models import Job
from kb_app.storage.bases import BaseRepository
from kb_app.storage.jobs import JobRepository

_POLL_S = 0.1
_POLL_SHARE = 0.05  # of the time, at most: a batch may have thousands of jobs


class Jobs:
    """The queue of work, seen from pages and the command line of any process."""

    def __init__(self, repository: JobRepository, bases: BaseRepository) -> None:
        """Watch ``repository``; whether a base is paused stands in ``bases``."""
        self._repository = repository
        self._bases = bases

    def batch(self, batch_id: str) -> list[Job]:
        """Return the jobs of one request, in order."""
        return self._repository.batch(batch_id)

    def recent(self, base_id: str, limit: int = 200) -> list[Job]:
        """Return the newest jobs of a base, oldest first."""
        return self._repository.recent(base_id, limit)

    def active(self, base_id: str | None = None) -> list[Job]:
        """Return waiting and running jobs."""
        return self._repository.active(base_id)

    def under_way(self, base_id: str) -> list[Job]:
        """Return all jobs, also the finished ones, of the requests to a base that are not done yet, in order."""
        batches = dict.fromkeys(job.batch_id for job in self._repository.active(base_id))
        return [job for batch_id in batches for job in self._repository.batch(batch_id)]

    def cancel(self, batch_id: str) -> None:
        """Cancel what waits and ask what runs to stop; what is done stays."""
        self._repository.cancel(batch_id)

    def pause(self, base_id: str) -> None:
        """Let the files of a base wait, even over a restart; what is being read is finished first."""
        self._bases.change(base_id, {"paused": True})

    def resume(self, base_id: str) -> None:
        """Go on with the files of a base."""
        self._bases.change(base_id, {"paused": False})

    def retry_failed(self, base_id: str) -> int:
        """Queue the failed jobs of a base again, as far as their files are there; return how many."""
        return self._repository.retry_failed(base_id)

    def dismiss(self, base_id: str) -> None:
        """Forget the finished jobs of a base."""
        self._repository.forget(base_id)

    def wait(self, batch_id: str, on_finished: Callable[[Job], None] | None = None) -> list[Job]:
        """Block until every job of the batch has ended and return them; call back once for each as it ends."""
        told: set[str] = set()
        while True:
            asked = time.monotonic()
            jobs = self._repository.batch(batch_id)
            took = time.monotonic() - asked
            for job in jobs:
                if not job.is_active and job.id not in told:
                    told.add(job.id)
                    if on_finished is not None:
                        on_finished(job)
            if len(told) == len(jobs):
                return jobs
            time.sleep(max(_POLL_S, took / _POLL_SHARE))
