"""One file to chunks: load, clean, chunk. Pure, and importable in a bare worker process."""

from collections.abc import Sequence
from dataclasses import replace

from ingestion.canonical import canonical_sentences
from ingestion.chunk import chunk
from ingestion.clean import clean
from ingestion.errors import NoTextError
from ingestion.load import Loader, load
from ingestion.load.ocr import load_by_ocr
from ingestion.load.pdf import load_pdf_by_pypdf
from ingestion.models import Chunk, LoadedDocument, PreparedDocument, Progress, ReadingMethod, ReadOptions

_LOADERS: dict[ReadingMethod, Loader] = {"standard": load, "pypdf": load_pdf_by_pypdf, "ocr": load_by_ocr}


def prepare(
    data: bytes, name: str, options: ReadOptions | None = None, *, on_progress: Progress | None = None
) -> PreparedDocument:
    """Return the file's text, cleaned and cut into chunks.

    Hostile PDFs can take this process down: servers use ``prepare_limited``.

    Raises:
        IngestionError: one subclass per reason, see ``ingestion.errors``.
    """
    options = options or ReadOptions()
    loader = _LOADERS[options.method]
    loaded = loader(data, name, password=options.password, limits=options.limits, on_progress=on_progress)
    return _finish(loaded, options, on_progress or _ignore)


def _finish(loaded: LoadedDocument, options: ReadOptions, report: Progress) -> PreparedDocument:
    report("clean", 0, 0)
    document = clean(loaded, options.rules)
    report("chunk", 0, 0)
    chunks = _analysed(_without_repeats(chunk(document, options.chunking)))
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


def _analysed(chunks: Sequence[Chunk]) -> tuple[Chunk, ...]:
    return tuple(replace(one, canonical=canonical_sentences(one.search_text)) for one in chunks)


def _ignore(stage: str, done: int, total: int) -> None:
    """Report to nobody."""
