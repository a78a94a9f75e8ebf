"""Structure of a PDF by pypdf: outline, metadata, form values, annotations; and its text as a fallback."""

import io
import logging
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.errors import DeprecationError, PyPdfError
from pypdf.generic import Destination

from ingestion.errors import DamagedError, PasswordNeededError, PasswordWrongError
from ingestion.models import OutlineEntry

#: What pypdf raises on damaged or hostile files besides its own errors.
PARSER_FAILURES = (
    PyPdfError,
    DeprecationError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_PYPDF_LOG = logging.getLogger("pypdf")
# Without any handler Python would print pypdf's remarks on fonts to standard error.
_PYPDF_LOG.addHandler(logging.NullHandler())

_MAX_OUTLINE_ENTRIES = 20_000
_MAX_OUTLINE_DEPTH = 20
_MAX_ANNOTATIONS_PER_PAGE = 2_000
_MAX_METADATA_CHARS = 500
# What programs write there when their user wrote nothing.
_NO_METADATA = re.compile(
    r"|\(?(?:untitled|anonymous|unspecified|unknown|无标题)\)?|.*\.(?:docx?|indd|dvi|tex|rtf|wps)", re.I
)
_METADATA_KEYS = {"/Title": "title", "/Author": "author", "/Subject": "subject", "/Keywords": "keywords"}


class PdfStructure:
    """A PDF opened by pypdf. Every method survives damage: what cannot be read is left out."""

    def __init__(self, data: bytes, password: str | None = None) -> None:
        """Open the file.

        Raises:
            PasswordNeededError, PasswordWrongError: it is encrypted and the password is missing or wrong.
            DamagedError: pypdf cannot open it.
        """
        self._warnings = _WarningCounter()
        _PYPDF_LOG.addHandler(self._warnings)
        try:
            self._reader = PdfReader(io.BytesIO(data), strict=False)
            self._unlock(password)
            self.page_count = len(self._reader.pages)
        except PARSER_FAILURES as error:
            raise DamagedError(f"{type(error).__name__}: {error}") from error
        finally:
            _PYPDF_LOG.removeHandler(self._warnings)

    @property
    def is_repaired(self) -> bool:
        """Whether pypdf had to repair the file to open it."""
        return self._warnings.count > 0

    def _unlock(self, password: str | None) -> None:
        if not self._reader.is_encrypted:
            return
        if self._reader.decrypt("") or (password is not None and self._reader.decrypt(password)):
            return
        raise PasswordNeededError() if password is None else PasswordWrongError()

    def metadata(self) -> dict[str, str]:
        """Return title, author, subject and keywords, those that are set."""
        try:
            info: Mapping[str, object] = self._reader.metadata or {}
            found = {name: str(info[key]) for key, name in _METADATA_KEYS.items() if info.get(key)}
        except PARSER_FAILURES:
            return {}
        cleaned = {name: " ".join(value.split())[:_MAX_METADATA_CHARS] for name, value in found.items()}
        return {name: value for name, value in cleaned.items() if not _NO_METADATA.fullmatch(value)}

    def outline(self) -> tuple[OutlineEntry, ...]:
        """Return the bookmarks that point to a page, in order."""
        try:
            return tuple(self._entries(self._reader.outline, 1))[:_MAX_OUTLINE_ENTRIES]
        except PARSER_FAILURES:
            return ()

    def _entries(self, nodes: list[Any], level: int) -> Iterator[OutlineEntry]:
        if level > _MAX_OUTLINE_DEPTH:
            return
        for node in nodes:
            if isinstance(node, list):
                yield from self._entries(node, level + 1)
            elif isinstance(node, Destination) and node.title:
                number = self._reader.get_destination_page_number(node)
                title = " ".join(str(node.title).split())
                if number is not None and number >= 0 and title:
                    yield OutlineEntry(level=level, title=title, page=number + 1)

    def text(self, index: int) -> str | None:
        """Return the text of the page (0-based), or None if pypdf cannot read it."""
        try:
            return str(self._reader.pages[index].extract_text())
        except PARSER_FAILURES:
            return None

    def notes(self, index: int) -> tuple[str, ...]:
        """Return the form values and annotation texts of the page (0-based), each once."""
        try:
            return tuple(dict.fromkeys(_notes(self._reader.pages[index])))
        except PARSER_FAILURES:
            return ()

    def has_pictures(self) -> bool:
        """Whether the first page that can be read draws an image."""
        try:
            return any(page.images.keys() for page in self._reader.pages[:3])
        except PARSER_FAILURES:
            return False


def _notes(page: PageObject) -> Iterator[str]:
    for reference in list(page.get("/Annots") or ())[:_MAX_ANNOTATIONS_PER_PAGE]:
        annotation = reference.get_object()
        if annotation is None:
            continue
        if annotation.get("/Subtype") == "/Widget":
            yield from _field_value(annotation)
        elif annotation.get("/Subtype") not in ("/Link", "/Popup") and annotation.get("/Contents"):
            yield str(annotation["/Contents"]).strip()


def _field_value(widget: Any) -> Iterator[str]:
    """Yield ``name: value`` of a filled text or choice field."""
    parent = widget.get("/Parent")
    field = widget if "/V" in widget or parent is None else parent.get_object()
    kind = widget.get("/FT") or field.get("/FT")
    value = field.get("/V")
    if kind not in ("/Tx", "/Ch") or value is None:
        return
    value = value.get_object()
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    if text.strip():
        name = str(field.get("/TU") or field.get("/T") or "").strip()
        yield f"{name}: {text.strip()}" if name else text.strip()


class _WarningCounter(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
