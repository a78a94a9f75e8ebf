"""Reads every document of a base again and indexes it anew, beside the old index, which answers until the end."""

import logging
from collections.abc import Callable
from functools import partial

from ingestion.embed import embed_chunks, embed_texts, embedding_text
from ingestion.errors import IngestionError
from ingestion.load import LOADER_VERSION
from ingestion.load.ocr import OCR_WARNING
from ingestion.protocols import Embedder
from kb_app.errors import NotFoundError
from kb_app.models import DocumentRecord, Job
from kb_app.services.documents.intake import Repositories
from kb_app.services.documents.options import prepared_with
from kb_app.services.documents.versions import base_versions
from kb_app.services.indexing.cards import CardIndexer
from kb_app.services.indexing.indexes import Indexes
from kb_app.services.indexing.ingesting import Embedders, Ingester
from kb_app.storage.documents import NewDocument
from kb_app.storage.jobs import ClaimedJob

_LOG = logging.getLogger(__name__)


class Reindexer:
    """Does re-index jobs. Used by the worker thread only."""

    def __init__(
        self,
        repositories: Repositories,
        indexes: Indexes,
        embedder: Embedders,
        ingester: Ingester,
        cards: CardIndexer,
    ) -> None:
        """Work on ``repositories`` and ``indexes``; files are read by ``ingester``, ``cards`` are taken along."""
        self._bases = repositories.bases
        self._documents = repositories.documents
        self._chunks = repositories.chunks
        self._jobs = repositories.jobs
        self._indexes = indexes
        self._embedder = embedder
        self._ingester = ingester
        self._cards = cards

    def run(self, claimed: ClaimedJob) -> None:
        """Stage every document again, index what is staged, then put all of it in place of the old at once.

        A document that can no longer be read is kept as it was read before.

        Raises:
            ProviderError, EmbeddingError: the embedder failed; the old index stays.
            CancelledError: asked to stop; the old index stays.
        """
        job, embedder = claimed.job, self._embedder(claimed.payload["embedder"])
        base = self._bases.get(job.base_id)
        self._documents.discard_staged(base.id)
        try:
            documents = [document for document in self._documents.of_base(base.id) if document.status == "ready"]
            staged = []
            for number, document in enumerate(documents):
                self._ingester.report(job, "reindex", number, len(documents))
                report = partial(self._ingester.progress_of(job), "reindex", number, len(documents))
                fresh = self._stage(job, document, embedder, report)
                for staged_id in fresh:
                    self._cards.carry_over(document, staged_id, embedder)
                staged += fresh
            self._ingester.report(job, "reindex", len(documents), len(documents))
            columns = {"embedder": embedder.model_id, "dimension": embedder.dimension, **base_versions()}
            self._indexes.replace(base.id, staged, lambda: self._documents.publish_staged(base.id, columns))
        finally:
            self._documents.discard_staged(base.id)
        done = self._bases.get(base.id)
        self._jobs.finish(job.id, "ready", chunk_count=done.chunk_count, done=done.document_count, total=len(documents))

    def _stage(self, job: Job, document: DocumentRecord, embedder: Embedder, report: Callable[[], None]) -> list[str]:
        """Return the id of the staged document; nothing where it was removed meanwhile."""

        def go_on(*_: object) -> None:  # the steps of one file do not matter here
            report()

        base = self._bases.get(document.base_id)
        original = ClaimedJob(job, document.sha256, document.byte_count, {"ocr": OCR_WARNING in document.warnings})
        try:
            prepared = self._ingester.prepare(original, base, document.name, go_on)
        except (IngestionError, NotFoundError) as error:
            _LOG.warning("%s cannot be read again (%s) and is kept as it is", document.name, error.code)
            return self._stage_copy(document, embedder, go_on)
        new = NewDocument(
            base.id, document.name, document.sha256, document.byte_count, LOADER_VERSION, prepared_with(base)
        )
        return [self._documents.stage(new, prepared, embed_chunks(prepared, embedder, on_progress=go_on))]

    def _stage_copy(self, document: DocumentRecord, embedder: Embedder, go_on: Callable[..., None]) -> list[str]:
        texts = [embedding_text(document.title, chunk) for chunk in self._chunks.of_document(document.id)]
        vectors = embed_texts(texts, embedder, on_progress=go_on)
        try:
            return [self._documents.stage_copy(document.id, vectors)]
        except NotFoundError:
            _LOG.info("%s was removed meanwhile", document.name)
            return []
