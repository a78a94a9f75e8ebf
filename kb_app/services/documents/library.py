"""What a user can do with knowledge bases and documents. Slow work is queued as jobs and done by the worker."""

import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion.models import PageSpan, PreparedDocument
from ingestion.pipeline import prepare_limited
from kb_app.bundle import bundled
from kb_app.errors import InvalidNameError, NotFoundError
from kb_app.messages import Language, translate
from kb_app.models import DocumentRecord, KnowledgeBase, StoredChunk
from kb_app.services.documents.intake import Intake, Repositories, Upload, clean_document_name
from kb_app.services.documents.options import check_sizes, is_read_otherwise, read_options, rule_names
from kb_app.services.documents.suggestions import topics
from kb_app.services.documents.versions import base_versions, is_outdated
from kb_app.services.documents.web import clean_url
from kb_app.settings import Settings
from kb_app.storage.chunks import indexed_ids
from kb_app.storage.jobs import NewJob

__all__ = ["DocumentText", "Library", "Upload"]

NAME_LIMIT = 100

#: Of each document only its first passages are asked for a topic.
_TOPIC_PASSAGES = 6
_TOPICS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentText:
    """A document as it is shown; offsets of sources and chunks point into ``text``."""

    document: DocumentRecord
    text: str
    pages: tuple[PageSpan, ...]


class Library:
    """Knowledge bases and their documents."""

    def __init__(
        self, settings: Settings, repositories: Repositories, intake: Intake, dimension_of: Callable[[str], int]
    ) -> None:
        """Work on ``repositories``; ``dimension_of`` returns an embedder's vector length, or raises ProviderError."""
        self._settings = settings
        self._bases = repositories.bases
        self._documents = repositories.documents
        self._chunks = repositories.chunks
        self._jobs = repositories.jobs
        self._originals = repositories.originals
        self.dimension_of = dimension_of
        self._intake = intake
        self._topics: dict[tuple[tuple[str, int, int], ...], tuple[str, ...]] = {}

    # --- bases ---------------------------------------------------------------------------------

    def bases(self) -> list[KnowledgeBase]:
        """Return the bases a user made with their counts, by name; not those private to a conversation."""
        return self._bases.all()

    def base(self, base_id: str) -> KnowledgeBase:
        """Return one base. Raises NotFoundError."""
        return self._bases.get(base_id)

    def living(self, base_ids: Sequence[str]) -> tuple[str, ...]:
        """Return those of the bases that exist, in the same order. Raises NotFoundError when none does."""
        known = self._bases.choices(base_ids)
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
            "dimension": self.dimension_of(embedder),
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

    def configure(
        self,
        base_id: str,
        *,
        chunk_size_units: int,
        chunk_overlap_units: int,
        rules_off: Collection[str],
        ocr: bool = False,
    ) -> KnowledgeBase:
        """Set how documents of a base are read from now on; :meth:`outdated` tells which were read otherwise.

        With ``ocr``, scanned files added from now on are recognised without being asked, where Tesseract is installed.

        Raises:
            ChunkSizeError, ChunkOverlapError: the sizes make no sense.
            NotFoundError: the base does not exist.
        """
        check_sizes(chunk_size_units, chunk_overlap_units)
        values = {
            "chunk_size_units": chunk_size_units,
            "chunk_overlap_units": chunk_overlap_units,
            "rules_off": [name for name in rule_names() if name in rules_off],
            "ocr": ocr,
        }
        self._bases.get(base_id)
        self._bases.change(base_id, values)
        return self._bases.get(base_id)

    def outdated(self, base_id: str) -> int:
        """Return how many documents were read with other options, or by another version, than now; re-index them."""
        base = self._bases.get(base_id)
        if is_outdated(base):
            return base.document_count
        documents = self._documents.of_base(base_id)
        return sum(one.status == "ready" and is_read_otherwise(one, base) for one in documents)

    def delete(self, base_id: str) -> None:
        """Delete a base and everything in it; it stops answering at once. Raises NotFoundError."""
        base = self._bases.get(base_id)
        digests = {document.sha256 for document in self._documents.of_base(base_id)}
        self._jobs.forget(base_id, finished_only=False)
        self._bases.delete(base_id)
        self._intake.discard(digests)
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

    def topics(self, bases: Sequence[KnowledgeBase]) -> tuple[str, ...]:
        """Return what the documents of these bases are about, by their own first headings; kept until they change."""
        key = tuple((base.id, base.document_count, base.chunk_count) for base in bases)
        if key not in self._topics:
            self._topics.clear()
            headings = self._chunks.headings([base.id for base in bases], _TOPIC_PASSAGES)
            self._topics[key] = topics(headings, _TOPICS)
        return self._topics[key]

    def original(self, document_id: str) -> Path:
        """Return the path of the uploaded file. Raises NotFoundError."""
        return self._originals.path(self._documents.get(document_id).sha256)

    def add_files(self, base_id: str, uploads: Iterable[Upload], *, password: str | None = None) -> str:
        """Keep the files and queue them for reading; return the batch's id at once.

        A file over the size limit, or one that cannot be opened, becomes a failed job; the others go on. A ``password``
        is tried on those that are protected.

        Raises:
            NotFoundError: the base does not exist.
            DiskFullError, StorageError: the data folder refused; files already queued stay queued.
            PasswordHandoverError: a password was given, and another process reads the files.
        """
        self._bases.get(base_id)
        if password is not None:
            self._intake.passwords.require_owner()
        batch_id: str | None = None
        for upload in uploads:
            batch_id = self._intake.add(base_id, upload, batch_id, password=password)
        return batch_id or self._jobs.add([])

    def add_page(self, base_id: str, url: str, batch_id: str | None = None) -> str:
        """Queue one page of the web, which becomes a document named by its address; return the batch's id at once.

        Raises:
            WebAddressError: it is no address of a page.
            NotFoundError: the base does not exist.
        """
        self._bases.get(base_id)
        return self._jobs.add([NewJob(base_id=base_id, kind="fetch", name=clean_url(url))], batch_id)

    def preview(self, data: bytes, name: str, base_id: str, *, password: str | None = None) -> PreparedDocument:
        """Return how a file would be read and cut in this base; nothing is stored, and limits hold as ever.

        Raises:
            IngestionError: it cannot be read; the code says why.
            NotFoundError: the base does not exist.
        """
        options = read_options(self._bases.get(base_id), password=password)
        return prepare_limited(data, clean_document_name(name), options)

    def retry(self, document_ids: Collection[str], *, password: str | None = None, ocr: bool = False) -> str:
        """Read documents again from their kept originals; return the batch's id.

        With ``ocr``, the text of pages without any is recognised.

        Raises:
            NotFoundError: one of them is gone.
            PasswordHandoverError: a password was given, and another process reads the files.
        """
        documents = [self._documents.get(document_id) for document_id in document_ids]
        for one in documents:
            if password is not None:
                self._intake.passwords.hold(one.sha256, password)
            self._jobs.forget_failed(one.base_id, one.name)
        payload = {"ocr": True} if ocr else {}
        return self._jobs.add(
            NewJob(one.base_id, "ingest", one.name, one.sha256, one.byte_count, payload) for one in documents
        )

    def unlock_archives(self, base_id: str, password: str) -> int:
        """Unpack the ZIP files of a base again that lacked their password; return how many there are.

        Raises:
            PasswordHandoverError: another process reads the files.
        """
        locked = self._jobs.locked_archives(base_id)
        for job_id, digest in locked.items():
            self._intake.passwords.hold(digest, password)
            self._jobs.queue_again(job_id)
        return len(locked)

    def remove(self, base_id: str, document_ids: Collection[str]) -> int:
        """Delete documents; they stop answering at once. Return how many there were."""
        wanted = set(document_ids)
        doomed = [document for document in self._documents.of_base(base_id) if document.id in wanted]
        count = self._documents.remove(base_id, [document.id for document in doomed])
        self._intake.discard({document.sha256 for document in doomed})
        indexed = {one.id: indexed_ids(one) for one in doomed if one.chunk_count}
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
        payload = {"embedder": chosen, "dimension": self.dimension_of(chosen)}
        return self._jobs.add([NewJob(base_id=base_id, kind="reindex", name=base.name, payload=payload)])

    def add_examples(self, language: Language) -> str:
        """Make the bundled example base, or find it, and queue its files; return the batch's id."""
        name = translate(language, "examples.base_name")
        base = self.find(name) or self.create(name)
        files = sorted(path for path in bundled("examples").iterdir() if path.suffix in (".md", ".txt", ".pdf"))
        return self.add_files(base.id, [Upload(name=path.name, data=path) for path in files])


def _clean_name(name: str) -> str:
    clean = unicodedata.normalize("NFC", " ".join(name.split()))
    if not clean or len(clean) > NAME_LIMIT or not clean.isprintable():
        raise InvalidNameError(repr(name), limit=NAME_LIMIT)
    return clean


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()
