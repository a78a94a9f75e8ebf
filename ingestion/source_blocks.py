"""The structure of program source: blocks as exact spans of it, below the functions and classes they stand in.

Declarations are found by their first line, and nesting by indentation, which every formatter keeps: cheap, and
for source that no parser accepts as well. A declaration missed costs a heading, never text.
"""

import re
from bisect import bisect_right

from ingestion.models import Block, BlockKind

_WORDS = (
    r"(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|sealed|override|open|data|"
    r"inline|unsafe|virtual|partial|declare|const|extern|pub(?:\([a-z: ]+\))?)[ \t]+)*"
)
_PYTHON = r"(?:async[ \t]+)?(?:def|class)[ \t]+\w+[ \t]*[(:\[]"
_SCRIPT = (
    rf"{_WORDS}(?:function\b[ \t*]*\w*[ \t]*[(<]|(?:class|interface|enum|namespace)[ \t]+\w)"
    r"|(?:export[ \t]+)?(?:const|let|var)[ \t]+\w+[ \t]*=[ \t]*(?:async\b[ \t]*)?(?:function\b|\([^()\n]*\)[^=\n]*=>)"
)
# A type, a name, parameters on a few lines and an opening brace.
_C_FUNCTION = (
    r"(?!(?:return|else|if|for|while|switch|do|new|delete|throw|case|using|goto|typedef)\b)"
    r"(?:[A-Za-z_][\w:<>,\[\]]*[ \t*&]+)+[A-Za-z_~][\w:~]*[ \t]*\([^;{}=\n]*(?:\n[^;{}=\n]*){0,8}\)"
    r"[^;{}=()\n]*(?:\n[ \t]*)?\{"
)
_C = rf"{_WORDS}(?:struct|class|enum|union|namespace)[ \t]+\w[^;=()\n]*(?:\n[ \t]*)?\{{|{_C_FUNCTION}"
_JVM = (
    rf"{_WORDS}(?:class|interface|enum|struct|record|object|trait|protocol|extension|namespace|fun|func|def|init)\b"
    rf"[ \t]*[\w(<]|{_C_FUNCTION}"
)
_GO = r"func\b|type[ \t]+\w+[ \t]+(?:struct|interface)\b"
_RUST = rf"{_WORDS}(?:fn|struct|enum|trait|impl|mod|union|macro_rules!)\b[ \t<]"
_RUBY = r"(?:def|class|module)[ \t]+\w"
_SHELL = r"(?:function[ \t]+[\w-]+|[A-Za-z_][\w-]*[ \t]*\(\))"
_SQL = r"(?i:CREATE[ \t]+(?:\w+[ \t]+){0,3}?(?:TABLE|VIEW|INDEX|FUNCTION|PROCEDURE|TRIGGER)\b)"
_SECTION = r"\[+[^\[\]\n]+\]+[ \t]*(?:[#;].*)?$"
_KEY = r"(?<![ \t])[^\s#\-:][^:\n]*:[ \t]*(?:#.*)?$"

_DECLARATIONS: dict[str, re.Pattern[str]] = {
    media_type: re.compile(rf"^[ \t]*(?:{pattern})", re.MULTILINE)
    for pattern, media_types in (
        (_PYTHON, ("text/x-python",)),
        (_SCRIPT, ("text/javascript", "text/x-typescript", "text/x-vue", "text/x-php", "text/x-lua")),
        (_C, ("text/x-c", "text/x-c++")),
        (_JVM, ("text/x-java", "text/x-kotlin", "text/x-scala", "text/x-csharp", "text/x-swift")),
        (_GO, ("text/x-go",)),
        (_RUST, ("text/x-rust",)),
        (_RUBY, ("text/x-ruby",)),
        (_SHELL, ("text/x-sh", "text/x-powershell")),
        (_SQL, ("text/x-sql",)),
        (_SECTION, ("text/x-toml", "text/x-ini")),
        (_KEY, ("text/x-yaml",)),
    )
    for media_type in media_types
}
#: Media types whose text is source code.
SOURCE_MEDIA_TYPES = frozenset((*_DECLARATIONS, "text/x-r", "text/x-bat", "text/css", "text/xml"))

_COMMENT = re.compile(r"[ \t]*(?:#|//|/\*|\*|--|@|\"\"\"|;)")
_CLOSERS = ("}", ")", "]", "{", "end", "#", "//", "/*", "*", "--", "else", "elif", "except", "finally", "catch")
_MAX_COMMENT_LINES = 12
_MAX_TITLE_CHARS = 100


def source_blocks(text: str, media_type: str) -> tuple[Block, ...]:
    """Return the blocks of a source file in order: declarations as headings, what is in them as code."""
    pattern = _DECLARATIONS.get(media_type)
    lines = _Lines(text)
    marks = {lines.index_at(match.start()): match for match in pattern.finditer(text)} if pattern else {}
    blocks: list[Block] = []
    stack: list[tuple[int, str]] = []
    first = 0
    for index in range(len(lines)):
        if index in marks:
            begin = lines.with_comments(index, first)
            _append(blocks, lines, "code", (first, begin), stack)
            indent = lines.indent(index)
            _pop(stack, indent)
            stack.append((indent, _title(lines.text(index))))
            _append(blocks, lines, "heading", (begin, index + 1), stack)
            first = index + 1
        elif stack and lines.leaves(index, stack[-1][0]):
            _append(blocks, lines, "code", (first, index), stack)
            _pop(stack, lines.indent(index))
            first = index
    _append(blocks, lines, "code", (first, len(lines)), stack)
    return tuple(blocks)


class _Lines:
    """The lines of a text with their offsets."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text)), len(text)]

    def __len__(self) -> int:
        return len(self._starts) - 1

    def span(self, first: int, last: int) -> tuple[int, int]:
        return self._starts[first], self._starts[last]

    def text(self, index: int) -> str:
        return self._text[self._starts[index] : self._starts[index + 1]]

    def index_at(self, offset: int) -> int:
        return min(bisect_right(self._starts, offset), len(self)) - 1

    def indent(self, index: int) -> int:
        line = self.text(index).expandtabs(4)
        return len(line) - len(line.lstrip())

    def leaves(self, index: int, indent: int) -> bool:
        """Whether a line is no longer inside a declaration that stands ``indent`` columns from the left."""
        line = self.text(index).strip()
        return bool(line) and self.indent(index) <= indent and not line.startswith(_CLOSERS)

    def with_comments(self, index: int, first: int) -> int:
        """Return the first of the comment and decorator lines right above line ``index``."""
        begin = index
        while begin > first and index - begin < _MAX_COMMENT_LINES and _COMMENT.match(self.text(begin - 1)):
            begin -= 1
        return begin


def _pop(stack: list[tuple[int, str]], indent: int) -> None:
    while stack and stack[-1][0] >= indent:
        stack.pop()


def _title(line: str) -> str:
    """Return a declaration without what opens its body."""
    return " ".join(line.strip().rstrip("{:(").split())[:_MAX_TITLE_CHARS]


def _append(
    blocks: list[Block], lines: _Lines, kind: BlockKind, span: tuple[int, int], stack: list[tuple[int, str]]
) -> None:
    """Append lines ``[first, last)`` without the blank lines around them, unless there is nothing else."""
    first, last = span
    while first < last and not lines.text(first).strip():
        first += 1
    while last > first and not lines.text(last - 1).strip():
        last -= 1
    if first < last:
        start, end = lines.span(first, last)
        path = tuple(title for _, title in stack)
        end -= len(lines.text(last - 1)) - len(lines.text(last - 1).rstrip("\n"))
        blocks.append(Block(kind=kind, start=start, end=end, heading=path))
