"""Tables of records: each row becomes a line that makes sense alone, ``column: value | column: value``."""

import datetime
from collections.abc import Iterable, Sequence
from itertools import chain, islice

from ingestion.load.block_writer import BlockWriter

Cell = str | int | float | bool | datetime.date | datetime.time | datetime.timedelta | None

_HEADER_WITHIN = 10
_ROWS_PER_BLOCK = 200


def write_table(rows: Iterable[Sequence[Cell]], writer: BlockWriter) -> None:
    """Add a table to ``writer``: lines of one cell above the header as paragraphs, then blocks of rows."""
    texts = ([cell_text(cell) for cell in row] for row in rows)
    filled = (row for row in texts if any(row))
    first = list(islice(filled, _HEADER_WITHIN))
    at = _header_index(first)
    for row in first[:at]:
        writer.add("paragraph", " | ".join(cell for cell in row if cell))
    header = first[at] if at < len(first) and _is_header(first[at]) else None
    body = chain(first[at + 1 :] if header else first[at:], filled)
    lines = (_line(row, header) for row in body)
    block = list(islice(lines, _ROWS_PER_BLOCK))
    if header and not block:
        block = [" | ".join(name for name in header if name)]
    while block:
        writer.add("table", "\n".join(block))
        block = list(islice(lines, _ROWS_PER_BLOCK))


def cell_text(cell: Cell) -> str:
    """Return a cell's value in one line; whole numbers without decimals, dates without an empty time."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        # Fifteen digits are what spreadsheets show: 0.1 + 0.2 is 0.3 there.
        return f"{cell:.15g}" if abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.datetime):
        is_date = cell.time() == datetime.time()
        return cell.date().isoformat() if is_date else cell.isoformat(" ")
    return " ".join(str(cell).split())


def _header_index(rows: Sequence[Sequence[str]]) -> int:
    """Return the index of the first row with more than one cell: titles stand alone above their table."""
    widest = max((sum(map(bool, row)) for row in rows), default=0)
    for index, row in enumerate(rows):
        if sum(map(bool, row)) > 1 or widest <= 1:
            return index
    return 0


def _is_header(row: Sequence[str]) -> bool:
    """Whether a row holds names: several, all different, none of them a number."""
    names = [cell for cell in row if cell]
    return len(names) > 1 and len(set(names)) == len(names) and not any(_is_number(name) for name in names)


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "", 1).lstrip("+-").rstrip("%").isdecimal()


def _line(row: Sequence[str], header: Sequence[str] | None) -> str:
    """Return a row as text; a lone cell under no header stands for itself."""
    cells = [(index, cell) for index, cell in enumerate(row) if cell]
    if header is None and len(cells) == 1:
        return cells[0][1]
    return " | ".join(f"{_column(index, header)}: {cell}" for index, cell in cells)


def _column(index: int, header: Sequence[str] | None) -> str:
    """Return a column's name, or its letter as spreadsheets count them."""
    if header is not None and index < len(header) and header[index]:
        return header[index]
    letters = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters
