"""reStructuredText: headings by their underlines, literal blocks and code whole, directives by what is in them.

Read here rather than by docutils, which knows nothing of Sphinx's directives and roles, and can be told to read files.
"""

import re
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import overload

from ingestion.load.block_writer import BlockWriter
from ingestion.load.encoding import decode
from ingestion.load.text import encoding_warnings
from ingestion.models import BlockKind, LoadedDocument, LoadLimits, Progress

MEDIA_TYPE = "text/x-rst"

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}[ \t]*")
_DIRECTIVE = re.compile(r"\.\.[ \t]+(?:\|[^|]+\|[ \t]+)?([\w:.+-]+?)::(?:[ \t]+(.*))?")
_FOOTNOTE = re.compile(r"\.\.[ \t]+\[([^\]]+)\][ \t]*(.*)")
_FOOTNOTE_MARK = re.compile(r"(\[[^\[\]]+\])_(?!\w)")
_ESCAPE = re.compile(r"\\(?:[ \n]|(\S))")
_OPTION = re.compile(r":[\w-]+:.*")
_ITEM = re.compile(r"(?:[-*+•]|(?:\d+|#|[a-zA-Z])[.)]|\(\w+\))[ \t]+\S")
_GRID_RULE = re.compile(r"[ \t]*\+[-=+]+\+[ \t]*")
_SIMPLE_RULE = re.compile(r"[ \t]*={2,}(?:[ \t]+={2,})+[ \t]*")
_ROLE = re.compile(r"(?::[\w:+.-]{1,80}:)`([^`<>]*?)(?:[ \t]*<[^<>`]*>)?`")
_LINK = re.compile(r"`([^`<>]+?)[ \t]*(?:<[^<>`]*>)?`__?")
_MARKS = re.compile(
    r"``(.+?)``|\*\*(?=\S)(.{1,300}?)(?<=\S)\*\*|(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])|`([^`\n]+)`"
)
_CODE = frozenset(("code", "code-block", "sourcecode", "parsed-literal", "math", "literalinclude", "prompt"))
# What holds no words of this page: pictures, lists of other pages, pieces put in from elsewhere.
_SILENT = frozenset(
    (
        *("toctree", "image", "include", "contents", "index", "raw", "meta", "highlight", "default-role", "role"),
        *("replace", "unicode", "date", "currentmodule", "module", "sectnum", "target-notes"),
    )
)
# What stands beside these is a file or a number, no words.
_NAMING = frozenset(("figure", "csv-table", "list-table", "only", "tab-set", "grid"))
_MAX_DEPTH = 20
_MAX_LEVEL = 6


def load_rst(
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
    _Reader(writer).read([line.expandtabs(8).rstrip() for line in decoded.text.splitlines()])
    return writer.document(
        name,
        MEDIA_TYPE,
        title=writer.first_heading,
        encoding=decoded.encoding,
        warnings=encoding_warnings(decoded),
    )


class _Rest(Sequence[str]):
    """The lines from one on, without copying them: a copy for every block would take a long file's time squared."""

    def __init__(self, lines: Sequence[str], at: int) -> None:
        self._lines = lines
        self._at = at

    def __len__(self) -> int:
        return len(self._lines) - self._at

    @overload
    def __getitem__(self, key: int) -> str: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[str]: ...
    def __getitem__(self, key: int | slice) -> str | Sequence[str]:
        if isinstance(key, int):
            return self._lines[self._at + key]
        start = self._at + (key.start or 0)
        return (
            _Rest(self._lines, min(start, len(self._lines)))
            if key.stop is None
            else self._lines[start : self._at + key.stop]
        )


class _Reader:
    """Goes through the lines of one file; the styles of its headings get their levels as they come."""

    def __init__(self, writer: BlockWriter) -> None:
        self._writer = writer
        self._styles: list[str] = []

    def read(self, lines: Sequence[str], depth: int = 0) -> None:
        """Add the blocks of ``lines``."""
        at = 0
        while at < len(lines):
            at += self._heading(lines[at : at + 3]) or self._block(_Rest(lines, at), depth)

    def _heading(self, lines: Sequence[str]) -> int:
        """Add a heading if there is one; return how many lines it takes."""
        first, second, third = (*lines, "", "", "")[:3]
        if _ADORNMENT.fullmatch(first) and second.strip() and third == first and len(first) >= 3:
            style, title, count = first[0] * 2, second, 3
        elif first and not first[0].isspace() and _ADORNMENT.fullmatch(second) and not _ADORNMENT.fullmatch(first):
            style, title, count = second[0], first, 2
        else:
            return 0
        if style not in self._styles:
            self._styles.append(style)
        self._writer.heading(min(self._styles.index(style) + 1, _MAX_LEVEL), _words(title))
        return count

    def _block(self, lines: Sequence[str], depth: int) -> int:
        """Add the block that begins with the first line; return how many lines it takes."""
        if not lines[0] or _ADORNMENT.fullmatch(lines[0]):
            return 1
        if lines[0].startswith("..") and lines[0][2:3] in ("", " "):
            return self._explicit(lines, depth)
        if _GRID_RULE.fullmatch(lines[0]) or _SIMPLE_RULE.fullmatch(lines[0]):
            return self._table(lines)
        if lines[0][0] == " ":
            count = _indented(lines)
            if depth < _MAX_DEPTH:
                self.read(textwrap.dedent("\n".join(lines[:count])).split("\n"), depth + 1)
            return count
        return self._text(lines)

    def _explicit(self, lines: Sequence[str], depth: int) -> int:
        """Read what two dots begin; comments, targets and substitutions have no words of the page in them."""
        if lines[0] == ".." and not "".join(lines[1:2]):
            return 1
        count = 1 + _indented(lines[1:])
        body = textwrap.dedent("\n".join(lines[1:count])).split("\n")
        directive, note = _DIRECTIVE.fullmatch(lines[0]), _FOOTNOTE.fullmatch(lines[0])
        if note:
            text = " ".join([note[2], *(line.strip() for line in body)])
            self._writer.add("paragraph", _words(f"[{note[1].lstrip('#*')}] {text.strip()}"))
        elif directive:
            self._directive(directive[1].rpartition(":")[2], directive[2] or "", body, depth)
        return count

    def _directive(self, name: str, argument: str, body: list[str], depth: int) -> None:
        if name in _SILENT or name.startswith("auto") or depth >= _MAX_DEPTH:
            return
        while body and (_OPTION.fullmatch(body[0]) or (name not in _CODE and not body[0])):
            body.pop(0)
        if name in _CODE:
            self._writer.add("code", "\n".join(body).strip("\n"))
            return
        if name not in _NAMING:
            self._writer.add("paragraph", _words(argument))
        self.read(body, depth + 1)

    def _table(self, lines: Sequence[str]) -> int:
        is_grid = _GRID_RULE.fullmatch(lines[0]) is not None
        count = next((at for at, line in enumerate(lines) if not line), len(lines))
        rows = []
        for line in lines[:count]:
            if is_grid and line.lstrip().startswith("|"):
                rows.append(line.strip().strip("|").split("|"))
            elif not is_grid and not _SIMPLE_RULE.fullmatch(line):
                rows.append(_columns(line, lines[0]))
        self._writer.add("table", "\n".join(" | ".join(_words(cell.strip()) for cell in row) for row in rows))
        return count

    def _text(self, lines: Sequence[str]) -> int:
        """Add a list or a paragraph, and the literal block that two colons at its end announce."""
        kind: BlockKind = "list" if _ITEM.match(lines[0]) else "paragraph"
        count = 1
        while count < len(lines) and (lines[count] or (kind == "list" and _goes_on(lines[count + 1 : count + 2]))):
            count += 1
        text = "\n".join(lines[:count])
        is_literal = text.endswith("::")
        if is_literal:
            text = text[:-2] if text[-3:-2] in ("", " ", "\n") else text[:-1]
        if kind == "list":
            text = re.sub(r"\n{2,}", "\n", text)
        self._writer.add(kind, _words(text.strip("\n")))
        if not is_literal:
            return count
        literal = _indented(lines[count:])
        self._writer.add("code", textwrap.dedent("\n".join(lines[count : count + literal])).strip("\n"))
        return count + literal


def _columns(line: str, rule: str) -> list[str]:
    """Return the cells of a row of a simple table, which stand below the ``===`` of its rule; Han take two columns."""
    spread = "".join(one + "\0" if unicodedata.east_asian_width(one) in "WF" else one for one in line)
    starts = [match.start() for match in re.finditer("=+", rule)]
    return [spread[start:end].replace("\0", "") for start, end in zip(starts, [*starts[1:], None], strict=True)]


def _goes_on(following: Sequence[str]) -> bool:
    """Whether a list goes on behind a blank line: with another item, or inside the last one."""
    return bool(following) and (following[0].startswith("  ") or _ITEM.match(following[0]) is not None)


def _indented(lines: Sequence[str]) -> int:
    """Return how many of the lines are indented or blank, up to the last indented one."""
    count = 0
    for at, line in enumerate(lines):
        if line and line[0] != " ":
            break
        if line:
            count = at + 1
    return count


def _words(text: str) -> str:
    """Return the words without the marks of roles, links and emphasis."""
    text = _FOOTNOTE_MARK.sub(r"\1", _LINK.sub(r"\1", _ROLE.sub(r"\1", text)))
    text = _ESCAPE.sub(lambda match: match[1] or "", text)
    return _MARKS.sub(lambda match: next(group for group in match.groups() if group is not None), text)
