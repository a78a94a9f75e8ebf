"""Text of scanned or garbled PDF pages by Tesseract, where it is installed. Run it in a worker process only.

Pages with a sound text layer keep it: what was written is better than what was recognised.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from functools import cache

import pypdfium2  # type: ignore[import-untyped]

from ingestion.errors import NoTextError, OcrFailedError, OcrMissingError, TooHeavyError
from ingestion.load.gate import UNREADABLE_ABOVE, garbage_share
from ingestion.load.pdf_text import open_document, read_pages, without_stamps
from ingestion.models import LoadedDocument, LoadedPage, LoadLimits, Progress

#: Mark of a document some of whose text was recognised, in ``LoadedDocument.warnings``.
OCR_WARNING = "ocr"

_PROGRAM = "tesseract"
_LANGUAGES = ("chi_sim", "eng")
_DPI = 300
_MAX_PIXELS = 40_000_000
_PAGE_TIMEOUT_S = 120
_MIN_CHARS = 2


def is_ocr_available() -> bool:
    """Whether Tesseract is installed."""
    return shutil.which(_PROGRAM) is not None


def load_by_ocr(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return a PDF's text, recognised where its pages have none that can be read.

    Raises:
        OcrMissingError: Tesseract is not installed.
        OcrFailedError: Tesseract failed.
        NoTextError: nothing was recognised.
        TooHeavyError: the file has more pages than ``limits`` allow.
        PasswordNeededError, PasswordWrongError, DamagedError: it cannot be opened.
    """
    if not is_ocr_available():
        raise OcrMissingError()
    with closing(open_document(data, password)) as document:
        total = len(document)
        if total > limits.max_pages:
            raise TooHeavyError(f"{total} pages", limit="pages")
        pages: list[LoadedPage] = []
        for text in _texts(document):
            pages.append(LoadedPage(number=len(pages) + 1, text=text))
            if on_progress is not None:
                on_progress("ocr", len(pages), total)
    unreadable = tuple(page.number for page in pages if page.number and len(page.text.strip()) < _MIN_CHARS)
    if len(unreadable) == len(pages):
        raise NoTextError("nothing was recognised")
    return LoadedDocument(
        name=name,
        media_type="application/pdf",
        pages=tuple(pages),
        unreadable_pages=unreadable,
        warnings=(OCR_WARNING,),
    )


def _texts(document: pypdfium2.PdfDocument) -> Iterator[str]:
    for index, page in enumerate(without_stamps(list(read_pages(document)))):
        if page.text and page.text.strip() and garbage_share(page.text) <= UNREADABLE_ABOVE:
            yield page.text
        else:
            yield _recognise(_picture(document, index))


def _picture(document: pypdfium2.PdfDocument, index: int) -> bytes:
    """Return a page as a grey picture (PGM) of 300 dpi, less where that would be enormous."""
    with closing(document[index]) as page:
        width, height = page.get_size()
        scale = min(_DPI / 72, (_MAX_PIXELS / max(1.0, width * height)) ** 0.5)
        bitmap = page.render(scale=scale, grayscale=True)
    with closing(bitmap):
        pixels = bytes(bitmap.buffer)
        rows = (pixels[y * bitmap.stride : y * bitmap.stride + bitmap.width] for y in range(bitmap.height))
        return b"P5 %d %d 255\n" % (bitmap.width, bitmap.height) + b"".join(rows)


def _recognise(picture: bytes) -> str:
    command = [_PROGRAM, "stdin", "stdout", "--dpi", str(_DPI), *_language_options()]
    # One thread: pages of several files are recognised side by side.
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    try:
        done = subprocess.run(
            command, input=picture, capture_output=True, env=environment, timeout=_PAGE_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise TooHeavyError("a page took too long", limit="time") from error
    except OSError as error:
        raise OcrFailedError(str(error)) from error
    if done.returncode:
        raise OcrFailedError(done.stderr.decode("utf-8", errors="replace")[-500:])
    return done.stdout.decode("utf-8", errors="replace").replace("\f", "")


@cache
def _language_options() -> tuple[str, ...]:
    listed = subprocess.run([_PROGRAM, "--list-langs"], capture_output=True, text=True, check=False, timeout=30)
    installed = set(listed.stdout.split())
    wanted = [language for language in _LANGUAGES if language in installed]
    return ("-l", "+".join(wanted)) if wanted else ()
