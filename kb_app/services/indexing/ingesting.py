"""Reads queued files and stores them in groups: one commit of each index and one database transaction a group.

A file becomes visible in the database transaction, after both indexes know it. Whatever happens before that, the job
is still marked as running and is done again at the next start.
"""

import logging
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any

import numpy as np

from ingestion.embed import embed_chunks
from ingestion.errors import GarbledError, ScannedError
from ingestion.load import LOADER_VERSION
from ingestion.load.ocr import is_ocr_available
from ingestion.models import PreparedDocument
from ingestion.pipeline import prepare_limited
from ingestion.protocols import Embedder, Vectors
from kb_app.errors import NotFoundError, ReindexNeededError
from kb_app.models import DocumentRecord, Job, JobState, KnowledgeBase
from kb_app.services.documents.intake import Intake, Repositories
from kb_app.services.documents.options import prepared_with, read_options
from kb_app.services.documents.summaries import queue_cards
from kb_app.services.documents.versions import base_versions, require_current
from kb_app.services.documents.web import loading_name
from kb_app.services.indexing.failures import CancelledError, told_error
from kb_app.services.indexing.groups import GROUP_AGE_S, Group, Reading
from kb_app.services.indexing.indexes import Indexes
from kb_app.storage.chunks import indexed_ids
from kb_app.storage.documents import NewDocument, ReadyDocument
from kb_app.storage.jobs import ClaimedJob, NewJob
from kb_app.storage.rows import new_id

_LOG = logging.getLogger(__name__)

_PROGRESS_EVERY_S = 0.25
#: Files read at once. Each takes a core in its own process, beside the one that embeds and stores.
_READERS = max(1, min(4, (os.cpu_count() or 2) - 1)) + 1

Embedders = Callable[[str], Embedder]
Report = Callable[[str, int, int], None]


class Ingester:
    """Reads a few files ahead, embeds them in order and stores them in groups. Used by the worker thread only."""

    def __init__(
        self,
        repositories: Repositories,
        indexes: Indexes,
        embedder: Embedders,
        intake: Intake,
        is_closing: Callable[[], bool],
    ) -> None:
        """Work on ``repositories`` and ``indexes``; stop early when ``is_closing`` turns true."""
        self._bases = repositories.bases
        self._documents = repositories.documents
        self._jobs = repositories.jobs
        self._originals = repositories.originals
        self._indexes = indexes
        self._embedder = embedder
        self._intake = intake
        self._is_closing = is_closing
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="reader")  # each drives one worker process
        self._reading: list[Reading] = []
        self._group: Group | None = None

    def take(self, claimed: ClaimedJob) -> None:
        """Begin to read one file; its job ends when its group is stored, or when it fails."""
        if not self._fits(claimed):
            self.flush()
        try:
            base = self._bases.get(claimed.job.base_id)
            require_current(base)
            same = self._documents.find(base.id, sha256=claimed.sha256)
            if same is not None and not claimed.payload.get("ocr") and self._is_known(claimed, same):
                self._finish(claimed.job, "unchanged", same, 0.0)
                return
            report = self.progress_of(claimed.job)
            prepared = self._readers.submit(self.prepare, claimed, base, claimed.job.name, report)
        except (NotFoundError, ReindexNeededError) as error:
            self._fail(claimed, error, 0.0)
            return
        self._reading.append(Reading(claimed, base, time.monotonic(), prepared))
        while len(self._reading) > _READERS:
            self._complete(self._first_read())

    def _is_known(self, claimed: ClaimedJob, same: DocumentRecord) -> bool:
        """Whether these bytes are in the base, and no other bytes answer under this name."""
        named = self._documents.find(claimed.job.base_id, name=claimed.job.name)
        return same.status == "ready" and (named is None or named.status != "ready" or named.sha256 == same.sha256)

    def settle(self, timeout_s: float) -> bool:
        """Store what has been read, waiting for no more than that; return whether anything is being read still.

        A file that takes long, such as a scan that is recognised, holds up nothing that comes after it.
        """
        if not self._reading:
            self._store_group()
            return False
        wait([one.prepared for one in self._reading], timeout=timeout_s, return_when=FIRST_COMPLETED)
        for reading in [one for one in self._reading if one.prepared.done()]:
            self._complete(reading)
        if self._group is not None and (self._group.is_due or not self._reading):
            self._store_group()
        return bool(self._reading)

    def flush(self) -> None:
        """Complete and store everything that was taken."""
        while self._reading:
            self._complete(self._first_read())
        self._store_group()

    def abandon(self) -> None:
        """Forget what was taken and is not stored; somebody else puts its jobs back into the queue."""
        for reading in self._reading:
            reading.prepared.cancel()
        self._reading.clear()
        self._group = None

    def close(self) -> None:
        """Forget what is being read; its jobs are done again at the next start."""
        self._readers.shutdown(wait=False, cancel_futures=True)

    def prepare(self, claimed: ClaimedJob, base: KnowledgeBase, name: str, report: Report | None) -> PreparedDocument:
        """Load, clean and cut an original in a worker process. Raises IngestionError, NotFoundError."""
        data = self._originals.read(claimed.sha256)
        password = self._intake.passwords.of(claimed.sha256)
        options = read_options(base, password=password, method="ocr" if claimed.payload.get("ocr") else "standard")
        return prepare_limited(data, loading_name(name, data), options, on_progress=report)

    def report(self, job: Job, stage: str, done: int, total: int) -> None:
        """Record progress. Raises CancelledError when the job is to stop."""
        if self._jobs.progress(job.id, stage, done, total) or self._is_closing():
            raise CancelledError

    def _complete(self, reading: Reading) -> None:
        """Embed a file that was read and add it to the group; store the group when it is due."""
        self._reading.remove(reading)
        job, base = reading.claimed.job, reading.base
        try:
            prepared = reading.prepared.result()
            vectors = self._embed(job, prepared, base)
        except CancelledError:
            if not self._is_closing():
                self._jobs.finish(job.id, "cancelled")
            return
        except Exception as error:  # noqa: BLE001 - a bug in one file must not end the others; told_error logs it
            if isinstance(error, ScannedError | GarbledError) and self._recognise_later(reading):
                self._jobs.remove(job.id)
            else:
                self._fail(reading.claimed, error, time.monotonic() - reading.started)
            return
        if prepared.loaded.unreadable_pages:
            self._recognise_later(reading)
        claimed = reading.claimed
        new = NewDocument(base.id, job.name, claimed.sha256, claimed.byte_count, LOADER_VERSION, prepared_with(base))
        if self._group is None:
            self._group = Group(base.id, time.monotonic())
        self._group.documents.append(ReadyDocument(new_id(), new, prepared, vectors))
        self._group.jobs.append((job, time.monotonic() - reading.started))
        self._group.chunk_count += len(prepared.chunks)
        if self._group.is_due:
            self._store_group()

    def _first_read(self) -> Reading:
        """Wait for the file that is read first, and return it; what is ready need not wait for one that takes long."""
        while True:
            wait([one.prepared for one in self._reading], timeout=GROUP_AGE_S, return_when=FIRST_COMPLETED)
            for reading in self._reading:
                if reading.prepared.done():
                    return reading
            self._store_group()

    def _recognise_later(self, reading: Reading) -> bool:
        """Queue a file with pictures of text once more, if its base wants them recognised; return whether it does."""
        claimed = reading.claimed
        if not reading.base.ocr or claimed.payload.get("ocr") or not is_ocr_available():
            return False
        job = claimed.job
        again = NewJob(job.base_id, "ingest", job.name, claimed.sha256, claimed.byte_count, {"ocr": True})
        self._jobs.add([again], job.batch_id)
        return True

    def _store_group(self) -> None:
        group, self._group = self._group, None
        if group is None:
            return
        try:
            replaced = self._store(group)
        except Exception as error:  # noqa: BLE001 - whatever it is, these jobs must not stay "running" for ever
            info = told_error(error)
            failed = {job.id: {"state": "failed", "elapsed_s": round(elapsed_s, 3)} for job, elapsed_s in group.jobs}
            self._jobs.finish_all(failed, error=info)
            return
        self._tidy(group.base_id, replaced)
        self._queue_cards(group)
        names = {document.name for document in replaced if document.status == "ready"}
        ends: dict[str, dict[str, Any]] = {}
        for (job, elapsed_s), ready in zip(group.jobs, group.documents, strict=True):
            state: JobState = "replaced" if job.name in names else "ready"
            ends[job.id] = {"state": state, "elapsed_s": round(elapsed_s, 3), **_outcome(ready)}
        self._jobs.finish_all(ends)

    def _queue_cards(self, group: Group) -> None:
        """Queue the summary cards before the jobs end: a crash in between makes no document go without."""
        try:
            wants_cards = bool(self._bases.get(group.base_id).summary_model)
        except NotFoundError:  # deleted meanwhile, with its jobs
            return
        if wants_cards:
            queue_cards(self._jobs, group.base_id, [one.new.name for one in group.documents])

    def _tidy(self, base_id: str, replaced: Iterable[DocumentRecord]) -> None:
        try:
            self._forget(base_id, replaced)
            self._indexes.seal(base_id)
        except Exception:  # noqa: BLE001 - they are stored; an unsealed index is made anew at the next start
            _LOG.exception("the indexes of base %s could not be tidied up", base_id)

    def _store(self, group: Group) -> list[DocumentRecord]:
        """Tell the indexes, then, at once, the database; return what was replaced. On failure nothing stays."""
        chunks = group.chunks()
        try:
            self._indexes.add(group.base_id, chunks, np.concatenate([one.vectors for one in group.documents]))
            return self._documents.add(group.documents)
        except Exception:
            ids = [one.id for one in group.documents]
            self._indexes.retract(group.base_id, ids, [chunk.id for chunk in chunks])
            raise

    def _fail(self, claimed: ClaimedJob, error: Exception, elapsed_s: float) -> None:
        job, info, document_id = claimed.job, told_error(error), None
        new = NewDocument(job.base_id, job.name, claimed.sha256, claimed.byte_count, LOADER_VERSION)
        try:
            document_id = self._documents.add_failed(new, info)
        except NotFoundError:  # the base was deleted meanwhile: there is no list to show it in
            _LOG.info("base %s is gone", job.base_id)
        self._jobs.finish(job.id, "failed", error=info, elapsed_s=round(elapsed_s, 3), document_id=document_id)

    def _fits(self, claimed: ClaimedJob) -> bool:
        """Whether a file can go with those taken: same base, and none of them has its name or its bytes."""
        taken = [(one.base.id, one.claimed.job.name, one.claimed.sha256) for one in self._reading]
        if self._group is not None:
            taken += [(self._group.base_id, one.new.name, one.new.sha256) for one in self._group.documents]
        job = claimed.job
        return all(
            base_id == job.base_id and name != job.name and sha256 != claimed.sha256 for base_id, name, sha256 in taken
        )

    def _embed(self, job: Job, prepared: PreparedDocument, base: KnowledgeBase) -> Vectors:
        """Return the vectors of a file. Raises ReindexNeededError where the embedder does not fit the base any more."""
        report, embedder = self.progress_of(job), self._embedder(base.embedder)
        if self._group is None:  # else the base was looked at for the first file of the group
            now = self._bases.get(base.id)
            require_current(now, embedder.dimension)
            if not now.chunk_count:  # what is empty cannot be outdated
                self._bases.change(base.id, {"dimension": embedder.dimension, **base_versions()})
        return embed_chunks(prepared, embedder, on_progress=lambda done, total: report("embed", done, total))

    def progress_of(self, job: Job) -> Report:
        """Return a :meth:`report` for this job to be called as often as one likes; what is quick reports nothing."""
        last = time.monotonic()

        def report(stage: str, done: int, total: int) -> None:
            nonlocal last
            if time.monotonic() - last >= _PROGRESS_EVERY_S:
                last = time.monotonic()
                self.report(job, stage, done, total)

        return report

    def _forget(self, base_id: str, replaced: Iterable[DocumentRecord]) -> None:
        gone = list(replaced)
        chunk_ids = [name for one in gone if one.chunk_count for name in indexed_ids(one)]
        self._indexes.delete(base_id, [one.id for one in gone if one.chunk_count], chunk_ids)
        if gone:
            self._intake.discard({one.sha256 for one in gone})

    def _finish(self, job: Job, state: JobState, document: DocumentRecord, elapsed_s: float) -> None:
        values: dict[str, Any] = {
            "document_id": document.id,
            "page_count": document.page_count,
            "chunk_count": document.chunk_count,
            "char_count": document.char_count,
        }
        self._jobs.finish(job.id, state, elapsed_s=round(elapsed_s, 3), **values)


def _outcome(ready: ReadyDocument) -> dict[str, Any]:
    return {
        "document_id": ready.id,
        "page_count": len(ready.prepared.document.pages),
        "chunk_count": len(ready.prepared.chunks),
        "char_count": ready.prepared.loaded.char_count,
    }
