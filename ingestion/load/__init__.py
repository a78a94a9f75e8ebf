"""Files to text: one loader per format, found by content first and extension second."""

from pathlib import PurePath
from typing import Protocol

from ingestion.errors import EmptyFileError, TooHeavyError, UnsupportedFormatError
from ingestion.load.markdown import load_markdown
from ingestion.load.pdf import load_pdf
from ingestion.load.sniff import sniff
from ingestion.load.text import load_text
from ingestion.models import LoadedDocument, LoadLimits, Progress

#: Raised whenever a loader reads a file differently, so that documents can be re-read.
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
    if sniff(data) == "PDF" and extension not in (".md", ".markdown"):
        return load_pdf
    try:
        return LOADERS[extension]
    except KeyError:
        raise UnsupportedFormatError(extension, extensions=" ".join(LOADERS)) from None
