"""How fast files are read and how long the rest will take, from the job table alone: it survives a restart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kb_app.models import Job

#: Kinds of jobs that read files.
READING = ("ingest", "expand", "fetch")
#: Before this much has been done, a forecast would be a guess.
_LEAST_S = 1.0
_LEAST_FILES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Progress over a set of jobs. Rates are per second of work, pauses left out; None while nothing is known."""

    files_done: int
    files_total: int
    pages_per_s: float | None = None
    chunks_per_s: float | None = None
    seconds_left: float | None = None


def pace(jobs: Sequence[Job]) -> Pace:
    """Return the progress of these jobs.

    The time left is the bytes still to be read at the rate of those that were; files that turned out to be known
    already took no time and say nothing.
    """
    files = [job for job in jobs if job.kind in READING]
    done = [job for job in files if not job.is_active]
    read = [job for job in done if job.state in ("ready", "replaced", "failed") and job.started_at]
    busy_s = _covered_s([(job.started_at, job.updated_at) for job in read])
    counts = {"files_done": len(done), "files_total": len(files)}
    if busy_s < _LEAST_S or len(read) < _LEAST_FILES:
        return Pace(**counts)
    bytes_per_s = sum(job.byte_count for job in read) / busy_s
    waiting = sum(job.byte_count for job in files if job.is_active)
    return Pace(
        **counts,
        pages_per_s=sum(job.page_count for job in read) / busy_s,
        chunks_per_s=sum(job.chunk_count for job in read) / busy_s,
        seconds_left=waiting / bytes_per_s if bytes_per_s else None,
    )


def _covered_s(spans: Sequence[tuple[str, str]]) -> float:
    """Return how many seconds at least one of the spans covers: files are read side by side."""
    covered, until = 0.0, float("-inf")
    for start, end in sorted((_seconds(first), _seconds(last)) for first, last in spans):
        covered += max(0.0, end - max(start, until))
        until = max(until, end)
    return covered


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()
