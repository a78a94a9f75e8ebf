"""The way in for new files: their bytes are kept, a job is queued. For pages, archives, the web and watched folders."""

import threading
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from kb_app.models import ErrorInfo, JobKind
from kb_app.services.documents.passwords import Passwords
from kb_app.storage.bases import BaseRepository
from kb_app.storage.chunks import ChunkRepository
from kb_app.storage.documents import DocumentRepository
from kb_app.storage.files import OriginalStore
from kb_app.storage.jobs import JobRepository, NewJob

DOCUMENT_NAME_LIMIT = 400
ARCHIVE_EXTENSION = ".zip"
WEB_PREFIXES = ("http://", "https://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file to add: its bytes, or a path to read them from, under the name a user knows it by."""

    name: str
    data: bytes | Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Repositories:
    """The tables and files a library works on."""

    bases: BaseRepository
    documents: DocumentRepository
    chunks: ChunkRepository
    jobs: JobRepository
    originals: OriginalStore


class Intake:
    """Keeps files and queues them. Safe to share between threads."""

    def __init__(self, repositories: Repositories, passwords: Passwords, *, limit_mb: int) -> None:
        """Refuse files of more than ``limit_mb`` million bytes."""
        self._documents = repositories.documents
        self._jobs = repositories.jobs
        self._originals = repositories.originals
        self.passwords = passwords
        self.limit_mb = limit_mb
        self._saving = threading.Lock()

    def add(self, base_id: str, upload: Upload, batch_id: str | None = None, *, password: str | None = None) -> str:
        """Keep one file and queue it; return the batch's id.

        A file over the size limit, or one that cannot be opened, becomes a failed job.

        Raises:
            DiskFullError, StorageError: the data folder refused.
            PasswordHandoverError: a password was given, and another process does the jobs.
        """
        name = clean_document_name(upload.name)
        is_archive = name.lower().endswith(ARCHIVE_EXTENSION) and not name.startswith(WEB_PREFIXES)
        kind: JobKind = "expand" if is_archive else "ingest"
        try:
            size = len(upload.data) if isinstance(upload.data, bytes) else upload.data.stat().st_size
            if size > self.limit_mb * 1_000_000:
                return self.refuse(base_id, name, self.too_large(), batch_id)
            with self._saving:
                digest, size = self._originals.save(upload.data)
                if password is not None:
                    self.passwords.hold(digest, password)
                job = NewJob(base_id=base_id, kind=kind, name=name, sha256=digest, byte_count=size)
                return self._jobs.add([job], batch_id)
        except OSError as problem:
            error = ErrorInfo(code="cannot_open", params={"problem": problem.strerror or str(problem)})
            return self.refuse(base_id, name, error, batch_id)

    def too_large(self) -> ErrorInfo:
        """Return why a file over the limit is refused."""
        return ErrorInfo(code="file_too_large", params={"limit_mb": self.limit_mb})

    def refuse(self, base_id: str, name: str, error: ErrorInfo, batch_id: str | None = None) -> str:
        """Record a file that cannot even be queued; return the batch's id."""
        return self._jobs.add_failed(base_id, clean_document_name(name), error, batch_id)

    def discard(self, digests: Collection[str]) -> None:
        """Delete those of the originals that no document and no waiting job needs."""
        with self._saving:
            gone = set(digests) - self._documents.digests() - self._jobs.active_digests()
            self._originals.discard(gone)
            self.passwords.forget(gone)


def is_hidden(name: str) -> bool:
    """Whether a file of a folder or ZIP lies in a hidden folder, or is the shadow macOS keeps of another."""
    *folders, last = name.replace("\\", "/").split("/")
    return last.startswith("._") or any(folder.startswith((".", "__MACOSX")) for folder in folders)


def clean_document_name(name: str) -> str:
    """Return a name fit for showing: relative, ``/`` between folders, NFC, no control characters, bounded.

    It is a label only: files are kept by their digest, never by this name. An address of the web stays as it is.
    """
    if name.startswith(WEB_PREFIXES):
        clean = name
    else:
        parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
        clean = "/".join(parts)
    clean = unicodedata.normalize("NFC", clean)
    printable = "".join(character for character in clean if character.isprintable()).strip()
    if len(printable) > DOCUMENT_NAME_LIMIT:  # the beginning says where it is from, the end what it is
        head = DOCUMENT_NAME_LIMIT // 2
        printable = f"{printable[: head - 1]}…{printable[-head:]}"
    return printable or "unnamed"
