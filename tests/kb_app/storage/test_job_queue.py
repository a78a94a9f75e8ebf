"""The queue of jobs: who takes one, and how several end at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from kb_app.models import ErrorInfo
from kb_app.storage.database import Database
from kb_app.storage.jobs import JobRepository, NewJob
from kb_app.storage.migrate import migrate


@pytest.fixture
def jobs(tmp_path):
    database = Database(tmp_path / "kb.sqlite3")
    migrate(database)
    yield JobRepository(database)
    database.close()


def queue(jobs, *names):
    return jobs.add([NewJob("base", "ingest", name, "0" * 64) for name in names])


def test_jobs_are_taken_in_order_and_once_by_however_many(jobs):
    names = [f"{number}.md" for number in range(12)]
    queue(jobs, *names)
    assert jobs.claim().job.name == "0.md"
    with ThreadPoolExecutor(4) as pool:
        taken = [claimed.job.name for claimed in pool.map(lambda _: jobs.claim(), range(60)) if claimed]
    assert sorted(taken) == sorted(names[1:])
    assert jobs.claim() is None


def test_several_jobs_end_at_once_and_forget_why_they_waited(jobs):
    batch = queue(jobs, "a.md", "b.md")
    first, second = jobs.claim().job, jobs.claim().job
    jobs.put_back(first.id, ErrorInfo(code="waits"))
    jobs.finish_all(
        {first.id: {"state": "ready", "chunk_count": 3}, second.id: {"state": "replaced", "chunk_count": 4}}
    )
    assert [(job.state, job.chunk_count, job.error) for job in jobs.batch(batch)] == [
        ("ready", 3, None),
        ("replaced", 4, None),
    ]
    jobs.finish_all({first.id: {"state": "failed"}}, error=ErrorInfo(code="disk_full", params={"folder": "x"}))
    assert jobs.batch(batch)[0].error == ErrorInfo(code="disk_full", params={"folder": "x"})


def test_a_job_that_failed_while_it_was_being_cancelled_can_be_done_again(jobs):
    batch = queue(jobs, "a.md")
    job = jobs.claim().job
    jobs.cancel(batch)
    jobs.finish(job.id, "failed", error=ErrorInfo(code="disk_full"))
    assert jobs.retry_failed("base") == 1
    assert jobs.claim().job.id == job.id
    assert not jobs.progress(job.id, "load", 0, 1)  # nobody wants it cancelled any more


def test_what_was_to_stop_when_the_process_ended_does_not_go_on(jobs):
    batch = queue(jobs, "a.md", "b.md")
    jobs.claim()
    jobs.cancel(batch)
    later = queue(jobs, "c.md")
    jobs.claim()
    assert [job.name for job in jobs.resume()] == ["c.md"]
    assert [job.state for job in jobs.batch(batch)] == ["cancelled", "cancelled"]
    assert [job.state for job in jobs.batch(later)] == ["queued"]
