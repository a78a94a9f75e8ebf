"""Org files (Emacs): headings by their stars, code and example blocks whole, drawers and planning lines left out."""

import re
from collections.abc import Iterator

from ingestion.load.block_writer import BlockWriter
from ingestion.load.encoding import decode
from ingestion.load.text import encoding_warnings
from ingestion.models import BlockKind, LoadedDocument, LoadLimits, Progress

MEDIA_TYPE = "text/x-org"

_HEADING = re.compile(r"(\*+) +(?:(?:TODO|DONE|NEXT|WAITING) +)?(?:\[#\w\] +)?(.*)")
_TAGS = re.compile(r"(?:^|[ \t]):[\w@#%:]+:$")
_KEYWORD = re.compile(r"[ \t]*#\+(\w+):[ \t]*(.*)")
_BEGIN = re.compile(r"[ \t]*#\+begin_(\w+)(?:[ \t].*)?", re.IGNORECASE)
_DRAWER = re.compile(r"[ \t]*:(PROPERTIES|LOGBOOK):[ \t]*", re.IGNORECASE)
_DRAWER_END = re.compile(r"[ \t]*:END:[ \t]*", re.IGNORECASE)
_PLANNING = re.compile(r"[ \t]*(?:SCHEDULED|DEADLINE|CLOSED|CLOCK):[ \t]*[\[<].*")
_COMMENT = re.compile(r"[ \t]*#(?: .*)?")
_ITEM = re.compile(r"[ \t]*(?:[-+]|\d+[.)])[ \t]+\S|[ \t]+\*[ \t]+\S")
_TABLE_RULE = re.compile(r"[ \t]*\|[-+]+\|?[ \t]*")
_LINK = re.compile(r"\[\[([^\[\]]+)\](?:\[([^\[\]]+)\])?\]")
_EMPHASIS = re.compile(r"(?<![^\s({'\"，。（])([*/_=~+])(?=\S)(.{1,300}?)(?<=\S)\1(?![^\s)}'\",.;:!?，。）])")
_CODE = frozenset(("src", "example", "export", "verbatim"))
_TEXT_KEYWORDS = {"TITLE": "title", "AUTHOR": "author", "DATE": "date"}


def load_org(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return the headings, paragraphs, lists, tables and code as blocks; ``password`` does not apply.

    Raises:
        BinaryError: it is not text.
        NoTextError: there is none in it.
        TooHeavyError: it is longer than ``limits`` allow.
    """
    decoded = decode(data)
    writer = BlockWriter(limits)
    metadata: dict[str, str] = {}
    for kind, lines in _blocks(iter(decoded.text.splitlines()), metadata):
        _write(kind, lines, writer)
    return writer.document(
        name,
        MEDIA_TYPE,
        title=metadata.get("title") or writer.first_heading,
        metadata=metadata,
        encoding=decoded.encoding,
        warnings=encoding_warnings(decoded),
    )


def _blocks(source: Iterator[str], metadata: dict[str, str]) -> Iterator[tuple[BlockKind, list[str]]]:
    """Yield the blocks with their lines; what the file says about itself goes to ``metadata``."""
    kind: BlockKind = "paragraph"
    lines: list[str] = []
    for line in source:
        found = _kind(line, kind if lines else "paragraph")
        if lines and (found != kind or found == "heading" or not line.strip()):
            yield kind, lines
            lines = []
        kind = found
        begin = _BEGIN.fullmatch(line)
        if begin and begin[1].lower() != "comment":
            yield ("code" if begin[1].lower() in _CODE else "paragraph"), _until(source, _end_of(begin[1]))
        elif begin or _DRAWER.fullmatch(line):
            _until(source, _end_of(begin[1]) if begin else _DRAWER_END)
        elif not _is_aside(line, metadata):
            lines.append(line)
    if lines:
        yield kind, lines


def _is_aside(line: str, metadata: dict[str, str]) -> bool:
    """Whether a line is no text: blank, a comment, a date of the agenda, or a word about the file, which is kept."""
    if keyword := _KEYWORD.fullmatch(line):
        name = _TEXT_KEYWORDS.get(keyword[1].upper())
        if name and keyword[2].strip():
            metadata.setdefault(name, keyword[2].strip())
        return True
    return not line.strip() or bool(_PLANNING.fullmatch(line) or _COMMENT.fullmatch(line))


def _end_of(name: str) -> re.Pattern[str]:
    return re.compile(rf"[ \t]*#\+end_{re.escape(name)}[ \t]*", re.IGNORECASE)


def _kind(line: str, running: BlockKind) -> BlockKind:
    """Return what a line belongs to; an indented one goes on with the item before it."""
    if _HEADING.fullmatch(line):
        return "heading"
    if line.lstrip().startswith("|"):
        return "table"
    if line.lstrip().startswith(": "):
        return "code"
    is_continued = running == "list" and line.startswith((" ", "\t"))
    return "list" if is_continued or _ITEM.match(line) else "paragraph"


def _until(source: Iterator[str], end: re.Pattern[str]) -> list[str]:
    """Return the lines before ``end``, or all that are left."""
    lines: list[str] = []
    for line in source:
        if end.fullmatch(line):
            break
        lines.append(line)
    return lines


def _write(kind: BlockKind, lines: list[str], writer: BlockWriter) -> None:
    if kind == "heading":
        match = _HEADING.fullmatch(lines[0])
        if match:
            writer.heading(len(match[1]), _words(_TAGS.sub("", match[2].rstrip()).rstrip()))
    elif kind == "table":
        rows = [line.strip().strip("|").split("|") for line in lines if not _TABLE_RULE.fullmatch(line)]
        writer.add("table", "\n".join(" | ".join(_words(cell.strip()) for cell in row) for row in rows))
    elif kind == "code":
        writer.add("code", "\n".join(line.removeprefix(": ") for line in lines))
    else:
        writer.add(kind, "\n".join(_words(line.rstrip()) for line in lines))


def _words(text: str) -> str:
    """Return the words without the marks of links and emphasis."""
    return _EMPHASIS.sub(r"\2", _LINK.sub(lambda link: link[2] or link[1], text))
