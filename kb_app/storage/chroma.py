"""Vectors in a persistent Chroma folder: a derived index, rebuilt from the database whenever it is in doubt.

One client per process (``chromadb`` fails when several threads make the first one at once), made on first use and
under a lock; ``embedding_function=None`` everywhere, so Chroma never loads or downloads a model of its own. Only the
process that owns the data folder may use this class: a second process on the same folder silently loses vectors.
"""

import logging
import shutil
import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ingestion.protocols import Vectors
from kb_app.models import CARD_INDEX
from kb_app.storage.chunks import chunk_id, document_of

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection as ChromaCollection

_LOG = logging.getLogger(__name__)

#: Measured: ``ef_search`` 100, the default, loses 4-13 % of the nearest neighbours of hashed vectors; 400 loses none.
_CONFIGURATION: Any = {"hnsw": {"space": "cosine", "ef_search": 400, "ef_construction": 100, "max_neighbors": 16}}
#: Chroma hands ids to SQLite as parameters; more than this fails with "too many SQL variables".
_PAGE = 5_000
_WIDENING, _WIDEST = 8, 25_600
#: How many more are fetched than should do, going by the share that passed the filter the time before.
_MARGIN = 1.5
#: The vectors of so few documents are all fetched and compared, if there are no more of them than these; so many of
#: each document are asked for at first.
_FEW_DOCUMENTS, _MOST_COMPARED, _FIRST_COMPARED = 60, 2_000, 30
_TINY = 1e-12


class ChromaVectorIndex:
    """One Chroma collection per base, named by the base's id, in cosine space."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``; nothing is imported or opened before the first call."""
        self._folder = folder
        self._client: Client | None = None
        self._lock = threading.RLock()

    def add(self, base_id: str, chunk_ids: Sequence[str], vectors: Vectors) -> None:
        """Insert or overwrite vectors, in batches Chroma accepts."""
        collection = self._open().get_or_create_collection(
            base_id, embedding_function=None, configuration=_CONFIGURATION
        )
        batch = min(self._open().get_max_batch_size(), _PAGE)
        for first in range(0, len(chunk_ids), batch):
            part = slice(first, first + batch)
            collection.upsert(ids=list(chunk_ids[part]), embeddings=np.asarray(vectors[part], dtype=np.float32))

    def delete(self, base_id: str, chunk_ids: Collection[str]) -> None:
        """Forget these chunks; unknown ids and bases are ignored."""
        collection = self._collection(base_id)
        ids = list(chunk_ids)
        if collection is None or not ids:
            return
        for first in range(0, len(ids), _PAGE):
            collection.delete(ids=ids[first : first + _PAGE])

    def drop(self, base_id: str) -> None:
        """Forget a whole base."""
        if self._collection(base_id) is not None:
            self._open().delete_collection(base_id)

    def ids(self, base_id: str) -> set[str]:
        """Return every chunk id of the base."""
        collection = self._collection(base_id)
        found: set[str] = set()
        while collection is not None:
            page = collection.get(include=[], limit=_PAGE, offset=len(found))["ids"]
            found.update(page)
            if len(page) < _PAGE:
                break
        return found

    def count(self, base_id: str) -> int:
        """Return how many vectors the base has."""
        collection = self._collection(base_id)
        return 0 if collection is None else collection.count()

    def base_ids(self) -> set[str]:
        """Return the bases that have a collection."""
        return {collection.name for collection in self._open().list_collections()}

    def query(
        self, base_id: str, vector: Vectors, top_k: int, document_ids: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return up to ``top_k`` (chunk id, cosine in [-1, 1]), best first.

        With ``document_ids``, the vectors of these documents are all compared where they are few. Of many documents,
        ever more are fetched until enough belong to these, ``_WIDEST`` at last.
        """
        collection = self._collection(base_id)
        if collection is None:
            return []
        if document_ids is None:
            return _nearest(collection, vector, top_k)
        if len(document_ids) <= _FEW_DOCUMENTS:
            compared = _compared(collection, vector, document_ids)
            if compared is not None:
                return compared[:top_k]
        limit = top_k
        while True:
            found = _nearest(collection, vector, limit)
            passed = [hit for hit in found if document_of(hit[0]) in document_ids]
            if len(passed) >= top_k or len(found) < limit or limit >= _WIDEST:
                return passed[:top_k]
            needed = int(_MARGIN * limit * top_k / len(passed)) if passed else _WIDENING * limit
            limit = min(max(needed, 2 * limit), _WIDEST)

    def reset(self) -> None:
        """Delete the whole folder and start with an empty one."""
        with self._lock:
            self.close()
            if self._folder.exists():
                shutil.rmtree(self._folder)

    def close(self) -> None:
        """Let go of the folder; without this, deleting it would leave a stale client behind."""
        with self._lock:
            if self._client is not None:
                from chromadb.api.shared_system_client import SharedSystemClient

                self._client.close()
                SharedSystemClient.clear_system_cache()
                self._client = None

    def _open(self) -> "Client":
        with self._lock:
            if self._client is None:
                from chromadb.api.client import Client
                from chromadb.config import Settings

                self._folder.mkdir(parents=True, exist_ok=True)
                _LOG.info("opening Chroma")
                self._client = Client(
                    settings=Settings(
                        anonymized_telemetry=False, is_persistent=True, persist_directory=str(self._folder)
                    )
                )
            return self._client

    def _collection(self, base_id: str) -> "ChromaCollection | None":
        from chromadb.errors import NotFoundError

        try:
            return self._open().get_collection(base_id, embedding_function=None)
        except NotFoundError:
            return None


def _nearest(collection: "ChromaCollection", vector: Vectors, top_k: int) -> list[tuple[str, float]]:
    answer = collection.query(
        query_embeddings=np.asarray([vector], dtype=np.float32), n_results=top_k, include=["distances"]
    )
    distances = (answer["distances"] or [[]])[0]
    return [(found, 1.0 - float(distance)) for found, distance in zip(answer["ids"][0], distances, strict=True)]


def _compared(
    collection: "ChromaCollection", vector: Vectors, document_ids: Collection[str]
) -> list[tuple[str, float]] | None:
    """Return every chunk of these documents with its cosine, best first; None where they are too many.

    Chroma knows nothing of documents, but their chunks are numbered, and a number that is not there is no error.
    """
    found: list[tuple[str, float]] = []
    wanted, first, step = list(document_ids), CARD_INDEX, _FIRST_COMPARED
    while wanted:
        if len(found) + step * len(wanted) > _MOST_COMPARED:
            return None
        ids = [chunk_id(name, index) for name in wanted for index in range(first, first + step)]
        page = collection.get(ids=ids, include=["embeddings"])
        if page["ids"]:
            held = np.asarray(page["embeddings"], dtype=np.float32)
            lengths = np.linalg.norm(held, axis=1) * np.linalg.norm(vector)
            found += zip(page["ids"], (held @ vector / np.maximum(lengths, _TINY)).tolist(), strict=True)
        first, step = first + step, _WIDENING * step
        there = set(page["ids"])
        wanted = [name for name in wanted if chunk_id(name, first - 1) in there]
    return sorted(found, key=lambda hit: -hit[1])
