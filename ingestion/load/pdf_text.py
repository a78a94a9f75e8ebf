"""Text of PDF pages by PDFium. It is native code without limits: run it in a worker process only."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]

from ingestion.errors import DamagedError, IngestionError, PasswordNeededError, PasswordWrongError

_PICTURE_MIN_SHARE = 0.5
_FORM_DEPTH = 3
_MAX_ANNOTATIONS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """One page: its text, None if the page cannot be read, and whether a picture covers most of it.

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
    """Yield every page in order."""
    for index in range(len(document)):
        try:
            page = document[index]
        except pypdfium2.PdfiumError:
            yield PageText(text=None)
            continue
        with closing(page):
            yield _read_page(page)


def _read_page(page: pypdfium2.PdfPage) -> PageText:
    try:
        with closing(page.get_textpage()) as text_page:
            # Bounded text is what a reader sees: text outside the crop box is left out.
            text = text_page.get_text_bounded()
    except pypdfium2.PdfiumError:
        return PageText(text=None)
    return PageText(text=text, is_picture=not text.strip() and _is_picture(page), has_notes=_has_notes(page))


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
    """Whether one image covers at least half of the page."""
    width, height = page.get_size()
    images = page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=_FORM_DEPTH)
    for image in images:
        try:
            left, bottom, right, top = image.get_bounds()
        except pypdfium2.PdfiumError:
            continue
        if (right - left) * (top - bottom) >= _PICTURE_MIN_SHARE * width * height:
            return True
    return False
