"""Rich Text Format: the words, paragraph by paragraph, and the rows of tables; RTF knows its headings by looks only."""

import re

from ingestion.errors import DamagedError
from ingestion.load.archive import PARSER_ERRORS
from ingestion.load.block_writer import BlockWriter
from ingestion.models import LoadedDocument, LoadLimits, Progress

MEDIA_TYPE = "application/rtf"

_START = b"{\\rtf"
_BLANKS = re.compile(r"[ \t\u2003]+")
# Longer than any checksum a text may quote.
_PICTURE = re.compile(rb"(?:[0-9A-Fa-f]{2}\s*){100,}")
#: How ``striprtf`` writes the end of a table's cell; a paragraph inside may have ended before.
_CELL = "|"
_CELL_AFTER_BREAK = re.compile(r"\n[ \t]*\|")


def load_rtf(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return the paragraphs and tables as blocks; ``password`` does not apply.

    Raises:
        DamagedError: it is no RTF.
        NoTextError: there is no text in it.
        TooHeavyError: it is longer than ``limits`` allow.
    """
    # Imported here: only workers that meet such a file need it.
    from striprtf.striprtf import rtf_to_text

    if not data.lstrip().startswith(_START):
        raise DamagedError("no RTF header")
    try:
        # RTF is ASCII; whatever else stands in it is a byte of its code page.
        text = rtf_to_text(_escaped(data), errors="replace")  # type: ignore[no-untyped-call]
    except PARSER_ERRORS as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from error
    writer = BlockWriter(limits)
    _write(_whole_characters(text), writer)
    return writer.document(name, MEDIA_TYPE)


def _escaped(data: bytes) -> str:
    r"""Return the source with bytes beyond ASCII written as RTF writes them, ``\'hh``, and without pictures.

    ``striprtf`` looks for links by an expression that takes for ever on many of them in one line; a blank keeps it
    from matching, and what a link says is then read like all other text.
    """
    data = _PICTURE.sub(b"", data).replace(b"\\fldinst{", b"\\fldinst {")
    return re.sub(rb"[\x80-\xff]", lambda match: b"\\'%02x" % match[0][0], data).decode("ascii")


def _whole_characters(text: str) -> str:
    """Return the text with characters beyond 16 bits, which RTF writes in two halves, put together."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _write(text: str, writer: BlockWriter) -> None:
    rows: list[str] = []
    for line in (*_CELL_AFTER_BREAK.sub(_CELL, text).split("\n"), ""):
        words = _BLANKS.sub(" ", line).strip()
        if words.endswith(_CELL):
            rows.append(" | ".join(cell.strip() for cell in words.rstrip(_CELL).split(_CELL)))
            continue
        writer.add("table", "\n".join(row for row in rows if row.strip(" |")))
        rows = []
        writer.add("paragraph", words)
