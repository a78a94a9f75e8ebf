"""Corrections from files: CSV (ours and Dify's annotations), JSON lines, Label Studio's JSON.

A file is read whole before anything is saved: what is wrong in it is told with its line, and nothing of it is kept.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from kb_app.errors import CorrectionColumnsError, CorrectionFileError, CorrectionLineError
from kb_app.models import Correction
from kb_app.services.corrections.curation import Corrections
from kb_app.services.corrections.reuse import wording_key
from kb_app.services.wording import well_formed

#: What the columns and fields may be called, in the order they count.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "问题", "query", "prompt", "instruction", "input"),
    "chosen": ("answer", "chosen", "corrected", "回答", "答案", "正确回答", "output", "response", "content"),
    "rejected": ("rejected", "original", "原回答", "错误回答"),
    "note": ("note", "备注", "comment"),
    "author": ("author", "作者"),
}
_ENCODINGS = ("utf-8-sig", "gb18030")
_LONGEST_FIELD = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """What a file holds: corrections not there yet, and how many were there already."""

    corrections: tuple[Correction, ...]
    duplicates: int


def read_corrections(data: bytes, name: str, base_id: str, author: str, known: Sequence[Correction]) -> FileContent:
    """Return the corrections of a file for a base; those among ``known`` or twice in the file are only counted.

    Raises:
        CorrectionFileError: it is none of the formats.
        CorrectionColumnsError: it has no question, or no answer column.
        CorrectionLineError: a line of it cannot be used; ``params["line"]`` counts from 1.
    """
    seen = {_identity(one.question, one.chosen) for one in known if one.base_id == base_id}
    fresh: list[Correction] = []
    total = 0
    for line, fields in _records(_decode(data), PurePosixPath(name).suffix.lower()):
        total += 1
        question, chosen = fields.get("question", "").strip(), fields.get("chosen", "").strip()
        if not question or not chosen:
            raise CorrectionLineError(name, line=line, problem="question" if not question else "answer")
        identity = _identity(question, chosen)
        if identity in seen:
            continue
        seen.add(identity)
        correction = Correction(
            id="",
            base_id=base_id,
            question=question,
            chosen=chosen,
            rejected=fields.get("rejected", "").strip(),
            note=fields.get("note", "").strip(),
            author=fields.get("author", "").strip() or author,
            origin="import",
            external={"file": name, "line": str(line)},
        )
        fresh.append(correction)
    if not total:
        raise CorrectionFileError(name, name=name)
    return FileContent(corrections=tuple(fresh), duplicates=total - len(fresh))


def import_corrections(corrections: Corrections, data: bytes, name: str, base_id: str, author: str) -> FileContent:
    """Save the corrections of a file as drafts, all or none. Raises as :func:`read_corrections`."""
    content = read_corrections(data, name, base_id, author, corrections.all(base_id))
    corrections.create_all(content.corrections)
    return content


def _identity(question: str, chosen: str) -> tuple[str, str]:
    return wording_key(question), " ".join(chosen.split())


def _decode(data: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CorrectionFileError("neither UTF-8 nor GB 18030", name="")


def _records(text: str, ending: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line, fields) of every record."""
    start = text.lstrip()[:1]
    if ending in (".csv", ".tsv"):
        yield from _table(text, "\t" if ending == ".tsv" else ",")
    elif start == "[":
        yield from _tasks(text)
    elif start == "{":
        yield from _lines(text)
    else:
        raise CorrectionFileError("unknown format", name=ending)


def _table(text: str, delimiter: str) -> Iterator[tuple[int, dict[str, str]]]:
    csv.field_size_limit(_LONGEST_FIELD)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [cell.strip().lower() for cell in next(rows, [])]
        places = {field: place for field in _NAMES if (place := _place(header, field)) is not None}
        if not {"question", "chosen"} <= places.keys():
            raise CorrectionColumnsError(", ".join(header), columns=", ".join(header)[:200])
        for row in rows:
            if any(cell.strip() for cell in row):
                yield rows.line_num, {field: row[place] for field, place in places.items() if place < len(row)}
    except csv.Error as error:
        raise CorrectionLineError(str(error), line=rows.line_num, problem=str(error)) from error


def _place(header: Sequence[str], field: str) -> int | None:
    return next((header.index(name) for name in _NAMES[field] if name in header), None)


def _lines(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        value = _parsed(line, number)
        if not isinstance(value, dict):
            raise CorrectionLineError("no object", line=number, problem="{ }")
        yield number, _named(value)


def _named(value: Mapping[str, Any]) -> dict[str, str]:
    folded = {str(key).strip().lower(): item for key, item in value.items()}
    found = {field: next((folded[name] for name in names if name in folded), None) for field, names in _NAMES.items()}
    return {field: well_formed(item) for field, item in found.items() if isinstance(item, str)}


def _parsed(text: str, line: int) -> Any:
    """Return the JSON in ``text``, which begins on ``line``. Raises CorrectionLineError."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise CorrectionLineError(str(error), line=line + error.lineno - 1, problem=error.msg) from error
    except (RecursionError, ValueError) as error:  # nested too deep; a number of thousands of digits
        raise CorrectionLineError(str(error), line=line, problem=str(error)[:200]) from error


def _tasks(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the tasks of a JSON list: Label Studio's, or plain objects; the "line" is the task's number."""
    for number, task in enumerate(_parsed(text, 1), start=1):
        if not isinstance(task, dict):
            raise CorrectionLineError("no object", line=number, problem="{ }")
        data = task.get("data")
        if isinstance(data, dict):
            yield number, _named(data) | _annotated(data, task)
        else:
            yield number, _named(task)


def _annotated(data: Mapping[str, Any], task: Mapping[str, Any]) -> dict[str, str]:
    """Return what the newest annotation says: a text typed in, or which of two answers is better."""
    for annotation in reversed(_objects(task.get("annotations"))):
        for result in _objects(annotation.get("result")):
            value = result.get("value")
            if not isinstance(value, dict):
                continue
            if result.get("type") == "textarea" and value.get("text"):
                texts = value["text"] if isinstance(value["text"], list) else [value["text"]]
                return {"chosen": well_formed("\n".join(map(str, texts)))}
            if result.get("type") == "pairwise" and value.get("selected") in ("left", "right"):
                better, worse = ("answer1", "answer2") if value["selected"] == "left" else ("answer2", "answer1")
                return {
                    "chosen": well_formed(str(data.get(better, ""))),
                    "rejected": well_formed(str(data.get(worse, ""))),
                }
    return {}


def _objects(value: Any) -> list[dict[str, Any]]:
    """Return the JSON objects of a list; nothing of what is none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
