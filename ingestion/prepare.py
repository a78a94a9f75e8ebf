"""One file to chunks: load, clean, chunk. Pure, and importable in a bare worker process."""

from collections.abc import Sequence
from dataclasses import replace

from ingestion.chunk import chunk
from ingestion.clean import CleanRules, clean
from ingestion.errors import NoTextError
from ingestion.load import load
from ingestion.load.ocr import load_by_ocr
from ingestion.load.pdf import load_pdf_by_pypdf
from ingestion.models import Chunk, ChunkOptions, LoadedDocument, LoadLimits, PreparedDocument, Progress


def prepare(  # noqa: PLR0913 - each argument is a separate choice of the caller
    data: bytes,
    name: str,
    *,
    options: ChunkOptions | None = None,
    limits: LoadLimits | None = None,
    password: str | None = None,
    rules: CleanRules | None = None,
    on_progress: Progress | None = None,
) -> PreparedDocument:
    """Return the file's text, cleaned and cut into chunks.

    Hostile PDFs can take this process down: servers use ``prepare_limited``.

    Raises:
        IngestionError: one subclass per reason, see ``ingestion.errors``.
    """
    loaded = load(data, name, password=password, limits=limits, on_progress=on_progress)
    return _finish(loaded, options, rules, on_progress)


def prepare_pdf_by_pypdf(  # noqa: PLR0913 - as above
    data: bytes,
    name: str,
    *,
    options: ChunkOptions | None = None,
    limits: LoadLimits | None = None,
    password: str | None = None,
    rules: CleanRules | None = None,
    on_progress: Progress | None = None,
) -> PreparedDocument:
    """Return the same as ``prepare`` for a PDF that PDFium could not survive."""
    loaded = load_pdf_by_pypdf(data, name, password=password, limits=limits or LoadLimits())
    return _finish(loaded, options, rules, on_progress)


def prepare_by_ocr(  # noqa: PLR0913 - as above
    data: bytes,
    name: str,
    *,
    options: ChunkOptions | None = None,
    limits: LoadLimits | None = None,
    password: str | None = None,
    rules: CleanRules | None = None,
    on_progress: Progress | None = None,
) -> PreparedDocument:
    """Return the same as ``prepare`` for a PDF, with the text of unreadable pages recognised."""
    loaded = load_by_ocr(data, name, password=password, limits=limits or LoadLimits(), on_progress=on_progress)
    return _finish(loaded, options, rules, on_progress)


def _finish(
    loaded: LoadedDocument,
    options: ChunkOptions | None,
    rules: CleanRules | None,
    on_progress: Progress | None,
) -> PreparedDocument:
    report = on_progress or _ignore
    report("clean", 0, 0)
    document = clean(loaded, rules)
    report("chunk", 0, 0)
    chunks = _without_repeats(chunk(document, options))
    if not chunks:
        raise NoTextError("no words after cleaning")
    report("chunk", len(chunks), len(chunks))
    return PreparedDocument(loaded=loaded, document=document, chunks=chunks)


def _without_repeats(chunks: Sequence[Chunk]) -> tuple[Chunk, ...]:
    """Return the chunks whose words no earlier one has: a table of equal rows would only crowd the search.

    The document's text keeps everything; the indexes of the chunks stay without gaps.
    """
    first = {one.search_text: one for one in reversed(chunks)}
    kept = [one for one in chunks if first[one.search_text] is one]
    return tuple(replace(one, index=index) for index, one in enumerate(kept))


def _ignore(stage: str, done: int, total: int) -> None:
    """Report to nobody."""
