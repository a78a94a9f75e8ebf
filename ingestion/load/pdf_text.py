"""Text of PDF pages by PDFium. It is native code without limits: run it in a worker process only."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]

from ingestion.errors import DamagedError, IngestionError, PasswordNeededError, PasswordWrongError

_PICTURE_MIN_SHARE = 0.5
_FORM_DEPTH = 3
_MAX_ANNOTATIONS = 2_000
_STAMP_MAX_CHARS = 60
_STAMP_MIN_PAGES = 3
# Names without their blanks, as programs and apps for scanning write them on every page.
_SCANNER = re.compile(
    r"camscanner|扫描全能王|夸克扫描|adobescan|geniusscan|tapscanner"
    r"|(?:scanned|gescannt|scanné|digitalizado)(?:by|with|using|mit|par|avec|con|com)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """One page: its text, None if the page cannot be read, and whether it is a picture of a page.

    ``has_notes``: whether it may have form fields or annotations besides links, which pypdf reads.
    """

    text: str | None
    is_picture: bool = False
    has_notes: bool = True


def open_document(data: bytes, password: str | None) -> pypdfium2.PdfDocument:
    """Return the opened document; the caller closes it.

    Raises:
        PasswordNeededError, PasswordWrongError, DamagedError: PDFium's reasons for refusing it.
    """
    try:
        return pypdfium2.PdfDocument(data, password=password)
    except pypdfium2.PdfiumError as error:
        raise _refusal(error, password) from error


def _refusal(error: pypdfium2.PdfiumError, password: str | None) -> IngestionError:
    if error.err_code == pdfium_c.FPDF_ERR_PASSWORD:
        return PasswordNeededError() if password is None else PasswordWrongError()
    return DamagedError(str(error))


def read_pages(document: pypdfium2.PdfDocument) -> Iterator[PageText]:
    """Yield every page in order; of ``is_picture`` pages with text ``without_stamps`` decides."""
    for index in range(len(document)):
        try:
            page = document[index]
        except pypdfium2.PdfiumError:
            yield PageText(text=None)
            continue
        with closing(page):
            yield _read_page(page)


def without_stamps(pages: Sequence[PageText]) -> list[PageText]:
    """Return the pages without the words that scanning programs put on every picture of a page.

    Such a page has no text of its own: a page number, the program's name, or the same few words as most others.
    """
    keys = [_stamp_key(page.text) if page.is_picture and page.text else None for page in pages]
    counts = Counter(key for key in keys if key is not None)
    least = max(_STAMP_MIN_PAGES, len(pages) / 2)
    known = {key for key, count in counts.items() if count >= least or not key or _SCANNER.search(key)}
    return [
        page if not page.is_picture else replace(page, text="") if key in known else replace(page, is_picture=not key)
        for page, key in zip(pages, keys, strict=True)
    ]


def _stamp_key(text: str) -> str | None:
    """Return the letters of the text; None where there is no text at all."""
    return "".join(filter(str.isalpha, text)).casefold() if text.strip() else None


def _read_page(page: pypdfium2.PdfPage) -> PageText:
    try:
        with closing(page.get_textpage()) as text_page:
            # Bounded text is what a reader sees: text outside the crop box is left out.
            text = text_page.get_text_bounded()
    except pypdfium2.PdfiumError:
        return PageText(text=None)
    is_picture = len(text.strip()) <= _STAMP_MAX_CHARS and _is_picture(page)
    return PageText(text=text, is_picture=is_picture, has_notes=_has_notes(page))


def _has_notes(page: pypdfium2.PdfPage) -> bool:
    """Whether any of the page's annotations is more than a link; books have thousands of links."""
    for index in range(min(pdfium_c.FPDFPage_GetAnnotCount(page), _MAX_ANNOTATIONS)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page, index)
        kind = pdfium_c.FPDFAnnot_GetSubtype(annotation) if annotation else pdfium_c.FPDF_ANNOT_UNKNOWN
        if annotation:
            pdfium_c.FPDFPage_CloseAnnot(annotation)
        if kind not in (pdfium_c.FPDF_ANNOT_LINK, pdfium_c.FPDF_ANNOT_POPUP):
            return True
    return False


def _is_picture(page: pypdfium2.PdfPage) -> bool:
    """Whether images cover at least half of the page; some scanners cut a page into strips."""
    width, height = page.get_size()
    covered = 0.0
    for image in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=_FORM_DEPTH):
        try:
            left, bottom, right, top = image.get_bounds()
        except pypdfium2.PdfiumError:
            continue
        covered += (right - left) * (top - bottom)
        if covered >= _PICTURE_MIN_SHARE * width * height:
            return True
    return False
