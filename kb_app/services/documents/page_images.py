"""Pages of PDFs as pictures with the cited words marked, drawn in a worker process and kept for a while."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

from ingestion.errors import DamagedError, IngestionError, TooHeavyError
from ingestion.models import LoadLimits
from ingestion.pool import WorkerDiedError, run_limited
from kb_app.models import DocumentRecord
from kb_app.services.documents.passwords import Passwords
from kb_app.storage.documents import DocumentRepository
from kb_app.storage.files import OriginalStore

#: Twice the width it is shown at, for sharp letters.
WIDTH_PX = 1_100
_KEPT = 60
_AT_ONCE = 2
_LIMITS = LoadLimits(memory_bytes=800_000_000, cpu_s=15, wall_s=20)

Draw = Callable[..., object]
Key = tuple[str, int, tuple[str, ...]]


class PageImages:
    """Draws pages, few at a time, and remembers them. Safe to share between threads."""

    def __init__(
        self,
        documents: DocumentRepository,
        originals: OriginalStore,
        passwords: Passwords,
        run: Draw = run_limited,
    ) -> None:
        """Draw from the originals; ``run`` calls a function in a worker process under limits."""
        self._documents = documents
        self._originals = originals
        self._passwords = passwords
        self._run = run
        self._lock = threading.Lock()
        self._drawing = threading.Semaphore(_AT_ONCE)
        self._kept: OrderedDict[Key, bytes | IngestionError] = OrderedDict()

    def image(self, document_id: str, page: int, spans: Sequence[tuple[int, int]]) -> bytes:
        """Return page ``page`` (1-based) as a PNG with ``spans`` of the document's text marked.

        Raises:
            NotFoundError: the document or its original is gone.
            IngestionError: the page cannot be drawn; a file that took a worker down is not tried again.
        """
        document = self._documents.get(document_id)
        text, _ = self._documents.text(document_id)
        key = (document.sha256, page, tuple(text[start:end] for start, end in spans))
        with self._lock:
            kept = self._kept.get(key)
        if kept is None:
            with self._drawing:
                kept = self._drawn(document, page, key[2])
            with self._lock:
                self._kept[key] = kept
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        if isinstance(kept, IngestionError):
            raise kept
        return kept

    def _drawn(self, document: DocumentRecord, page: int, passages: tuple[str, ...]) -> bytes | IngestionError:
        arguments = {
            "data": self._originals.read(document.sha256),
            "page": page,
            "passages": passages,
            "width": WIDTH_PX,
            "password": self._passwords.of(document.sha256),
        }
        try:
            drawn = self._run("ingestion.pdf_page:render_page", arguments, replace(_LIMITS))
        except WorkerDiedError as death:
            return TooHeavyError(str(death), limit=death.reason)
        except IngestionError as error:
            return error
        return drawn if isinstance(drawn, bytes) else DamagedError("the worker answered no picture")
