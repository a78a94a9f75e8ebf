"""Jupyter notebooks: Markdown cells as they are, code cells and their printed results as code."""

import json
from collections.abc import Iterator
from typing import Any

from ingestion.errors import DamagedError, NoTextError
from ingestion.load.encoding import decode
from ingestion.models import LoadedDocument, LoadedPage, LoadLimits, Progress

# The cells are put together to one Markdown source.
MEDIA_TYPE = "text/markdown"

_MAX_OUTPUT_CHARS = 2_000


def load_notebook(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return the cells as one Markdown text; pictures are left out, long outputs cut.

    Raises:
        BinaryError: it is not text.
        DamagedError: it is no notebook.
        NoTextError: its cells are empty.
    """
    decoded = decode(data)
    try:
        notebook = json.loads(decoded.text)
        language = str(notebook.get("metadata", {}).get("kernelspec", {}).get("language", "python"))
        # Version 3 and older keep their cells in worksheets.
        cells = notebook.get("cells") or [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]
        parts = [part for cell in cells for part in _parts(cell, language) if part.strip()]
    except (json.JSONDecodeError, RecursionError, AttributeError, KeyError, TypeError) as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from error
    if not parts:
        raise NoTextError()
    text = "\n\n".join(parts) + "\n"
    pages = (LoadedPage(number=None, text=text),)
    return LoadedDocument(name=name, media_type=MEDIA_TYPE, pages=pages, encoding=decoded.encoding)


def _parts(cell: dict[str, Any], language: str) -> Iterator[str]:
    source = _joined(cell.get("source", cell.get("input", "")))
    if cell.get("cell_type") == "markdown":
        yield source
    elif cell.get("cell_type") == "heading":
        yield f"{'#' * int(cell.get('level', 1))} {source}"
    elif source.strip():
        yield _fenced(source, language if cell.get("cell_type") == "code" else "")
        for output in cell.get("outputs", ()):
            data = output.get("data", output)
            text = _joined(output.get("text") or data.get("text/plain") or "")
            yield _fenced(text[:_MAX_OUTPUT_CHARS], "") if text.strip() else ""


def _joined(lines: str | list[str]) -> str:
    return lines if isinstance(lines, str) else "".join(lines)


def _fenced(source: str, language: str) -> str:
    mark = "```"
    while mark in source:
        mark += "`"
    newline = "\n"
    return f"{mark}{language}{newline}{source.strip(newline)}{newline}{mark}"
