"""``kill -9`` at any moment: what is there at the next start is whole, and the work goes on by itself."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from waiting import until

from kb_app.app import build_app
from kb_app.settings import load_settings

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="kill -9 is a POSIX signal")]

ROOT = __file__.rsplit("/tests/", 1)[0]
FILES = 60


def write_corpus(folder, edition):
    folder.mkdir(exist_ok=True)
    for number in range(FILES):
        lines = [f"# 第 {number} 号文档 {edition}", ""]
        lines += [f"第 {number} 号第 {line} 段讲的是主题 {number * 31 + line}，版本{edition}。\n" for line in range(30)]
        (folder / f"doc{number:03}.md").write_text("\n".join(lines), encoding="utf-8")


def state(data_dir):
    """Return what a user would find: every document with its passages, and whether the indexes agree."""
    with build_app(load_settings(data_dir), owner=True) as app:
        until(lambda: app._indexes.vectors_ready and not app.jobs.active())
        base = app.library.find("demo")
        if base is None:
            return {}
        assert app._indexes.differences(base) == (0, 0)
        assert all(check.ok for check in app.doctor.run() if check.name != "model")
        return {
            document.name: (document.sha256, document.status, [c.text for c in app.library.chunks(document.id)])
            for document in app.library.documents(base.id)
        }


def start_ingest(data_dir, corpus):
    command = [sys.executable, "-m", "kb_app", "--data-dir", str(data_dir), "ingest", "demo", str(corpus)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def ingest(data_dir, corpus):
    """Ingest undisturbed and return the seconds it took."""
    started = time.monotonic()
    assert start_ingest(data_dir, corpus).wait() == 0
    return time.monotonic() - started


def test_killed_ingestion_ends_as_if_it_had_not_been(tmp_path):
    corpus = tmp_path / "corpus"
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    took = []
    for edition in "AB":
        write_corpus(corpus, edition)
        took.append(ingest(undisturbed, corpus))

    chance, kills = random.Random(7), 0
    for edition in "AAABBAABB":
        write_corpus(corpus, edition)
        process = start_ingest(disturbed, corpus)
        time.sleep(chance.uniform(0.2, 0.9) * min(took))  # at a moment of this machine's work, fast or slow
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
    ingest(disturbed, corpus)
    assert kills >= 2
    assert state(disturbed) == state(undisturbed)
    assert len(state(disturbed)) == FILES
