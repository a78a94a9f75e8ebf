"""Which pieces of a passage may be quoted: whole sentences, list items and code blocks, free of Markdown noise."""

import re
from collections.abc import Iterator

from ingestion.sentences import Span, split_sentences

_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[^\n]*\n.*?(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_BLOCK_MARKS = re.compile(
    r"(?:&[en]msp;|&nbsp;|\u3000)+|(?:[ \t]*(?:[-*+•]|\d{1,3}[.)、]|>)[ \t]+|[ \t]*>)+(?:\[[ xX]\][ \t]+)?"
)
_NOISE_LINE = re.compile(
    r"[ \t]*(?:#{1,6}(?:[ \t]|$)"  # heading
    r"|\|?[ \t]*:?-{2,}:?[ \t]*(?:\||$)"  # table rule, horizontal rule, setext underline
    r"|(?:[*_=][ \t]*){3,}$"
    r"|\[[^\]]+\]:[ \t]*\S+"  # link definition
    r"|<!--|</?(?:div|p|table|tr|td|th|thead|tbody|img|br|hr|center|h[1-6]|a|ul|ol|li|details|summary|span|font|b)\b)",
    re.IGNORECASE,
)
_ITEM = re.compile(r"[ \t]*(?:[-*+•](?!\S*\*\S*$)|\d{1,3}[.)、]|[（(][\d一二三四五六七八九十]{1,3}[)）])[ \t]*\S")
#: A line of a list or a table that a sentence announces.
_ANNOUNCED = re.compile(rf"{_ITEM.pattern}|[ \t]*\|")
_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]")
_CONTINUED = re.compile(r"\n[ \t]{2,}$")
_LEAST_ITEMS = 2
#: A shorter line was not broken for its width.
_WRAPPED_LINE_CHARS = 40
_EMPHASIS = ("**", "__", "*", "_", "`")
_LONGEST_LIST_CHARS = 600
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_MARKUP = re.compile(r"\]\([^)]*\)|https?://\S+|<[^>\n]+>|[^\w]+")
_LONGEST_CODE_CHARS = 800
_LEAST_LETTERS = 2
_TABLE_RULE = re.compile(r"[ \t]*(?=[^\n]*\|)\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$", re.MULTILINE)
_UNDERLINE = re.compile(r"[ \t]*(?:={2,}|-{2,})[ \t]*$", re.MULTILINE)
_BOLD_LINE = re.compile(r"[ \t]*(\*\*|__)(?:(?!\1).)+\1[:：]?[ \t]*$")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_CELL_MARKUP = re.compile(r"[*_`\[]|\](?:\([^)]*\))?")
_ADDRESS = re.compile(r"\]\([^)]*\)|https?://[^\s)\]，。）]+")
#: Asks the reader to do something about the publisher, and says nothing about the subject.
_CALL_TO_ACTION = re.compile(
    r"扫.{0,8}二维码|关注.{0,6}(?:公众号|我们)|回复关键[词字]|(?:加入|进入).{0,12}(?:交流|读者|微信|QQ)群|点个?赞|欢迎(?:star|点赞|关注)"
    r"|\b(?:subscribe to|follow us|sign up for|join our|scan the (?:qr )?code|give (?:us|it|this) a star)\b",
    re.IGNORECASE,
)
SENTENCE_ENDS = tuple("。！？；.!?;…")


def quotable_spans(text: str) -> list[Span]:
    """Return the spans of ``text`` that can be quoted on their own, in order.

    A sentence that ends in a colon takes the list or the table it announces along.
    """
    spans: list[Span] = []
    position = 0
    for fence in _FENCE.finditer(text):
        spans += _prose_spans(text, position, fence.start())
        if len(fence.group()) <= _LONGEST_CODE_CHARS:
            spans.append((fence.start(), len(text[: fence.end()].rstrip())))
        position = fence.end()
    spans += _prose_spans(text, position, len(text))
    return spans


def lists_under_headings(text: str) -> list[tuple[str, Span]]:
    """Return the lists and tables of ``text`` right below a heading, each with the words of that heading."""
    found: list[tuple[str, Span]] = []
    heading, position = "", 0
    for line in text.splitlines(keepends=True):
        if heading and _ANNOUNCED.match(line):
            end = _list_end(text, position, len(text))
            if is_list(text[position:end]):
                found.append((heading, (position, end)))
        if line.strip():
            heading = line.strip("# \t\n") if _HEADING.match(line) else ""
        position += len(line)
    return found


def is_list(text: str) -> bool:
    """Whether a piece holds two items of a list, or a table, or more."""
    return sum(_ANNOUNCED.match(line) is not None for line in text.splitlines()) >= _LEAST_ITEMS


def without_addresses(text: str) -> str:
    """Return ``text`` without the targets of its links and without bare addresses, whose words say nothing."""
    return _ADDRESS.sub(" ", text)


def is_call_to_action(text: str) -> bool:
    """Whether a piece asks to follow, join or scan something, as repositories and articles do at their end."""
    return _CALL_TO_ACTION.search(text) is not None


def is_whole(text: str) -> bool:
    """Whether a piece ends like a sentence, or is one that announces the list it holds."""
    first, _, following = text.partition("\n")
    if following and first.rstrip().endswith((":", "：")):
        return True
    return text.rstrip("”’」』）)]*_`\"'")[-1:] in SENTENCE_ENDS


def is_table_row(text: str) -> bool:
    """Whether a quotable piece is a row of a Markdown table, which reads badly on its own."""
    return text.startswith("|")


def table_header(text: str, row_start: int) -> str:
    """Return the header line and the rule above the table row at ``row_start``; empty when ``text`` has none."""
    lines = text[:row_start].splitlines()
    if lines and not lines[-1].strip():
        lines.pop()  # the row's own indentation
    for position in range(len(lines) - 1, 0, -1):
        if _TABLE_RULE.match(lines[position]):
            return f"{lines[position - 1].strip()}\n{lines[position].strip()}"
        if not is_table_row(lines[position].strip()):
            break
    return ""


def table_cells(row: str) -> list[str]:
    """Return the texts of a row's cells without emphasis and link targets."""
    return [_CELL_MARKUP.sub("", cell).strip() for cell in _CELL_BORDER.split(row.strip().strip("|"))]


def _prose_spans(text: str, start: int, end: int) -> Iterator[Span]:
    for first, last in _unwrapped(
        text, [(one + start, other + start) for one, other in split_sentences(text[start:end])]
    ):
        line = text[text.rfind("\n", 0, first) + 1 : last]
        if is_table_row(line.lstrip()):
            # A row is quoted whole, whatever sentences its cells hold.
            if not is_table_row(text[first:last]):
                continue
            last = first + len(text[first:end].partition("\n")[0].rstrip())
        if _NOISE_LINE.match(line) or _is_header(text, line, last):
            continue
        marks = _BLOCK_MARKS.match(text, first, last)
        first, last = _balanced(text, marks.end() if marks is not None else first, last)
        if text[last - 1 : last] in (":", "："):
            last = _list_end(text, last, end)
        if len(_MARKUP.sub("", _IMAGE.sub("", text[first:last]))) >= _LEAST_LETTERS:
            yield first, last


def _unwrapped(text: str, spans: list[Span]) -> list[Span]:
    """Join what a list item goes on with on an indented line, where the line before it does not end a sentence."""
    joined: list[Span] = []
    for first, last in spans:
        before = joined[-1] if joined else (0, 0)
        is_continued = (
            _CONTINUED.fullmatch(text, before[1], first)
            and not text[first:last].startswith(("|", "#", ">", "`", "~"))
            and not _ITEM.match(text, first)
            and text[before[1] - 1] not in (*SENTENCE_ENDS, ":", "：", "|", "`")
            and before[1] - text.rfind("\n", 0, before[1]) > _WRAPPED_LINE_CHARS
        )
        if is_continued:
            joined[-1] = (before[0], last)
        else:
            joined.append((first, last))
    return joined


def _is_header(text: str, line: str, last: int) -> bool:
    """Whether the line is the header of a table, or a heading by its underline or by being all bold."""
    following = text.find("\n", last) + 1
    if following and _TABLE_RULE.match(text, following):
        return True
    if line.rstrip("*_ \t").endswith(SENTENCE_ENDS):
        return False
    return bool(_BOLD_LINE.match(line) or (following and _UNDERLINE.match(text, following)))


def _balanced(text: str, first: int, last: int) -> Span:
    """Leave out emphasis marks at either end whose partner is outside the span."""
    for mark in _EMPHASIS:
        if text.count(mark, first, last) % 2:
            if text.startswith(mark, first):
                first += len(mark)
            elif text.endswith(mark, first, last):
                last -= len(mark)
    return first, last


def _list_end(text: str, last: int, end: int) -> int:
    """Return where the list or table from ``last`` on ends; ``last`` if none begins there or it is too long."""
    position = found = last
    for line in text[last:end].splitlines(keepends=True):
        position += len(line)
        is_more = found > last and line[:1] in (" ", "\t")  # an item goes on
        if _ANNOUNCED.match(line) or (is_more and line.strip()):
            found = last + len(text[last:position].rstrip())
        elif line.strip():
            break
    return found if found - last <= _LONGEST_LIST_CHARS else last
