"""Keeps the two derived indexes equal to the database: adds, deletes, checks at start, and rebuilds.

The keyword index is checked, and rebuilt where in doubt, before the app answers anything, because every search needs
it. Chroma is rebuilt by the worker; until then vectors are searched exactly in the database, which gives the same
results, only slower. Only the owner of the data folder makes one of these with ``owner=True``.
"""

import functools
import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from ingestion.protocols import Vectors
from kb_app.errors import KeywordIndexError
from kb_app.models import KnowledgeBase, Notice, StoredChunk
from kb_app.retrieval.keyword import KeywordIndex
from kb_app.services.documents.versions import require_searchable
from kb_app.services.notices import Notices
from kb_app.storage.bases import BaseRepository
from kb_app.storage.chroma import ChromaVectorIndex
from kb_app.storage.chunks import ChunkRepository
from kb_app.storage.exact import ExactVectorIndex
from kb_app.storage.manifest import Manifest

_LOG = logging.getLogger(__name__)

CHROMA = "chroma"
KEYWORD = "keyword"
_FEW_DOCUMENTS = 50
#: Pause after a rebuild of Chroma failed; doubled after each further failure, up to the second.
_RETRY_S, _LONGEST_RETRY_S = 2.0, 600.0


class Indexes:
    """Both indexes as one. Changes come from one worker thread; searches from any thread."""

    def __init__(self, folder: Path, bases: BaseRepository, chunks: ChunkRepository, notices: Notices) -> None:
        """Use the index files below ``folder``; nothing is opened yet."""
        self.keyword = KeywordIndex(folder / KEYWORD)
        self.exact = ExactVectorIndex(chunks)
        self._chroma = ChromaVectorIndex(folder / CHROMA)
        self._manifest = Manifest(folder)
        self._bases = bases
        self._chunks = chunks
        self._notices = notices
        self._chroma_ready = threading.Event()
        self._changing = False
        self._doubtful: set[str] = set()
        self._refilling: set[str] = set()
        self._retry_s = 0.0
        self._rebuild_at = 0.0

    # --- searching -----------------------------------------------------------------------------

    @property
    def vectors_ready(self) -> bool:
        """Whether Chroma is known to equal the database."""
        return self._chroma_ready.is_set()

    @property
    def rebuild_due(self) -> bool:
        """Whether :meth:`rebuild_vectors` is needed and its last failure is long enough ago."""
        return not self.vectors_ready and time.monotonic() >= self._rebuild_at

    def query(
        self, base_id: str, vector: Vectors, top_k: int, document_ids: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return the nearest chunks, of these documents if given, from Chroma, or exactly from the database.

        The database is asked while Chroma is not ready, and about so few documents that Chroma, which cannot be told
        of them, would have to list nearly everything.

        Raises:
            ReindexNeededError: the vector is not of the length that the base was indexed with.
        """
        base = self._bases.get(base_id)
        exactly = functools.partial(self.exact.query, base_id, vector, top_k, document_ids)
        if base_id in self._refilling:
            return exactly() if len(vector) == base.dimension else []
        require_searchable(base, len(vector))
        is_few = document_ids is not None and len(document_ids) <= _FEW_DOCUMENTS
        if self._chroma_ready.is_set() and not is_few:
            try:
                return self._chroma.query(base_id, vector, top_k, document_ids)
            except Exception:  # noqa: BLE001 - Chroma raises bare Rust errors; the index is derived, so distrust and rebuild it
                _LOG.exception("Chroma failed; searching the database instead and rebuilding")
                self._distrust_chroma()
        return exactly()

    # --- changing, on the worker thread --------------------------------------------------------

    def add(self, base_id: str, chunks: Sequence[StoredChunk], vectors: Vectors) -> None:
        """Index chunks; they are found only once the database has them too."""
        self._unseal(base_id)
        self.keyword.add(base_id, chunks)
        self._on_chroma(lambda: self._chroma.add(base_id, [chunk.id for chunk in chunks], vectors))

    def delete(self, base_id: str, document_ids: Collection[str], chunk_ids: Collection[str]) -> None:
        """Forget chunks that the database has already forgotten.

        Raises:
            KeywordIndexError: the keyword index refused; it is not sealed again, and so made anew at the next start.
        """
        if not document_ids:
            return
        self._unseal(base_id)
        self._on_chroma(lambda: self._chroma.delete(base_id, chunk_ids))
        try:
            self.keyword.delete_documents(base_id, document_ids)
        except KeywordIndexError:
            self._doubtful.add(base_id)
            raise

    def delete_chunks(self, base_id: str, chunk_ids: Collection[str]) -> None:
        """Forget single chunks of documents that stay. Raises KeywordIndexError as :meth:`delete` does."""
        self._unseal(base_id)
        self._on_chroma(lambda: self._chroma.delete(base_id, chunk_ids))
        try:
            self.keyword.delete_chunks(base_id, chunk_ids)
        except KeywordIndexError:
            self._doubtful.add(base_id)
            raise

    def retract(self, base_id: str, document_ids: Collection[str], chunk_ids: Collection[str]) -> None:
        """Forget chunks that the database refused; where an index refuses, too, it is made anew later."""
        try:
            self.delete(base_id, document_ids, chunk_ids)
        except KeywordIndexError:
            _LOG.exception("the keyword index of base %s keeps what the database refused", base_id)

    def drop(self, base_id: str) -> None:
        """Forget a whole base, and record that this is complete."""
        self._unseal(base_id)
        self.keyword.drop(base_id)
        self._on_chroma(lambda: self._chroma.drop(base_id))
        self._changing = False
        self.reseal()

    def replace(self, base_id: str, staged: Collection[str], publish: Callable[[], Collection[str]]) -> None:
        """Index the staged documents of a base, ``publish`` them, and forget those that ``publish`` says are gone.

        The keyword index holds both meanwhile, of which the database knows one. Vectors of the base are searched
        exactly until Chroma is refilled, because their length may change.
        """
        self._unseal(base_id)
        self._refilling.add(base_id)
        try:
            try:
                for chunks in self._chunks.iter_chunks(base_id, batch=5000, staged=True):
                    self.keyword.add(base_id, chunks)
                gone = publish()
            except BaseException:
                self.retract(base_id, staged, [])
                raise
            self.retract(base_id, gone, [])
            self._on_chroma(lambda: self._refill_chroma(base_id))
        finally:
            self._refilling.discard(base_id)
        self.seal(base_id)

    def seal(self, base_id: str) -> None:
        """Record that the change of this base is complete in the database and in both indexes."""
        self._changing = False
        self._seal_keyword(self._bases.get(base_id))
        self.reseal()

    def reseal(self) -> None:
        """Record that Chroma is complete although its files changed: it writes in answer to queries, too."""
        if self._chroma_ready.is_set() and not self._changing:
            self._manifest.seal(CHROMA, _facts(self._bases.every()))

    # --- checking ------------------------------------------------------------------------------

    def check(self) -> None:
        """Compare both indexes with the database before anything is answered.

        Keyword indexes that differ are rebuilt here; Chroma, by the worker, in :meth:`rebuild_vectors`. Neither is
        opened for this: the manifest tells whether files or counts have changed since all was well.
        """
        living = self._bases.every()
        for base in living:
            if not self._manifest.matches(f"{KEYWORD}/{base.id}", _facts([base])):
                self._rebuild_keyword(base.id)
                self._seal_keyword(base)
                if base.chunk_count:
                    self._notices.add(Notice(key="keyword_rebuilt", params={"base": base.name}, level="warning"))
        for part in self._manifest.parts() - {f"{KEYWORD}/{base.id}" for base in living} - {CHROMA}:
            self.keyword.drop(part.removeprefix(f"{KEYWORD}/"))
            self._manifest.forget(part)
        if self._manifest.matches(CHROMA, _facts(living)):
            self._chroma_ready.set()
        elif any(base.chunk_count for base in living):
            self._notices.add(Notice(key="vectors_distrusted", level="warning"))

    def rebuild_vectors(self, keep_going: Callable[[], bool]) -> None:
        """Fill Chroma anew from the database. Runs on the worker thread.

        Stops early, to be begun again at the next start, when ``keep_going`` turns false. A failure is told once, and
        the next attempt is due some time later; the database is searched meanwhile.
        """
        try:
            self._rebuild_chroma(keep_going)
        except Exception:  # noqa: BLE001 - as in query; a full disk or a refused folder must not stop the jobs
            _LOG.exception("Chroma cannot be rebuilt; searching the database instead")
            if not self._retry_s:
                self._notices.add(Notice(key="vectors_unavailable", level="warning"))
            self._retry_s = min(2 * self._retry_s or _RETRY_S, _LONGEST_RETRY_S)
            self._rebuild_at = time.monotonic() + self._retry_s
        else:
            self._retry_s = 0.0

    def differences(self, base: KnowledgeBase) -> tuple[int, int | None]:
        """Return how many chunks the keyword index and Chroma lack or have too many, for the doctor.

        The second is None where Chroma is not known: it is being rebuilt, or belongs to another process.

        Raises:
            KeywordIndexError: the keyword index cannot be read.
        """
        truth = self._chunks.ids(base.id)
        in_keyword = len(truth ^ self.keyword.ids(base.id))
        if not self._chroma_ready.is_set():
            return in_keyword, None
        return in_keyword, len(truth ^ self._chroma.ids(base.id))

    def close(self) -> None:
        """Let go of Chroma, after the worker has ended; what it writes while closing is complete."""
        self._chroma.close()
        self.reseal()

    # --- inside --------------------------------------------------------------------------------

    def _unseal(self, base_id: str) -> None:
        self._changing = True
        self._manifest.forget(f"{KEYWORD}/{base_id}")
        self._manifest.forget(CHROMA)

    def _on_chroma(self, change: Callable[[], None]) -> None:
        if not self._chroma_ready.is_set():
            return  # a rebuild from the database will bring it
        try:
            change()
        except Exception:  # noqa: BLE001 - as in query: the truth is safe, the index is rebuilt
            _LOG.exception("Chroma refused a change; rebuilding it")
            self._distrust_chroma()

    def _distrust_chroma(self) -> None:
        self._manifest.forget(CHROMA)
        self._notices.add(Notice(key="vectors_distrusted", level="warning"))
        self._chroma_ready.clear()  # last: the worker, which sees it at once, has notices of its own

    def _seal_keyword(self, base: KnowledgeBase) -> None:
        if base.id not in self._doubtful:
            self._manifest.seal(f"{KEYWORD}/{base.id}", _facts([base]))

    def _rebuild_keyword(self, base_id: str) -> None:
        self.keyword.drop(base_id)
        self._doubtful.discard(base_id)
        for chunks in self._chunks.iter_chunks(base_id, batch=5000):
            self.keyword.add(base_id, chunks)

    def _rebuild_chroma(self, keep_going: Callable[[], bool]) -> None:
        self._manifest.forget(CHROMA)
        self._chroma.reset()
        bases = self._bases.every()
        for base in bases:
            self._refill_chroma(base.id, keep_going)
        if not keep_going():
            return
        if total := sum(base.chunk_count for base in bases):
            self._notices.add(Notice(key="vectors_rebuilt", params={"vectors": total}))
        self._chroma_ready.set()  # who waits for it finds the notice
        self.reseal()

    def _refill_chroma(self, base_id: str, keep_going: Callable[[], bool] = lambda: True) -> None:
        self._chroma.drop(base_id)
        for ids, vectors in self._chunks.iter_vectors(base_id, batch=2000):
            if not keep_going():
                return
            self._chroma.add(base_id, ids, vectors)


def _facts(bases: Sequence[KnowledgeBase]) -> dict[str, int]:
    return {base.id: base.chunk_count for base in bases if base.chunk_count}
