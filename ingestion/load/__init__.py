"""Files to text: one loader per format, found by content first and extension second."""

from pathlib import PurePath
from typing import Protocol

from ingestion.errors import EmptyFileError, TooHeavyError, TranscriptionNeededError, UnsupportedFormatError
from ingestion.load.csv import load_csv
from ingestion.load.docx import load_docx
from ingestion.load.email import load_email
from ingestion.load.epub import load_epub
from ingestion.load.html import load_html
from ingestion.load.json import load_json
from ingestion.load.markdown import load_markdown
from ingestion.load.notebook import load_notebook
from ingestion.load.odt import load_odt
from ingestion.load.org import load_org
from ingestion.load.pdf import load_pdf
from ingestion.load.pptx import load_pptx
from ingestion.load.rst import load_rst
from ingestion.load.rtf import load_rtf
from ingestion.load.sniff import MEDIA_EXTENSIONS, MEDIA_KINDS, sniff, sniff_package
from ingestion.load.source_code import SOURCE_TYPES, load_source_code
from ingestion.load.subtitles import load_subtitles
from ingestion.load.text import load_text
from ingestion.load.unstructured import load_outlook
from ingestion.load.xlsx import load_xlsx
from ingestion.models import LoadedDocument, LoadLimits, Progress

#: Raised whenever a loader reads a file differently: documents read by an older one are offered re-reading.
LOADER_VERSION = 1


class Loader(Protocol):
    """Reads one format."""

    def __call__(
        self,
        data: bytes,
        name: str,
        *,
        password: str | None = None,
        limits: LoadLimits,
        on_progress: Progress | None = None,
    ) -> LoadedDocument:
        """Return the document. Raises a subclass of IngestionError where there is none to return."""


LOADERS: dict[str, Loader] = {
    ".pdf": load_pdf,
    ".md": load_markdown,
    ".markdown": load_markdown,
    ".txt": load_text,
    ".rst": load_rst,
    ".org": load_org,
    ".html": load_html,
    ".htm": load_html,
    ".xhtml": load_html,
    ".docx": load_docx,
    ".docm": load_docx,
    ".odt": load_odt,
    ".rtf": load_rtf,
    ".pptx": load_pptx,
    ".pptm": load_pptx,
    ".xlsx": load_xlsx,
    ".xlsm": load_xlsx,
    ".xls": load_xlsx,
    ".ods": load_xlsx,
    ".csv": load_csv,
    ".tsv": load_csv,
    ".epub": load_epub,
    ".eml": load_email,
    ".msg": load_outlook,
    ".json": load_json,
    ".jsonl": load_json,
    ".ndjson": load_json,
    ".ipynb": load_notebook,
    ".srt": load_subtitles,
    ".vtt": load_subtitles,
    **dict.fromkeys(SOURCE_TYPES, load_source_code),
}
# What a file is inside counts for more than what it is called.
_BY_CONTENT: dict[str, Loader] = {
    "PDF": load_pdf,
    "DOCX": load_docx,
    "PPTX": load_pptx,
    "XLSX": load_xlsx,
    "ODS": load_xlsx,
    "ODT": load_odt,
    "RTF": load_rtf,
    "EPUB": load_epub,
}


def supported_extensions() -> tuple[str, ...]:
    """Return the extensions that can be read, lower case, with the dot."""
    return tuple(LOADERS)


def load(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits | None = None,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return the text of a file. ``name`` is the file's name, used for its extension.

    Raises:
        IngestionError: one subclass per reason, see ``ingestion.errors``.
    """
    limits = limits or LoadLimits()
    if not data:
        raise EmptyFileError()
    if len(data) > limits.max_bytes:
        raise TooHeavyError(f"{len(data)} bytes", limit="bytes")
    loader = _loader(data, name)
    return loader(data, name, password=password, limits=limits, on_progress=on_progress)


def _loader(data: bytes, name: str) -> Loader:
    extension = PurePath(name).suffix.lower()
    kind = sniff(data)
    if kind in MEDIA_KINDS or extension in MEDIA_EXTENSIONS:
        raise TranscriptionNeededError(kind or extension)
    if kind == "PDF" and extension in (".md", ".markdown", *SOURCE_TYPES):
        # Source may speak of PDF headers in its first lines.
        return LOADERS[extension]
    if kind == "HTML" and extension == ".xls":
        # What many a web site exports as a spreadsheet.
        return load_html
    loader = _BY_CONTENT.get(sniff_package(data) if kind == "ZIP" else kind or "") or LOADERS.get(extension)
    if loader is None:
        raise UnsupportedFormatError(extension, extensions=" ".join(LOADERS))
    return loader
