"""CSV and TSV files in any encoding: each row a line of ``column: value``."""

import csv
import io
from collections.abc import Iterator

from ingestion.errors import DamagedError
from ingestion.load.block_writer import BlockWriter
from ingestion.load.encoding import decode
from ingestion.load.table_blocks import write_table
from ingestion.load.text import encoding_warnings
from ingestion.models import LoadedDocument, LoadLimits, Progress

MEDIA_TYPE = "text/csv"

_DELIMITERS = ",;\t|，；"
_SAMPLE_LINES = 50
_MAX_CELL_CHARS = 1_000_000


def load_csv(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return the rows as blocks; the separator is found by the text, ``password`` does not apply.

    Raises:
        BinaryError: it is not text.
        DamagedError: a quote never ends.
        NoTextError: there are no cells.
        TooHeavyError: it is longer than ``limits`` allow.
    """
    decoded = decode(data)
    writer = BlockWriter(limits)
    write_table(_rows(decoded.text, "\t" if name.lower().endswith(".tsv") else None), writer)
    return writer.document(name, MEDIA_TYPE, encoding=decoded.encoding, warnings=encoding_warnings(decoded))


def _rows(text: str, delimiter: str | None) -> Iterator[list[str]]:
    csv.field_size_limit(_MAX_CELL_CHARS)
    reader = csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=delimiter or _delimiter(text))
    try:
        yield from reader
    except csv.Error as error:
        raise DamagedError(str(error)) from error


def _delimiter(text: str) -> str:
    """Return the separator that cuts most of the first lines into the same number of cells, more than one.

    ``csv.Sniffer`` takes letters for separators and fails on Chinese text with commas in quotes.
    """
    lines = [line for line in text.split("\n", _SAMPLE_LINES)[:_SAMPLE_LINES] if line.strip()]
    best, best_score = ",", 0.0
    for candidate in _DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=candidate)]
        except csv.Error:
            continue
        usual = max(set(widths), key=widths.count, default=1)
        score = widths.count(usual) / len(widths) if usual > 1 else 0.0
        if score > best_score:
            best, best_score = candidate, score
    return best
