"""What of a passage is embedded and indexed: its words, without markup."""

import html
import re
from collections.abc import Sequence

from ingestion.models import Block

_IMAGE = re.compile(r"!\[([^\]\n]*)\](?:\((?:[^()\n]|\([^()\n]*\))*\)|\[[^\]\n]*\])")
_LINK = re.compile(r"\[([^\[\]\n]+)\](?:\((?:[^()\n]|\([^()\n]*\))*\)|\[[^\]\n]*\])")
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]+\]:[ \t]*\S+.*$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_DATA_URI = re.compile(r"data:[\w.+-]+/[\w.+-]+[;,][^\s)\"'>]*")
_MARKS = re.compile(r"^[ \t]{0,3}(?:#{1,6}[ \t]+|>[ \t]?)|[ \t]+#+[ \t]*$|\*\*|__|~~", re.MULTILINE)
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])")
_TABLE_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r"\A[ \t]*(?:`{3,}|~{3,})[^\n]*\n|\n[ \t]*(?:`{3,}|~{3,})[ \t]*\Z")
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_BLANKS = re.compile(r"[ \t]{2,}")
_BLANK_LINES = re.compile(r"\n\s*\n+")


def markdown_search_text(text: str, blocks: Sequence[Block], start: int, end: int) -> str:
    """Return the words of ``text[start:end]``: alt texts, link texts, code as it stands, table cells.

    ``blocks`` are those that overlap the span, in order.
    """
    parts = []
    for block in blocks:
        source = text[max(start, block.start) : min(end, block.end)]
        if block.kind == "code":
            parts.append(_FENCE.sub("", source).strip("\n"))
        elif block.kind == "table":
            parts.append(_table_words(source))
        elif block.kind != "toc":
            parts.append(_words(source))
    return _BLANK_LINES.sub("\n", "\n".join(part for part in parts if part.strip())).strip()


def _words(source: str) -> str:
    """Return the words of running text; what stands in a code span is kept as it is."""
    parts: list[str] = []
    at = 0
    for match in _CODE_SPAN.finditer(source):
        parts += [_plain(source[at : match.start()]), match.group(2).strip()]
        at = match.end()
    parts.append(_plain(source[at:]))
    return _BLANKS.sub(" ", "".join(parts)).strip()


def _plain(source: str) -> str:
    text = _DATA_URI.sub("", _COMMENT.sub("", source))
    text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", text))
    text = _TAG.sub(" ", _DEFINITION.sub("", text))
    return html.unescape(_EMPHASIS.sub(r"\1", _MARKS.sub("", text)))


def _table_words(source: str) -> str:
    rows = _words(_TABLE_RULE.sub("", source)).split("\n")
    return "\n".join(" ".join(row.replace("|", " ").split()) for row in rows)


def plain_search_text(text: str, blocks: Sequence[Block], start: int, end: int) -> str:
    """Return ``text[start:end]`` without tables of contents."""
    parts = [text[max(start, b.start) : min(end, b.end)] for b in blocks if b.kind != "toc"]
    return "\n".join(part for part in parts if part.strip()).strip()
