"""Reads every document of a base again and indexes it anew, beside the old index, which answers until the end."""

from ingestion.embed import embed_chunks
from ingestion.errors import IngestionError
from ingestion.load import LOADER_VERSION
from ingestion.load.ocr import OCR_WARNING
from kb_app.errors import NotFoundError, error_info
from kb_app.models import ErrorInfo
from kb_app.services.indexes import Indexes
from kb_app.services.ingesting import Embedders, Ingester
from kb_app.services.intake import Repositories
from kb_app.services.options import prepared_with
from kb_app.services.versions import base_versions
from kb_app.storage.documents import NewDocument
from kb_app.storage.jobs import ClaimedJob


class Reindexer:
    """Does re-index jobs. Used by the worker thread only."""

    def __init__(self, repositories: Repositories, indexes: Indexes, embedder: Embedders, ingester: Ingester) -> None:
        """Work on ``repositories`` and ``indexes``; files are read by ``ingester``."""
        self._bases = repositories.bases
        self._documents = repositories.documents
        self._jobs = repositories.jobs
        self._indexes = indexes
        self._embedder = embedder
        self._ingester = ingester

    def run(self, claimed: ClaimedJob) -> None:
        """Stage every document again, then publish all at once and rebuild both indexes from the database.

        A document that can no longer be read is shown as failed; its original is kept.

        Raises:
            ProviderError: the embedder failed; the old index stays.
            CancelledError: asked to stop; the old index stays.
        """
        job, embedder = claimed.job, self._embedder(claimed.payload["embedder"])
        base = self._bases.get(job.base_id)
        self._documents.discard_staged(base.id)
        documents = [document for document in self._documents.of_base(base.id) if document.status == "ready"]
        failures: dict[str, ErrorInfo] = {}
        for number, document in enumerate(documents):
            self._ingester.report(job, "reindex", number, len(documents))
            new = NewDocument(
                base.id, document.name, document.sha256, document.byte_count, LOADER_VERSION, prepared_with(base)
            )
            original = ClaimedJob(job, document.sha256, document.byte_count, {"ocr": OCR_WARNING in document.warnings})
            try:
                prepared = self._ingester.prepare(original, base, document.name, None)
            except (IngestionError, NotFoundError) as error:
                failures[document.id] = error_info(error)
                continue
            self._documents.stage(new, prepared, embed_chunks(prepared, embedder))
        columns = {"embedder": embedder.model_id, "dimension": embedder.dimension, **base_versions()}
        self._documents.publish_staged(base.id, failures, columns)
        self._indexes.rebuild(base.id)
        self._indexes.seal(base.id)
        done = self._bases.get(base.id)
        self._jobs.finish(job.id, "ready", chunk_count=done.chunk_count, done=done.document_count, total=len(documents))
