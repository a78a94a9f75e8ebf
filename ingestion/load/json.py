"""JSON, JSON Lines and the like: every value in a line with the readable path to it."""

import json
from collections.abc import Iterator
from typing import Any

from ingestion.errors import DamagedError, TooHeavyError
from ingestion.load.block_writer import BlockWriter
from ingestion.load.encoding import decode
from ingestion.load.text import encoding_warnings
from ingestion.models import LoadedDocument, LoadLimits, Progress

MEDIA_TYPE = "application/json"

_MAX_HEADING_DEPTH = 3
_PROSE_CHARS = 200


def load_json(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return the values as lines of ``path: value``, records as blocks; ``password`` does not apply.

    Raises:
        BinaryError: it is not text.
        DamagedError: it is no JSON, and its lines are none either.
        NoTextError: it holds no values.
        TooHeavyError: it is longer, or nested deeper, than makes sense.
    """
    decoded = decode(data)
    writer = BlockWriter(limits)
    try:
        _write(_values(decoded.text), writer, 0)
    except RecursionError as error:
        raise TooHeavyError("nested too deeply", limit="memory") from error
    return writer.document(name, MEDIA_TYPE, encoding=decoded.encoding, warnings=encoding_warnings(decoded))


def _values(text: str) -> Any:
    """Return the value of JSON, or the list of the values of JSON Lines; numbers stay as they are written."""
    try:
        return json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        return list(_lines(text, error))


def _lines(text: str, whole_error: json.JSONDecodeError) -> Iterator[Any]:
    """Yield the value of each line of JSON Lines."""
    for line in text.split("\n"):
        if line.strip():
            try:
                yield json.loads(line, parse_int=str, parse_float=str)
            except json.JSONDecodeError:
                raise DamagedError(str(whole_error)) from whole_error


def _write(value: Any, writer: BlockWriter, depth: int) -> None:
    """Add a value: objects as sections down to a few levels, records of a list as a block each."""
    if isinstance(value, dict) and depth < _MAX_HEADING_DEPTH:
        _write_lines({key: inner for key, inner in value.items() if not _is_nested(inner)}, writer)
        for key, inner in value.items():
            if _is_nested(inner):
                writer.heading(depth + 1, key)
                _write(inner, writer, depth + 1)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for item in value:
            _write_lines(item, writer)
    else:
        _write_lines(value, writer)


def _is_nested(value: Any) -> bool:
    """Whether a value is worth a section: an object, or a list of more than plain values."""
    return bool(value) and (isinstance(value, dict) or (isinstance(value, list) and not _is_plain_list(value)))


def _is_plain_list(value: list[Any]) -> bool:
    return not any(isinstance(item, dict | list) for item in value)


def _write_lines(value: Any, writer: BlockWriter) -> None:
    lines = list(_flat(value, ""))
    # Long texts are cut by their sentences, short values by their lines.
    is_prose = any(len(line) > _PROSE_CHARS for line in lines)
    writer.add("paragraph" if is_prose else "table", "\n".join(lines))


def _flat(value: Any, path: str) -> Iterator[str]:
    """Yield ``path: value`` for every value; lists of plain values stay together."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and not _is_plain_list(value):
        for index, inner in enumerate(value):
            yield from _flat(inner, f"{path}[{index}]")
    else:
        items = value if isinstance(value, list) else [value]
        text = ", ".join(item for item in map(_scalar, items) if item)
        if text:
            yield f"{path}: {text}" if path else text


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value).strip()
