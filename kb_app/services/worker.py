"""The background worker: one thread that takes jobs from the table, in order, and does them.

Only the process that owns the data folder runs one. A job can be killed at any moment and done again: a document
becomes visible in one database transaction, after both indexes know it, and an index that was being changed when the
process died is not sealed and so checked at the next start.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from ingestion.pipeline import prepare_limited

from ingestion.embed import embed_chunks
from ingestion.errors import IngestionError
from ingestion.load import LOADER_VERSION
from ingestion.models import ChunkOptions, PreparedDocument
from ingestion.protocols import Embedder, Vectors
from kb_app.errors import KBAppError, NotFoundError, error_info
from kb_app.models import DocumentRecord, ErrorInfo, Job, JobState, KnowledgeBase
from kb_app.services.indexes import Indexes
from kb_app.services.library import Repositories
from kb_app.services.versions import base_versions
from kb_app.storage.chunks import chunk_id, stored_chunks
from kb_app.storage.documents import NewDocument
from kb_app.storage.jobs import ClaimedJob
from kb_app.storage.rows import new_id

_LOG = logging.getLogger(__name__)

_IDLE_S = 0.1
_PROGRESS_EVERY_S = 0.25


#: Final state of a job and the columns that go with it.
_Outcome = tuple[JobState, dict[str, Any]]


class _CancelledError(Exception):
    """The user cancelled the running job, or the app is closing."""


class Worker:
    """Does queued jobs until closed."""

    def __init__(self, repositories: Repositories, indexes: Indexes, embedder: Callable[[str], Embedder]) -> None:
        """Work on ``repositories`` and ``indexes``; ``embedder`` returns an embedder by id, or raises ProviderError."""
        self._bases = repositories.bases
        self._documents = repositories.documents
        self._jobs = repositories.jobs
        self._originals = repositories.originals
        self._indexes = indexes
        self._embedder = embedder
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self) -> None:
        """Put interrupted jobs back into the queue and begin."""
        self._jobs.resume()
        self._thread.start()

    def close(self) -> None:
        """Stop after the current step; an unfinished job is done again at the next start."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            if not self._indexes.vectors_ready:
                self._indexes.check_vectors(lambda: not self._closing.is_set())
                continue
            claimed = self._jobs.claim()
            if claimed is None:
                self._closing.wait(_IDLE_S)
            else:
                self._do(claimed)

    def _do(self, claimed: ClaimedJob) -> None:
        started = time.monotonic()
        work = {"ingest": self._ingest, "reindex": self._reindex, "remove": self._remove, "drop": self._drop}
        job = claimed.job
        try:
            state, values = work[job.kind](claimed)
            self._jobs.finish(job.id, state, elapsed_s=time.monotonic() - started, **values)
        except _CancelledError:
            if not self._closing.is_set():
                self._jobs.finish(job.id, "cancelled")
        except (IngestionError, KBAppError) as error:
            self._fail(claimed, error_info(error), time.monotonic() - started)
        except Exception:  # noqa: BLE001 - the top of the thread: a bug in one job must not end the others
            _LOG.exception("job %s failed", job.id)
            self._fail(claimed, ErrorInfo(code="internal"), time.monotonic() - started)

    def _fail(self, claimed: ClaimedJob, error: ErrorInfo, elapsed_s: float) -> None:
        job, document_id = claimed.job, None
        if job.kind == "ingest":
            try:
                document_id = self._documents.add_failed(_new_document(claimed), error)
            except NotFoundError:  # the base was deleted meanwhile: there is no list to show it in
                _LOG.info("base %s is gone", job.base_id)
        self._jobs.finish(job.id, "failed", error=error, elapsed_s=elapsed_s, document_id=document_id)

    # --- the four kinds of job; each returns the final state and the columns that go with it ---------

    def _ingest(self, claimed: ClaimedJob) -> _Outcome:
        job = claimed.job
        base = self._bases.get(job.base_id)
        same = self._documents.find(base.id, sha256=claimed.sha256)
        if same is not None and same.status == "ready":
            return "unchanged", _counts(same)
        prepared = self._prepare(claimed, _options(base), job.name)
        vectors = self._embed(job, prepared, self._embedder(base.embedder))
        old = self._documents.find(base.id, name=job.name)
        document_id = new_id()
        chunks = stored_chunks(prepared, document_id=document_id, base_id=base.id, name=job.name)
        self._report(job, "store", 0, len(chunks))
        self._indexes.add(base.id, chunks, vectors)
        self._documents.add(_new_document(claimed), prepared, vectors, document_id=document_id)
        replaced = old is not None and old.status == "ready"
        if old is not None:
            self._indexes.delete(base.id, *_indexed([old]))
            self._originals.discard({old.sha256} - self._documents.digests() - self._jobs.active_digests())
        self._indexes.seal(base.id)
        return "replaced" if replaced else "ready", _counts(self._documents.get(document_id))

    def _reindex(self, claimed: ClaimedJob) -> _Outcome:
        job, payload = claimed.job, claimed.payload
        base = self._bases.get(job.base_id)
        embedder = self._embedder(payload["embedder"])
        documents = [document for document in self._documents.of_base(base.id) if document.status == "ready"]
        self._documents.discard_staged(base.id)
        failed = 0
        for number, document in enumerate(documents):
            self._report(job, "reindex", number, len(documents))
            one = ClaimedJob(job, document.sha256, document.byte_count, {})
            try:
                prepared = self._prepare(one, _options(base), document.name, report=False)
            except IngestionError as error:
                failed += 1
                _LOG.warning("document %s cannot be read again: %s", document.id, error)
                continue
            vectors = embed_chunks(prepared, embedder)
            new = NewDocument(base.id, document.name, document.sha256, document.byte_count, LOADER_VERSION)
            self._documents.stage(new, prepared, vectors)
        columns = {"embedder": payload["embedder"], "dimension": embedder.dimension, **base_versions()}
        self._documents.publish_staged(base.id, columns)
        self._indexes.rebuild(base.id)
        self._indexes.seal(base.id)
        fresh = self._bases.get(base.id)
        return "ready", {"chunk_count": fresh.chunk_count, "done": len(documents) - failed, "total": len(documents)}

    def _remove(self, claimed: ClaimedJob) -> _Outcome:
        payload = claimed.payload
        self._indexes.delete(claimed.job.base_id, payload["document_ids"], payload["chunk_ids"])
        self._indexes.seal(claimed.job.base_id)
        return "ready", {}

    def _drop(self, claimed: ClaimedJob) -> _Outcome:
        self._indexes.drop(claimed.job.base_id)
        self._indexes.seal_vectors()
        return "ready", {}

    # --- steps -----------------------------------------------------------------------------------------

    def _prepare(
        self, claimed: ClaimedJob, options: ChunkOptions, name: str, *, report: bool = True
    ) -> PreparedDocument:
        data = self._originals.read(claimed.sha256)
        progress = self._progress(claimed.job) if report else None
        return prepare_limited(data, name, options=options, on_progress=progress)

    def _embed(self, job: Job, prepared: PreparedDocument, embedder: Embedder) -> Vectors:
        report = self._progress(job)
        return embed_chunks(prepared, embedder, on_progress=lambda done, total: report("embed", done, total))

    def _progress(self, job: Job) -> Callable[[str, int, int], None]:
        last = 0.0

        def report(stage: str, done: int, total: int) -> None:
            nonlocal last
            if time.monotonic() - last >= _PROGRESS_EVERY_S:
                last = time.monotonic()
                self._report(job, stage, done, total)

        return report

    def _report(self, job: Job, stage: str, done: int, total: int) -> None:
        if self._jobs.progress(job.id, stage, done, total) or self._closing.is_set():
            raise _CancelledError


def _options(base: KnowledgeBase) -> ChunkOptions:
    return ChunkOptions(size_units=base.chunk_size_units, overlap_units=base.chunk_overlap_units)


def _new_document(claimed: ClaimedJob) -> NewDocument:
    job = claimed.job
    return NewDocument(job.base_id, job.name, claimed.sha256, claimed.byte_count, LOADER_VERSION)


def _counts(document: DocumentRecord) -> dict[str, str | int]:
    return {
        "document_id": document.id,
        "page_count": document.page_count,
        "chunk_count": document.chunk_count,
        "char_count": document.char_count,
    }


def _indexed(documents: Sequence[DocumentRecord]) -> tuple[list[str], list[str]]:
    ids = [document.id for document in documents]
    return ids, [chunk_id(one.id, index) for one in documents for index in range(one.chunk_count)]
