"""Pausing, retrying, and how fast it goes: all of it from the job table, so that a restart changes nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from waiting import until

from kb_app.app import build_app
from kb_app.models import Job
from kb_app.services.documents.intake import Upload
from kb_app.services.documents.pace import pace
from kb_app.settings import load_settings

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds):
    return (START + timedelta(seconds=seconds)).isoformat()


def job(number, state, started=None, ended=None, **values):
    return Job(
        id=str(number), batch_id="b", base_id="k", kind="ingest", name=f"{number}.pdf", state=state,
        started_at="" if started is None else at(started), updated_at="" if ended is None else at(ended), **values,
    )  # fmt: skip


def test_rates_count_the_time_of_work_once_and_leave_pauses_out():
    jobs = [
        job(1, "ready", 0, 4, byte_count=4_000, page_count=10, chunk_count=40),
        job(2, "ready", 2, 5, byte_count=4_000, page_count=10, chunk_count=60),
        # an hour of pause
        job(3, "replaced", 3600, 3605, byte_count=2_000, page_count=5, chunk_count=50),
        job(4, "unchanged", 3605, 3605, byte_count=900_000),
        job(5, "queued", byte_count=3_000),
        job(6, "running", 3605, 3606, byte_count=2_000),
    ]
    found = pace(jobs)
    assert (found.files_done, found.files_total) == (4, 6)
    assert found.pages_per_s == pytest.approx(25 / 10)
    assert found.chunks_per_s == pytest.approx(150 / 10)
    assert found.seconds_left == pytest.approx(5_000 / 1_000)


def test_nothing_is_promised_before_enough_is_known():
    assert pace([]).seconds_left is None
    jobs = [job(1, "ready", 0, 9, byte_count=100), job(2, "queued", byte_count=100)]
    assert (pace(jobs).files_done, pace(jobs).seconds_left) == (1, None)


@pytest.fixture
def settings(tmp_path):
    return load_settings(tmp_path / "data")


def uploads(count):
    return [Upload(name=f"{n}.txt", data=f"Text number {n} about bees.".encode()) for n in range(count)]


def test_a_paused_base_waits_even_over_a_restart_while_others_go_on(settings):
    with build_app(settings, owner=True) as app:
        base, other = app.library.create("b"), app.library.create("other")
        app.jobs.pause(base.id)
        batch = app.library.add_files(base.id, uploads(3))
        app.jobs.wait(app.library.add_files(other.id, uploads(1)))
        assert {job.state for job in app.jobs.batch(batch)} == {"queued"}
    with build_app(settings, owner=True) as app:
        assert app.library.base(base.id).paused
        app.jobs.wait(app.library.add_files(other.id, [Upload(name="more.txt", data=b"More about wasps.")]))
        assert {job.state for job in app.jobs.batch(batch)} == {"queued"}
        app.jobs.resume(base.id)
        assert {job.state for job in app.jobs.wait(batch)} == {"ready"}
        assert all(job.started_at and job.byte_count for job in app.jobs.batch(batch))


def test_a_paused_queue_can_be_cancelled_and_its_base_deleted(settings):
    with build_app(settings, owner=True) as app:
        base = app.library.create("b")
        app.jobs.pause(base.id)
        batch = app.library.add_files(base.id, uploads(2))
        app.jobs.cancel(batch)
        assert {job.state for job in app.jobs.batch(batch)} == {"cancelled"}
        app.library.add_files(base.id, uploads(2))
        app.library.delete(base.id)
        until(lambda: not app.jobs.active())
        assert app.library.bases() == []


def test_failed_jobs_are_done_again_and_what_was_never_kept_is_not(settings, tmp_path):
    with build_app(settings, owner=True) as app:
        base = app.library.create("b")
        missing = Upload(name="missing.txt", data=tmp_path / "missing.txt")
        jobs = app.jobs.wait(app.library.add_files(base.id, [Upload(name="empty.txt", data=b""), missing]))
        assert {job.state for job in jobs} == {"failed"}
        assert app.jobs.retry_failed(base.id) == 1
        jobs = app.jobs.wait(jobs[0].batch_id)
        assert {job.name: job.error.code for job in jobs} == {"empty.txt": "empty_file", "missing.txt": "cannot_open"}


def test_tidying_up_is_not_told_as_unfinished_work(tmp_path):
    settings = load_settings(tmp_path / "data")
    with build_app(settings, owner=True) as app:
        base = app.library.create("b")
    with build_app(settings, owner=False) as guest:
        guest.library.delete(base.id)
        assert [job.kind for job in guest.jobs.active()] == ["drop"]
    with build_app(settings, owner=True) as app:
        assert "jobs_resumed" not in [notice.key for notice in app.notices.current()]
