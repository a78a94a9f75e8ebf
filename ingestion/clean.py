"""Loaded text to a clean document: one text, with its pages and structural blocks as spans of it.

PDF text is repaired by the rules of ``ingestion.pdf_rules``. Markdown and plain text only get the rules of
``ingestion.characters``, which cannot harm code or tables.
"""

import re
from collections.abc import Sequence

from ingestion.characters import drop_invisible, fold_compatibility, normalise_newlines
from ingestion.markdown_blocks import markdown_blocks
from ingestion.models import Block, BlockKind, CleanRules, Document, LoadedDocument, PageSpan
from ingestion.pdf_headings import mark_headings
from ingestion.pdf_rules import (
    Line,
    close_spaced_han,
    collapse_stacks,
    drop_furniture,
    is_toc,
    join_lines,
    rejoin_hyphens,
    strip_leaders,
)
from ingestion.source_blocks import SOURCE_MEDIA_TYPES, source_blocks

_PARAGRAPH = re.compile(r"\S(?:.*\S)?(?:[ \t]*\n[ \t]*\S(?:.*\S)?)*")

_LONGEST_TITLE_CHARS = 60


def clean(loaded: LoadedDocument, rules: CleanRules | None = None) -> Document:
    """Return the document as it is shown, cited and chunked."""
    rules = rules or CleanRules()
    if loaded.media_type == "application/pdf":
        return _clean_pdf(loaded, rules)
    if loaded.blocks:
        return _clean_blocks(loaded, rules)
    text = _clean_characters("\n".join(page.text for page in loaded.pages), rules).replace("\x02", "")
    blocks = _structure(text, loaded.media_type)
    return Document(
        name=loaded.name,
        media_type=loaded.media_type,
        text=text,
        title=loaded.title or _title_of(text, loaded.media_type, blocks),
        blocks=blocks,
    )


def _title_of(text: str, media_type: str, blocks: Sequence[Block]) -> str:
    if media_type in SOURCE_MEDIA_TYPES:
        return ""
    return _opening_line(text) if media_type == "text/plain" else _first_title(blocks)


def _structure(text: str, media_type: str) -> tuple[Block, ...]:
    if media_type == "text/markdown":
        return markdown_blocks(text)
    return source_blocks(text, media_type) if media_type in SOURCE_MEDIA_TYPES else _paragraphs(text)


def _clean_blocks(loaded: LoadedDocument, rules: CleanRules) -> Document:
    """Return the document whose structure its loader knows: its blocks with a blank line between two."""
    parts: list[str] = []
    blocks: list[Block] = []
    starts: dict[int, int] = {}
    offset = 0
    for block in loaded.blocks:
        text = _clean_characters(block.text, rules).replace("\x02", "").rstrip()
        if not text.strip():
            continue
        blocks.append(Block(kind=block.kind, start=offset, end=offset + len(text), heading=block.heading))
        if block.page is not None:
            starts.setdefault(block.page, offset)
        parts.append(text)
        offset += len(text) + 2
    text = "\n\n".join(parts)
    return Document(
        name=loaded.name,
        media_type=loaded.media_type,
        text=text,
        title=loaded.title,
        pages=_page_spans(starts, sorted(starts), len(text)),
        blocks=tuple(blocks),
    )


def _first_title(blocks: Sequence[Block]) -> str:
    """Return the document's own title: its first heading if nothing but headings stands before it."""
    return blocks[0].heading[0] if blocks and blocks[0].kind == "heading" else ""


def _opening_line(text: str) -> str:
    """Return the first line of a plain text if it looks like a title: short, alone, no sentence, text below."""
    line, _, rest = text.lstrip("\n").partition("\n")
    is_title = 0 < len(line.strip()) <= _LONGEST_TITLE_CHARS and rest.startswith("\n") and rest.strip() != ""
    return line.strip() if is_title and line.rstrip()[-1] not in "。！？；，：.!?;,:" else ""


def _clean_characters(text: str, rules: CleanRules) -> str:
    text = normalise_newlines(text)
    if rules.drop_invisible:
        text = drop_invisible(text)
    return fold_compatibility(text) if rules.fold_compatibility else text


def _paragraphs(text: str) -> tuple[Block, ...]:
    found = _PARAGRAPH.finditer(text)
    return tuple(Block(kind="paragraph", start=match.start(), end=match.end()) for match in found)


def _clean_pdf(loaded: LoadedDocument, rules: CleanRules) -> Document:
    texts = [normalise_newlines(page.text) for page in loaded.pages]
    if rules.rejoin_hyphens:
        texts = rejoin_hyphens(texts)
    pages = [_lines(_clean_characters(text, rules)) for text in texts]
    if rules.drop_furniture:
        pages = drop_furniture(pages)
    lines = _page_lines(pages, rules)
    lines = mark_headings(lines, loaded.outline)
    if rules.join_lines:
        lines = join_lines(lines)
    if rules.collapse_stacks:
        lines = collapse_stacks(lines)
    return _assemble(loaded, lines)


def _lines(text: str) -> list[str]:
    return [line for raw in text.split("\n") if (line := raw.strip())]


def _page_lines(pages: Sequence[list[str]], rules: CleanRules) -> list[Line]:
    lines: list[Line] = []
    for number, page in enumerate(pages, 1):
        is_contents = rules.mark_contents and is_toc(page)
        if is_contents:
            page = [strip_leaders(text) for text in page]
        if rules.close_spaced_han and page:
            page = close_spaced_han(page)
        lines += [Line(text=text, page=number, is_toc=is_contents) for text in page]
    return lines


def _assemble(loaded: LoadedDocument, lines: Sequence[Line]) -> Document:
    """Return the document of these lines, with page spans and blocks as offsets of its text."""
    parts: list[str] = []
    starts: dict[int, int] = {}
    blocks: list[Block] = []
    offset = 0
    path: tuple[str, ...] = ()
    for line in lines:
        for at, page in ((0, line.page), *line.page_starts):
            starts.setdefault(page, offset + at)
        path = line.heading if line.heading is not None else path
        _add_block(blocks, line, offset, path)
        if line.text:
            parts.append(line.text)
            offset += len(line.text) + 1
    text = "\n".join(parts)
    return Document(
        name=loaded.name,
        media_type=loaded.media_type,
        text=text,
        title=loaded.title,
        pages=_page_spans(starts, [page.number or 0 for page in loaded.pages], len(text)),
        blocks=tuple(blocks),
    )


def _add_block(blocks: list[Block], line: Line, offset: int, path: tuple[str, ...]) -> None:
    """Append the line as a block, or lengthen the last one if the line goes on with it."""
    end = offset + len(line.text)
    if line.heading is not None:
        blocks.append(Block(kind="heading", start=offset, end=end, heading=path))
        return
    kind: BlockKind = "toc" if line.is_toc else "paragraph"
    if blocks and blocks[-1].kind == kind:
        blocks[-1] = Block(kind=kind, start=blocks[-1].start, end=end, heading=path)
    else:
        blocks.append(Block(kind=kind, start=offset, end=end, heading=path))


def _page_spans(starts: dict[int, int], numbers: Sequence[int], end: int) -> tuple[PageSpan, ...]:
    """Return a span per page in order; pages without text are empty spans."""
    spans: list[PageSpan] = []
    following = end
    for number in reversed(numbers):
        start = min(starts.get(number, following), following)
        spans.append(PageSpan(number=number, start=start, end=following))
        following = start
    return tuple(reversed(spans))
