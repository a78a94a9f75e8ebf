"""The steps in a row: a file in, a stored document out."""

import logging
from dataclasses import replace
from functools import partial

from ingestion.chunk import CHUNKING_VERSION
from ingestion.embed import embed_chunks
from ingestion.errors import DamagedError, IngestionError, NoTextError, TooHeavyError
from ingestion.load import LOADER_VERSION
from ingestion.load.sniff import sniff
from ingestion.models import LoadLimits, PreparedDocument, Progress, ReadOptions
from ingestion.pool import WorkerDiedError, run_limited
from ingestion.prepare import prepare
from ingestion.protocols import DocumentStore, Embedder

__all__ = ["CHUNKING_VERSION", "LOADER_VERSION", "ingest", "prepare", "prepare_limited"]

_BASE_MEMORY_BYTES = 700_000_000
_MEMORY_PER_BYTE = 20
_SECOND_TRY_CPU_S = 3
_BYTES_PER_CPU_S = 200_000
#: Recognising takes seconds a page, in a process of its own; memory stays as limited as ever.
_OCR_LIMITS = LoadLimits(cpu_s=1_800, wall_s=4 * 3600, max_pages=2_000)

_log = logging.getLogger(__name__)


def prepare_limited(
    data: bytes, name: str, options: ReadOptions | None = None, *, on_progress: Progress | None = None
) -> PreparedDocument:
    """Return the same as ``prepare``, made in a worker process with limits on memory, CPU and time.

    A PDF that takes the worker down is tried once more without PDFium. ``on_progress`` may raise to stop.

    Raises:
        TooHeavyError: a limit was reached, twice for a PDF.
        OcrMissingError, OcrFailedError: by the method ``ocr`` where Tesseract is not there, or failed.
        IngestionError: every other reason, see ``ingestion.errors``.
    """
    options = options or ReadOptions()
    is_ocr = options.method == "ocr"
    options = replace(options, limits=_OCR_LIMITS if is_ocr else _fitting(options.limits, len(data)))
    try:
        return _run(data, name, options, on_progress)
    except WorkerDiedError as death:
        _log.warning("reading stopped (%s)", death)
        if is_ocr or sniff(data) != "PDF":
            raise TooHeavyError(str(death), limit=death.reason) from death
        second = replace(options, method="pypdf", limits=_tighter(options.limits, len(data)))
        return _second_try(data, name, second, on_progress)


def _second_try(data: bytes, name: str, options: ReadOptions, on_progress: Progress | None) -> PreparedDocument:
    try:
        return _run(data, name, options, on_progress)
    except WorkerDiedError as death:
        _log.warning("reading with pypdf stopped too (%s)", death)
        raise TooHeavyError(str(death), limit=death.reason) from death
    except (DamagedError, NoTextError) as error:
        # PDFium died on it and pypdf met its own limits: "damaged" would send the user looking elsewhere.
        raise TooHeavyError(error.detail, limit="crash") from error


def _fitting(limits: LoadLimits, byte_count: int) -> LoadLimits:
    """Return the limits with no more memory than a file of this size can honestly need, so bombs die sooner."""
    memory_bytes = min(limits.memory_bytes, _BASE_MEMORY_BYTES + _MEMORY_PER_BYTE * byte_count)
    return replace(limits, memory_bytes=memory_bytes)


def _tighter(limits: LoadLimits, byte_count: int) -> LoadLimits:
    """Return limits for the second try: a small file that took one worker down is hostile, not long."""
    cpu_s = min(limits.cpu_s, _SECOND_TRY_CPU_S + byte_count // _BYTES_PER_CPU_S)
    return replace(limits, cpu_s=cpu_s)


def _run(data: bytes, name: str, options: ReadOptions, on_progress: Progress | None) -> PreparedDocument:
    arguments = {"data": data, "name": name, "options": options}
    prepared = run_limited("ingestion.prepare:prepare", arguments, options.limits, on_progress)
    if not isinstance(prepared, PreparedDocument):
        raise IngestionError(f"the worker answered {type(prepared).__name__}")
    return prepared


def ingest(
    data: bytes,
    name: str,
    options: ReadOptions | None = None,
    *,
    store: DocumentStore,
    embedder: Embedder,
    on_progress: Progress | None = None,
) -> str:
    """Read, clean, cut, embed and store one file and return the document's id.

    Raises:
        IngestionError: the file cannot be read.
    """
    prepared = prepare_limited(data, name, options, on_progress=on_progress)
    report = partial(on_progress, "embed") if on_progress is not None else None
    vectors = embed_chunks(prepared, embedder, on_progress=report)
    if on_progress is not None:
        on_progress("store", 0, 1)
    return store.store(prepared, vectors)
