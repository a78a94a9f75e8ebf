"""Puts written summary cards into the indexes. Used by the worker thread only."""

from ingestion.embed import embed_texts, embedding_text
from ingestion.protocols import Embedder
from kb_app.models import DocumentRecord, StoredChunk
from kb_app.services.documents.intake import Repositories
from kb_app.services.documents.versions import require_current
from kb_app.services.indexing.indexes import Indexes
from kb_app.services.indexing.ingesting import Embedders
from kb_app.storage.jobs import ClaimedJob
from kb_app.storage.summaries import SummaryRepository, card_chunk


class CardIndexer:
    """Does ``card`` jobs, and takes cards along when their base is indexed anew."""

    def __init__(
        self, repositories: Repositories, cards: SummaryRepository, indexes: Indexes, embedder: Embedders
    ) -> None:
        """Work on ``cards`` and ``indexes``."""
        self._bases = repositories.bases
        self._documents = repositories.documents
        self._jobs = repositories.jobs
        self._cards = cards
        self._indexes = indexes
        self._embedder = embedder

    def run(self, claimed: ClaimedJob) -> None:
        """Index the card of one document, which may have got another row, or be gone, since it was written.

        Raises:
            ProviderError, EmbeddingError, ReindexNeededError, NotFoundError: it stays unindexed.
        """
        job = claimed.job
        base = self._bases.get(job.base_id)
        document = self._documents.find(base.id, name=job.name)
        card = None if document is None else self._cards.get(document.id)
        if document is None or card is None:
            self._jobs.remove(job.id)
            return
        embedder = self._embedder(base.embedder)
        require_current(base, embedder.dimension)
        chunk = card_chunk(card, document_id=document.id, base_id=base.id, name=document.name, title=document.title)
        vectors = embed_texts([embedding_text(chunk.title, chunk)], embedder)
        self._indexes.add(base.id, [chunk], vectors)
        if not self._cards.index(chunk, vectors[0]):
            self._indexes.delete_chunks(base.id, [chunk.id])
        self._indexes.seal(base.id)
        self._jobs.remove(job.id)  # the card itself says that it is done

    def carry_over(self, document: DocumentRecord, staged_id: str, embedder: Embedder) -> None:
        """Give the staged half of a re-indexed document its card, if it has one."""
        card = self._cards.get(document.id)
        if card is None:
            return
        chunk: StoredChunk = card_chunk(
            card, document_id=staged_id, base_id=document.base_id, name=document.name, title=document.title
        )
        (vector,) = embed_texts([embedding_text(chunk.title, chunk)], embedder)
        self._cards.carry_over(card, chunk, vector)
