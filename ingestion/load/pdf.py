"""PDF files: text by PDFium behind a quality gate, structure by pypdf, page by page the better of both.

Run in a worker process (``ingestion.pipeline.prepare_limited``): PDFium aborts its process on hostile files.
"""

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from ingestion.errors import (
    BinaryError,
    DamagedError,
    GarbledError,
    IngestionError,
    NotAPdfError,
    NoTextError,
    PasswordNeededError,
    PasswordWrongError,
    ScannedError,
    TooHeavyError,
)
from ingestion.load.encoding import decode
from ingestion.load.gate import SUSPICIOUS_ABOVE, UNREADABLE_ABOVE, garbage_share
from ingestion.load.pdf_fonts import with_plain_outlines
from ingestion.load.pdf_repair import has_broken_streams, repaired_versions
from ingestion.load.pdf_structure import PdfStructure
from ingestion.load.pdf_text import PageText, open_document, read_pages, without_stamps
from ingestion.load.sniff import UNKNOWN, sniff
from ingestion.models import LoadedDocument, LoadedPage, LoadLimits, Progress

MEDIA_TYPE = "application/pdf"
#: Mark of a document that is what was left of a damaged file, in ``LoadedDocument.warnings``.
INCOMPLETE_WARNING = "incomplete"

_HEADER = b"%PDF-"
_ANY_HEADER = b"%PDF-1.7"
_PROGRESS_EVERY = 10
_MIN_GARBAGE_CHARS = 8
_GARBLED_SHARE = 0.9
_HARDLY_ANY_CHARS = 8
_RETRY_MAX_PAGES = 20
_RETRY_MIN_GAIN = 4
# A few words of a wreck are no document.
_MIN_REMAINS_CHARS = 100

_log = logging.getLogger(__name__)


def load_pdf(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return the readable pages of a PDF with its outline and metadata.

    Raises:
        NotAPdfError, DamagedError, PasswordNeededError, PasswordWrongError: it cannot be opened.
        ScannedError, GarbledError, NoTextError: it can, but nothing in it can be indexed.
        TooHeavyError: more pages or characters than ``limits`` allow.
    """
    data = _from_header(data)
    try:
        return _load(data, name, password, limits, on_progress)
    except DamagedError as error:
        return _load_remains(data, name, limits, error)
    except NoTextError as error:
        if has_broken_streams(data):
            raise DamagedError("what is compressed in it cannot be unpacked") from error
        raise


def _load(
    data: bytes, name: str, password: str | None, limits: LoadLimits, on_progress: Progress | None
) -> LoadedDocument:
    structure, refusal = _open_structure(data, password)
    try:
        pages = _pdfium_pages(data, password, limits, on_progress)
    except IngestionError as error:
        if structure is None or isinstance(error, TooHeavyError):
            raise _more_telling(error, refusal) from error
        _log.info("PDFium refused the file, reading with pypdf: %s", error)
        pages = _pypdf_pages(structure, limits)
    if structure is not None:
        pages = _retry_empty(pages, structure)
    return _assess(without_stamps(pages), name, structure)


def _load_remains(data: bytes, name: str, limits: LoadLimits, error: DamagedError) -> LoadedDocument:
    """Return what is left of a file that cannot be opened; raise ``error`` where that is next to nothing."""
    found: list[LoadedDocument] = []
    for version in repaired_versions(data):
        try:
            found.append(_load(version, name, None, limits, None))
        except IngestionError as refusal:
            _log.info("nothing to be had by repairing: %s", refusal)
    best = max(found, key=_char_count, default=None)
    if best is None or _char_count(best) < _MIN_REMAINS_CHARS:
        raise error
    # A page that lost its contents looks blank: here no blank page is to be trusted.
    lost = tuple(page.number for page in best.pages if page.number is not None and not page.text.strip())
    return replace(best, unreadable_pages=lost, warnings=(INCOMPLETE_WARNING,))


def _char_count(loaded: LoadedDocument) -> int:
    return sum(len("".join(page.text.split())) for page in loaded.pages)


def load_pdf_by_pypdf(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return the same as ``load_pdf``, without PDFium: the second try after it took its process down."""
    structure = PdfStructure(_from_header(data), password)
    return _assess(_pypdf_pages(structure, limits), name, structure)


def _from_header(data: bytes) -> bytes:
    """Return the file from its header on, with a header where it has lost it.

    Raises:
        NotAPdfError: there is no header and nothing else that belongs to a PDF.
    """
    at = data.find(_HEADER)
    if at >= 0 and data.find(b" obj", 0, at) < 0:
        return data[at:] if at > len(_HEADER) else data
    if b" obj" in data and (b"trailer" in data or b"/Root" in data):
        # In the place of the old one, if that can be told: what stands behind keeps its place.
        rest = data if b"obj" in data[: len(_ANY_HEADER) + 8] else data[len(_ANY_HEADER) :]
        return _ANY_HEADER + rest
    raise NotAPdfError("no header", looks_like=looks_like(data))


def looks_like(data: bytes) -> str:
    """Return a short name for what the bytes are: a kind, ``TXT`` for text, or ``BIN``."""
    try:
        return sniff(data) or ("TXT" if decode(data).text.strip() else UNKNOWN)
    except BinaryError:
        return UNKNOWN


def _open_structure(data: bytes, password: str | None) -> tuple[PdfStructure | None, IngestionError | None]:
    try:
        return PdfStructure(data, password), None
    except IngestionError as error:
        return None, error


def _more_telling(by_pdfium: IngestionError, by_pypdf: IngestionError | None) -> IngestionError:
    """Return the error that tells the user more: a password beats "damaged"."""
    if isinstance(by_pdfium, DamagedError) and isinstance(by_pypdf, PasswordNeededError | PasswordWrongError):
        return by_pypdf
    return by_pdfium


def _pdfium_pages(
    data: bytes, password: str | None, limits: LoadLimits, on_progress: Progress | None
) -> list[PageText]:
    with closing(open_document(with_plain_outlines(data), password)) as document:
        total = len(document)
        _check_page_count(total, limits)
        pages: list[PageText] = []
        for page in _within(read_pages(document), limits):
            pages.append(page)
            if on_progress is not None and (len(pages) % _PROGRESS_EVERY == 0 or len(pages) == total):
                on_progress("load", len(pages), total)
        return pages


def _pypdf_pages(structure: PdfStructure, limits: LoadLimits) -> list[PageText]:
    _check_page_count(structure.page_count, limits)
    is_picture = structure.has_pictures()
    texts = (structure.text(index) for index in range(structure.page_count))
    return list(_within((PageText(text=t, is_picture=is_picture and not t) for t in texts), limits))


def _retry_empty(pages: list[PageText], structure: PdfStructure) -> list[PageText]:
    """Return the pages with pypdf's text where PDFium found hardly a letter in the whole of a short document."""
    found = sum(len("".join((page.text or "").split())) for page in pages)
    if found > _HARDLY_ANY_CHARS or not 0 < len(pages) <= _RETRY_MAX_PAGES:
        return pages
    texts = [structure.text(index) or "" for index in range(min(len(pages), structure.page_count))]
    texts = [text if garbage_share(text) < SUSPICIOUS_ABOVE else "" for text in texts]
    if sum(len("".join(text.split())) for text in texts) < _RETRY_MIN_GAIN * (found + 1):
        return pages
    return [
        replace(page, text=text, is_picture=page.is_picture and not text.strip())
        for page, text in zip(pages, texts, strict=False)
    ] + pages[len(texts) :]


def _check_page_count(count: int, limits: LoadLimits) -> None:
    if count > limits.max_pages:
        raise TooHeavyError(f"{count} pages", limit="pages")


def _within(pages: Iterator[PageText], limits: LoadLimits) -> Iterator[PageText]:
    chars = 0
    for page in pages:
        chars += len(page.text or "")
        if chars > limits.max_chars:
            raise TooHeavyError(f"more than {limits.max_chars} characters", limit="characters")
        yield page


def _assess(pages: list[PageText], name: str, structure: PdfStructure | None) -> LoadedDocument:
    """Return the document of the readable pages, or raise the verdict on all of them."""
    texts: list[str] = []
    unreadable: list[int] = []
    garbled_count = garbage_chars = 0
    for index, page in enumerate(pages):
        text, is_garbled = _best_text(page, index, structure)
        garbled_count += is_garbled
        garbage_chars += sum(map(str.isprintable, text)) if is_garbled else 0
        if is_garbled or page.text is None or page.is_picture:
            unreadable.append(index + 1)
        texts.append("" if is_garbled else text)
    # A cover that can be read does not make a book: it would pass for one and answer nothing.
    has_text = any(text.strip() for text in texts) and garbled_count < _GARBLED_SHARE * len(pages)
    texts = [
        _with_notes(text, index, structure) if page.has_notes else text
        for index, (text, page) in enumerate(zip(texts, pages, strict=True))
    ]
    has_notes = any(text.strip() for text in texts)
    if not has_text and (garbled_count or any(p.is_picture for p in pages) or not has_notes):
        raise _verdict(pages, garbage_chars)
    metadata = structure.metadata() if structure else {}
    return LoadedDocument(
        name=name,
        media_type=MEDIA_TYPE,
        pages=tuple(LoadedPage(number=n, text=text) for n, text in enumerate(texts, 1)),
        title=metadata.get("title", ""),
        outline=structure.outline() if structure else (),
        unreadable_pages=tuple(unreadable),
        metadata=metadata,
        warnings=("repaired",) if structure is None or structure.is_repaired else (),
    )


def _best_text(page: PageText, index: int, structure: PdfStructure | None) -> tuple[str, bool]:
    """Return the page's text by the engine that reads it better, and whether it is garbage even so."""
    text = page.text or ""
    share = garbage_share(text)
    if structure is not None and (page.text is None or share > SUSPICIOUS_ABOVE):
        other = structure.text(index) or ""
        other_share = garbage_share(other)
        if other.strip() and (page.text is None or other_share < share / 2):
            text, share = other, other_share
    return text, share > UNREADABLE_ABOVE


def _with_notes(text: str, index: int, structure: PdfStructure | None) -> str:
    """Append the form values and annotations that the page's text does not show already."""
    if structure is None or index >= structure.page_count:
        return text
    notes = [note for note in structure.notes(index) if note.rpartition(": ")[2] not in text]
    return "\n".join([text.rstrip(), *notes]) if notes else text


def _verdict(pages: list[PageText], garbage_chars: int) -> IngestionError:
    pictures = sum(page.is_picture for page in pages)
    if garbage_chars >= _MIN_GARBAGE_CHARS:
        return GarbledError(f"{len(pages)} pages")
    if pictures:
        return ScannedError(f"{pictures} of {len(pages)} pages", pages=pictures)
    if all(page.text is None for page in pages):
        return DamagedError("no page can be read")
    return NoTextError(f"{len(pages)} pages")
