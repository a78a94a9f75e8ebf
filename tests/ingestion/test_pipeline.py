import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ingestion.errors import NoTextError, PasswordNeededError, ScannedError, TooHeavyError
from ingestion.models import ChunkOptions, LoadLimits, ReadOptions
from ingestion.pipeline import ingest, prepare, prepare_limited
from ingestion.pool import WorkerPool


class LengthEmbedder:
    """Embeds by length; remembers what it was given."""

    model_id = "length"
    dimension = 2

    def __init__(self):
        self.texts = []

    def embed_documents(self, texts):
        self.texts += texts
        rows = np.array([[len(text), 1.0] for text in texts], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def embed_query(self, text):
        return self.embed_documents([text])[0]


class MemoryStore:
    def __init__(self):
        self.stored = []

    def store(self, prepared, vectors):
        self.stored.append((prepared, vectors))
        return f"document-{len(self.stored)}"


def test_worker_gives_what_the_process_itself_would(pdf):
    assert prepare_limited(pdf("chinese"), "讲义.pdf") == prepare(pdf("chinese"), "讲义.pdf")


def test_options_and_password_reach_the_worker(pdf):
    options = ReadOptions(password="柿子2026", chunking=ChunkOptions(size_units=30, overlap_units=0))
    assert "柿子" not in repr(options), "nor in a log"
    prepared = prepare_limited(pdf("encrypted"), "a.pdf", options)
    assert len(prepared.chunks) > 2


def test_progress_comes_in_stages(pdf):
    seen = []
    prepare_limited(pdf("chinese"), "a.pdf", on_progress=lambda *report: seen.append(report))
    assert [stage for stage, _, _ in seen] == ["load", "clean", "chunk", "chunk"]
    assert seen[0] == ("load", 4, 4)


def test_verdicts_come_back_with_their_params(pdf):
    with pytest.raises(ScannedError) as caught:
        prepare_limited(pdf("scanned"), "a.pdf")
    assert caught.value.params == {"pages": 1}
    with pytest.raises(PasswordNeededError):
        prepare_limited(pdf("encrypted"), "a.pdf")
    with pytest.raises(NoTextError):
        prepare_limited(b"---\n\n***\n", "a.md")


@pytest.mark.slow
def test_memory_bomb_takes_only_its_worker_down_and_is_read_by_the_other_engine(memory_bomb):
    prepared = prepare_limited(memory_bomb, "bomb.pdf")
    assert "Hello visible text" in prepared.document.text
    assert prepare_limited("正常的文件。".encode(), "a.txt").document.text == "正常的文件。"


def test_heavy_text_is_stopped(monkeypatch):
    fresh = WorkerPool()  # one that has read a large file before has room to spare
    monkeypatch.setattr("ingestion.pool.POOL", fresh)
    text = ("数据，" * 200_000).encode()
    with pytest.raises(TooHeavyError):
        prepare_limited(text, "a.txt", ReadOptions(limits=LoadLimits(memory_bytes=60_000_000)))
    fresh.close()


def test_many_threads_share_the_workers(pdf):
    data = pdf("two_pages")
    started = threading.active_count()
    with ThreadPoolExecutor(4) as threads:
        counts = list(threads.map(lambda n: len(prepare_limited(data, f"{n}.pdf").chunks), range(12)))
    assert len(set(counts)) == 1
    assert threading.active_count() <= started + 1


def test_ingest_stores_chunks_with_their_vectors(pdf):
    store, embedder, seen = MemoryStore(), LengthEmbedder(), []
    document_id = ingest(
        pdf("two_pages"),
        "guide.pdf",
        store=store,
        embedder=embedder,
        on_progress=lambda stage, done, total: seen.append(stage),
    )
    assert document_id == "document-1"
    ((prepared, vectors),) = store.stored
    assert vectors.shape == (len(prepared.chunks), 2)
    assert seen[-1] == "store"
    assert "embed" in seen
    assert any("Gradient descent" in text for text in embedder.texts)
