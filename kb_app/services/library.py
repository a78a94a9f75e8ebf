"""What a user can do with knowledge bases and documents. Slow work is queued as jobs and done by the worker."""

import threading
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion.models import PageSpan
from kb_app.bundle import bundled
from kb_app.errors import InvalidNameError, NotFoundError
from kb_app.messages import Language, translate
from kb_app.models import DocumentRecord, ErrorInfo, KnowledgeBase, StoredChunk
from kb_app.services.versions import base_versions
from kb_app.settings import Settings
from kb_app.storage.bases import BaseRepository
from kb_app.storage.chunks import ChunkRepository, chunk_id
from kb_app.storage.documents import DocumentRepository
from kb_app.storage.files import OriginalStore
from kb_app.storage.jobs import JobRepository, NewJob

NAME_LIMIT = 100
DOCUMENT_NAME_LIMIT = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file to add: its bytes, or a path to read them from, under the name a user knows it by."""

    name: str
    data: bytes | Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentText:
    """A document as it is shown; offsets of sources and chunks point into ``text``."""

    document: DocumentRecord
    text: str
    pages: tuple[PageSpan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repositories:
    """The tables and files a library works on."""

    bases: BaseRepository
    documents: DocumentRepository
    chunks: ChunkRepository
    jobs: JobRepository
    originals: OriginalStore


class Library:
    """Knowledge bases and their documents."""

    def __init__(self, settings: Settings, repositories: Repositories, dimension_of: Callable[[str], int]) -> None:
        """Work on ``repositories``; ``dimension_of`` returns an embedder's vector length, or raises ProviderError."""
        self._settings = settings
        self._bases = repositories.bases
        self._documents = repositories.documents
        self._chunks = repositories.chunks
        self._jobs = repositories.jobs
        self._originals = repositories.originals
        self._dimension_of = dimension_of
        self._saving = threading.Lock()

    # --- bases ---------------------------------------------------------------------------------

    def bases(self) -> list[KnowledgeBase]:
        """Return every base with its counts, by name."""
        return self._bases.all()

    def base(self, base_id: str) -> KnowledgeBase:
        """Return one base. Raises NotFoundError."""
        return self._bases.get(base_id)

    def living(self, base_ids: Sequence[str]) -> tuple[str, ...]:
        """Return those of the bases that exist, in the same order. Raises NotFoundError when none does."""
        known = {base.id for base in self._bases.all()}
        found = tuple(base_id for base_id in base_ids if base_id in known)
        if not found:
            raise NotFoundError("none of the bases exists", name=", ".join(base_ids))
        return found

    def find(self, name: str) -> KnowledgeBase | None:
        """Return the base of this name; letter case and width do not matter."""
        return self._bases.named(_key(name))

    def create(self, name: str, *, description: str = "", embedder: str = "builtin") -> KnowledgeBase:
        """Make an empty base.

        Raises:
            InvalidNameError, DuplicateNameError: the name cannot be used.
            ProviderError: the embedder cannot be reached, so its dimension is unknown.
        """
        clean = _clean_name(name)
        values = {
            "name": clean,
            "description": description,
            "embedder": embedder,
            "dimension": self._dimension_of(embedder),
            "chunk_size_units": self._settings.chunk_size,
            "chunk_overlap_units": self._settings.chunk_overlap,
            **base_versions(),
        }
        return self._bases.add(values, _key(clean))

    def rename(self, base_id: str, name: str) -> KnowledgeBase:
        """Give a base another name. Raises InvalidNameError, DuplicateNameError, NotFoundError."""
        clean = _clean_name(name)
        self._bases.change(base_id, {"name": clean, "name_key": _key(clean)})
        return self._bases.get(base_id)

    def delete(self, base_id: str) -> None:
        """Delete a base and everything in it; it stops answering at once. Raises NotFoundError."""
        base = self._bases.get(base_id)
        digests = {document.sha256 for document in self._documents.of_base(base_id)}
        self._jobs.forget(base_id, finished_only=False)
        self._bases.delete(base_id)
        self._discard_originals(digests)
        self._jobs.add([NewJob(base_id=base_id, kind="drop", name=base.name)])

    # --- documents -----------------------------------------------------------------------------

    def documents(self, base_id: str) -> list[DocumentRecord]:
        """Return the documents of a base, failed ones too, by name."""
        return self._documents.of_base(base_id)

    def document(self, document_id: str) -> DocumentRecord:
        """Return one document. Raises NotFoundError."""
        return self._documents.get(document_id)

    def text(self, document_id: str) -> DocumentText:
        """Return a document's text as shown. Raises NotFoundError when it was removed or replaced."""
        document = self._documents.get(document_id)
        text, pages = self._documents.text(document_id)
        return DocumentText(document=document, text=text, pages=pages)

    def chunks(self, document_id: str) -> list[StoredChunk]:
        """Return the passages of a document, in order."""
        return self._chunks.of_document(document_id)

    def original(self, document_id: str) -> Path:
        """Return the path of the uploaded file. Raises NotFoundError."""
        return self._originals.path(self._documents.get(document_id).sha256)

    def add_files(self, base_id: str, uploads: Iterable[Upload]) -> str:
        """Keep the files and queue them for reading; return the batch's id at once.

        A file over the size limit, or one that cannot be opened, becomes a failed job; the others go on.

        Raises:
            NotFoundError: the base does not exist.
            DiskFullError, StorageError: the data folder refused; files already queued stay queued.
        """
        self._bases.get(base_id)
        batch_id: str | None = None
        for upload in uploads:
            batch_id = self._add_file(base_id, upload, batch_id)
        return batch_id or self._jobs.add([])

    def _add_file(self, base_id: str, upload: Upload, batch_id: str | None) -> str:
        name = clean_document_name(upload.name)
        limit = self._settings.max_upload_mb
        try:
            size = len(upload.data) if isinstance(upload.data, bytes) else upload.data.stat().st_size
            if size > limit * 1_000_000:
                error = ErrorInfo(code="file_too_large", params={"limit_mb": limit})
                return self._jobs.add_failed(base_id, name, error, batch_id)
            with self._saving:
                digest, size = self._originals.save(upload.data)
                job = NewJob(base_id=base_id, kind="ingest", name=name, sha256=digest, byte_count=size)
                return self._jobs.add([job], batch_id)
        except OSError as problem:
            error = ErrorInfo(code="cannot_open", params={"problem": problem.strerror or str(problem)})
            return self._jobs.add_failed(base_id, name, error, batch_id)

    def retry(self, document_ids: Collection[str]) -> str:
        """Read failed documents again from their kept originals; return the batch's id."""
        documents = [self._documents.get(document_id) for document_id in document_ids]
        return self._jobs.add(
            NewJob(base_id=one.base_id, kind="ingest", name=one.name, sha256=one.sha256, byte_count=one.byte_count)
            for one in documents
        )

    def remove(self, base_id: str, document_ids: Collection[str]) -> int:
        """Delete documents; they stop answering at once. Return how many there were."""
        wanted = set(document_ids)
        doomed = [document for document in self._documents.of_base(base_id) if document.id in wanted]
        count = self._documents.remove(base_id, [document.id for document in doomed])
        self._discard_originals({document.sha256 for document in doomed})
        indexed = {one.id: [chunk_id(one.id, n) for n in range(one.chunk_count)] for one in doomed if one.chunk_count}
        if indexed:
            payload = {"document_ids": list(indexed), "chunk_ids": [one for ids in indexed.values() for one in ids]}
            self._jobs.add([NewJob(base_id=base_id, kind="remove", name=doomed[0].name, payload=payload)])
        return count

    def reindex(self, base_id: str, *, embedder: str | None = None) -> str:
        """Read every document again and index it anew, beside the old index; return the batch's id.

        Raises:
            NotFoundError: the base does not exist.
            ProviderError: the new embedder cannot be reached.
        """
        base = self._bases.get(base_id)
        chosen = embedder or base.embedder
        payload = {"embedder": chosen, "dimension": self._dimension_of(chosen)}
        return self._jobs.add([NewJob(base_id=base_id, kind="reindex", name=base.name, payload=payload)])

    def add_examples(self, language: Language) -> str:
        """Make the bundled example base, or find it, and queue its files; return the batch's id."""
        name = translate(language, "examples.base_name")
        base = self.find(name) or self.create(name)
        files = sorted(path for path in bundled("examples").iterdir() if path.suffix in (".md", ".txt", ".pdf"))
        return self.add_files(base.id, [Upload(name=path.name, data=path) for path in files])

    def _discard_originals(self, digests: Collection[str]) -> None:
        with self._saving:
            self._originals.discard(set(digests) - self._documents.digests() - self._jobs.active_digests())


def _clean_name(name: str) -> str:
    clean = unicodedata.normalize("NFC", " ".join(name.split()))
    if not clean or len(clean) > NAME_LIMIT or not clean.isprintable():
        raise InvalidNameError(repr(name), limit=NAME_LIMIT)
    return clean


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()


def clean_document_name(name: str) -> str:
    """Return a name fit for showing: relative, ``/`` between folders, NFC, no control characters, bounded.

    It is a label only: files are kept by their digest, never by this name.
    """
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    clean = unicodedata.normalize("NFC", "/".join(parts))
    printable = "".join(character for character in clean if character.isprintable()).strip()
    return printable[-DOCUMENT_NAME_LIMIT:] or "unnamed"
