"""The structure of a Markdown source: blocks as exact spans of it, with their heading paths."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingestion.load.markdown import front_matter
from ingestion.models import Block, BlockKind

_KINDS: dict[str, BlockKind] = {
    "paragraph_open": "paragraph",
    "blockquote_open": "paragraph",
    "html_block": "paragraph",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "fence": "code",
    "code_block": "code",
    "table_open": "table",
}
_WHOLE = frozenset(("fence", "code_block", "table_open"))
_MAX_SETEXT_CHARS = 100
_HTML_HEADING = re.compile(r"\s*<h([1-6])\b[^>]*>(.*?)</h\1\s*>\s*", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")


@cache
def parser() -> MarkdownIt:
    """Return the CommonMark parser with tables and strike-through."""
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def markdown_blocks(text: str) -> tuple[Block, ...]:
    """Return the blocks of a Markdown source in order. Front matter belongs to none."""
    body = front_matter(text)[0]
    starts = _line_starts(text, body)
    tokens = parser().parse(text[body:])
    stack: list[tuple[int, str]] = []
    blocks: list[Block] = []
    for index, token in enumerate(tokens):
        if token.level != 0 or token.map is None:
            continue
        heading = _heading(tokens, index)
        if heading is not None:
            while stack and stack[-1][0] >= heading[0]:
                stack.pop()
            stack.append(heading)
        kind: BlockKind | None = "heading" if heading else _KINDS.get(_paragraph_if_long(token))
        if kind is not None:
            path = tuple(title for _, title in stack)
            for part_kind, first, last in _parts(tokens, index, kind):
                _append(blocks, text, Block(kind=part_kind, start=starts[first], end=starts[last], heading=path))
    return tuple(blocks)


def _paragraph_if_long(token: Token) -> str:
    """A setext heading that was refused as a title is a paragraph with a rule below."""
    return "paragraph_open" if token.type == "heading_open" else token.type


def _line_starts(text: str, body: int) -> list[int]:
    """Return the offset of every line of the body, and the text's end once more."""
    starts = [body]
    starts += [match.end() for match in re.finditer("\n", text[body:])]
    starts[1:] = [start + body for start in starts[1:]]
    return [*starts, len(text), len(text)]


def _append(blocks: list[Block], text: str, block: Block) -> None:
    """Append the block without the blank lines around it, unless it is empty."""
    start, end = block.start, block.end
    while end > start and text[end - 1].isspace():
        end -= 1
    # Indentation of the first line belongs to code; only whole blank lines are left out.
    while start < end and text[start : text.find("\n", start) + 1].isspace():
        start = text.find("\n", start) + 1
    if start < end:
        blocks.append(Block(kind=block.kind, start=start, end=end, heading=block.heading))


def _heading(tokens: Sequence[Token], index: int) -> tuple[int, str] | None:
    """Return (level, title) if the block is a heading."""
    token = tokens[index]
    if token.type == "html_block":
        match = _HTML_HEADING.fullmatch(token.content)
        title = _one_line(_TAG.sub(" ", match.group(2))) if match else ""
        return (int(match.group(1)), title) if match and title else None
    if token.type != "heading_open":
        return None
    inline = tokens[index + 1]
    is_setext = token.markup in ("=", "-")
    if is_setext and ("\n" in inline.content or len(inline.content) > _MAX_SETEXT_CHARS):
        # Models write "---" right below a paragraph and mean a rule.
        return None
    return int(token.tag[1]), inline_text(inline)


def inline_text(inline: Token) -> str:
    """Return the words of an inline token: no emphasis marks, no link targets, no tags."""
    return _one_line("".join(_words(inline.children or ())))


def _words(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("text", "code_inline"):
            yield token.content
        elif token.type == "image":
            yield "".join(_words(token.children or ())) or token.content
        elif token.type in ("softbreak", "hardbreak"):
            yield " "


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _parts(tokens: Sequence[Token], index: int, kind: BlockKind) -> Iterator[tuple[BlockKind, int, int]]:
    """Yield (kind, first line, last line) of a block; code and tables inside a list or quote stand alone."""
    token = tokens[index]
    assert token.map is not None
    first, last = token.map
    if token.nesting == 1 and token.type not in _WHOLE and kind != "heading":
        for inner in _inside(tokens, index):
            if inner.type in _WHOLE and inner.map is not None and inner.map[0] >= first:
                if inner.map[0] > first:
                    yield kind, first, inner.map[0]
                yield _KINDS[inner.type], inner.map[0], inner.map[1]
                first = inner.map[1]
    if last > first:
        yield kind, first, last


def _inside(tokens: Sequence[Token], index: int) -> Iterator[Token]:
    for token in tokens[index + 1 :]:
        if token.level <= tokens[index].level:
            return
        yield token
