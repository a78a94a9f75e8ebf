import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from waiting import until

from ingestion.models import LoadLimits
from ingestion.pool import WorkerDiedError, WorkerPool

ROOT = Path(__file__).resolve().parents[2]
LIMITS = LoadLimits()


@pytest.fixture
def pool():
    pool = WorkerPool()
    yield pool
    pool.close()


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that ended but was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def test_answers_come_from_one_warm_worker(pool):
    first = pool.run("os:getpid", {}, LIMITS)
    assert first != os.getpid()
    assert pool.run("os:getpid", {}, LIMITS) == first


def test_worker_is_recycled():
    pool = WorkerPool(files_per_worker=2)
    pids = [pool.run("os:getpid", {}, LIMITS) for _ in range(4)]
    pool.close()
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_failures_come_back_as_what_they_are(pool):
    pid = pool.run("os:getpid", {}, LIMITS)
    with pytest.raises(FileNotFoundError):
        pool.run("os:stat", {"path": "/does/not/exist"}, LIMITS)
    with pytest.raises(RuntimeError, match="JSONDecodeError: Expecting"):
        pool.run("json:loads", {"s": "{"}, LIMITS)
    assert pool.run("os:getpid", {}, LIMITS) == pid


def test_crash_fails_one_call_only(pool):
    with pytest.raises(WorkerDiedError) as caught:
        pool.run("os:abort", {}, LIMITS)
    assert caught.value.reason == "crash"
    assert pool.run("os:getpid", {}, LIMITS) > 0


def test_memory_is_bounded(pool):
    warm = pool.run("os:getpid", {}, LIMITS)
    with pytest.raises(WorkerDiedError) as caught:
        pool.run("ingestion.chunk:count_units", {"text": "a"}, LoadLimits(memory_bytes=1))
    assert caught.value.reason in ("memory", "crash")
    assert pool.run("os:getpid", {}, LIMITS) != warm, "what ran out of memory is not used again"


def test_time_is_bounded(pool):
    with pytest.raises(WorkerDiedError) as caught:  # else it would never return
        pool.run("signal:pause", {}, LoadLimits(wall_s=0.3))
    assert caught.value.reason == "time"


def test_idle_worker_killed_from_outside_does_not_matter(pool):
    pid = pool.run("os:getpid", {}, LIMITS)
    os.kill(pid, signal.SIGKILL)
    (idle,) = pool._idle
    until(lambda: idle._process.poll() is not None)  # all its threads are gone, and with them its end of the pipe
    assert pool.run("os:getpid", {}, LIMITS) != pid


def test_nothing_foreign_is_unpickled(pool):
    with pytest.raises(WorkerDiedError):
        pool.run("pathlib:Path", {}, LIMITS)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_worker_does_not_outlive_a_killed_parent():
    code = (
        "import threading, time\n"
        "from ingestion.pool import POOL\n"
        "from ingestion.models import LoadLimits\n"
        "print(POOL.run('os:getpid', {}, LoadLimits()), flush=True)\n"
        "POOL.run('signal:pause', {}, LoadLimits())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    worker = int(parent.stdout.readline())
    time.sleep(0.3)
    assert is_alive(worker)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not is_alive(worker))
