"""A document cut into passages: by structure first (heading, paragraph, sentence), then by size."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ingestion.models import Block, BlockKind, Chunk, ChunkOptions, Document
from ingestion.search_text import markdown_search_text, plain_search_text
from ingestion.sentences import Span, count_units, split_sentences

#: Raised whenever the same document is cut differently, so that bases can be re-indexed.
CHUNKING_VERSION = 1

# Found best on CMRC, DRCD and SQuAD (see docs/architecture.md): slack, shortest tail, longest sentence.
_SLACK = 1.1
_TAIL_SHARE = 0.35
_TINY_SHARE = 0.15
#: Of a chunk: headings beyond it are an outline, and stay where they stand.
_MOST_CARRIED_SHARE = 0.5
_LONG_SENTENCE_SHARE = 1.5
_WHOLE_TIMES = 3

_COMMAS = re.compile(r"[，、：,;:]\s*|\s+")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_NEWLINE = re.compile(r"\n")
_WORD = re.compile(r"\w")


class _Piece(NamedTuple):
    """A sentence, heading or whole block: the smallest part that chunks are made of."""

    start: int
    end: int
    units: float
    kind: BlockKind
    heading: tuple[str, ...]


@dataclass(slots=True)
class _Draft:
    """A chunk being filled: pieces taken over from the one before, then its own."""

    overlap: list[_Piece]
    own: list[_Piece]
    own_units: float = 0.0

    @property
    def units(self) -> float:
        return self.own_units + sum(piece.units for piece in self.overlap)

    def add(self, piece: _Piece) -> None:
        self.own.append(piece)
        self.own_units += piece.units


def chunk(document: Document, options: ChunkOptions | None = None) -> tuple[Chunk, ...]:
    """Return the passages of the document, in order; those without a single word are left out.

    Every chunk satisfies ``chunk.text == document.text[chunk.start : chunk.end]``. Code and tables stay whole
    up to three times the size; neighbouring chunks of one section share whole sentences.
    """
    options = options or ChunkOptions()
    drafts: list[_Draft] = []
    for run in _runs(document, options):
        drafts += _fill(run, options)
    cutter = _Cutter(document)
    made = [cutter.chunk(draft) for draft in drafts]
    worded = [passage for passage in made if _WORD.search(passage.search_text)]
    if not worded and document.media_type == "application/pdf":
        # A page of nothing but symbols is still what its reader sees.
        worded = [passage for passage in made if passage.search_text]
    return tuple(replace(passage, index=index) for index, passage in enumerate(worded))


def _runs(document: Document, options: ChunkOptions) -> Iterator[list[_Piece]]:
    """Yield the pieces between two tables of contents: no chunk reaches across one."""
    run: list[_Piece] = []
    for block in document.blocks:
        if block.kind != "toc":
            run += _pieces(document.text, block, options)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _pieces(text: str, block: Block, options: ChunkOptions) -> Iterator[_Piece]:
    if block.kind == "heading":
        spans = [(block.start, block.end)]
    elif block.kind in ("code", "table"):
        limit: float = options.size_units * _WHOLE_TIMES
        separator = _BLANK_LINE if block.kind == "code" else _NEWLINE
        spans = _split_block(text, (block.start, block.end), limit, options.size_units, separator)
    else:
        limit = options.size_units * _LONG_SENTENCE_SHARE
        source = text[block.start : block.end]
        sentences = [(block.start + a, block.start + b) for a, b in split_sentences(source)]
        spans = [part for span in sentences for part in _split_block(text, span, limit, options.size_units, _COMMAS)]
    for start, end in spans:
        if start < end:
            yield _Piece(start, end, count_units(text[start:end]), block.kind, block.heading)


def _split_block(text: str, span: Span, limit: float, size: float, separator: re.Pattern[str]) -> list[Span]:
    """Return the span whole if it is within the limit, else in parts of about ``size`` units.

    It is cut after a separator where there is one in reach, else after a line, else anywhere.
    """
    start, end = span
    if not _is_longer(text, span, limit):
        return [span]
    parts: list[Span] = []
    while _is_longer(text, (start, end), size * _SLACK):
        cut = _cut(text, start, end, size, separator)
        parts.append((start, cut))
        start = cut
    parts.append((start, end))
    return [trimmed for part in parts if (trimmed := _trim(text, part))[0] < trimmed[1]]


def _is_longer(text: str, span: Span, units: float) -> bool:
    # A character is at least half a unit; very long spans need not be counted again for every cut.
    return (span[1] - span[0]) / 2 > units or count_units(text[span[0] : span[1]]) > units


def _cut(text: str, start: int, end: int, size: float, separator: re.Pattern[str]) -> int:
    """Return where to cut: the last separator within ``size`` units of ``start``."""
    reach = min(end, start + int(size * 2))
    while reach > start + 1 and count_units(text[start:reach]) > size:
        reach = start + max(1, int((reach - start) * size / count_units(text[start:reach])))
    least = start + (reach - start) // 3
    for pattern in (separator, _NEWLINE):
        ends = [match.end() for match in pattern.finditer(text, least, reach)]
        if ends:
            return ends[-1]
    return reach


def _trim(text: str, span: Span) -> Span:
    start, end = span
    while end > start and text[end - 1].isspace():
        end -= 1
    # Indentation stays: it is part of code.
    while start < end and text[start] == "\n":
        start += 1
    return start, end


def _fill(pieces: Sequence[_Piece], options: ChunkOptions) -> list[_Draft]:
    """Return the pieces gathered into chunks of the wanted size."""
    drafts = [_Draft([], [])]
    for index, piece in enumerate(pieces):
        current = drafts[-1]
        starts_section = piece.kind == "heading" and _closes_at(current, piece, options)
        following = pieces[index + 1] if index + 1 < len(pieces) else None
        is_full = current.own and _is_full(current, piece, following, options)
        if starts_section:
            drafts.append(_Draft([], []))
        elif is_full:
            carried = _pop_headings(current, options)
            overlap = [] if carried or piece.kind == "heading" else _overlap(current, piece, options)
            drafts.append(_Draft(overlap, carried, sum(heading.units for heading in carried)))
        drafts[-1].add(piece)
    return _join_tails([draft for draft in drafts if draft.own], options)


def _closes_at(current: _Draft, heading: _Piece, options: ChunkOptions) -> bool:
    """Whether a new section starts a new chunk: not after a mere heading, nor after very little text."""
    if not current.own or all(piece.kind == "heading" for piece in current.own):
        return False
    is_top = current.own[-1].heading[:1] != heading.heading[:1]
    return current.own_units >= options.size_units * (_TINY_SHARE if is_top else _TAIL_SHARE)


def _is_full(current: _Draft, piece: _Piece, following: _Piece | None, options: ChunkOptions) -> bool:
    units = piece.units
    if piece.kind == "heading" and following is not None:
        units += following.units
    return current.units + units > options.size_units * _SLACK


def _pop_headings(draft: _Draft, options: ChunkOptions) -> list[_Piece]:
    """Take the headings off the end of a full chunk: they belong to what follows. An outline of headings does not."""
    first = len(draft.own)
    while first and draft.own[first - 1].kind == "heading":
        first -= 1
    carried = draft.own[first:]
    units = sum(heading.units for heading in carried)
    if units > options.size_units * _MOST_CARRIED_SHARE:
        return []
    del draft.own[first:]
    draft.own_units -= units
    return carried


def _overlap(previous: _Draft, piece: _Piece, options: ChunkOptions) -> list[_Piece]:
    """Return the last sentences of the previous chunk that fit the overlap, from the same section only."""
    taken: list[_Piece] = []
    units = 0.0
    for candidate in reversed(previous.own):
        units += candidate.units
        is_text = candidate.kind in ("paragraph", "list")
        if not is_text or candidate.heading != piece.heading or units > options.overlap_units:
            break
        taken.insert(0, candidate)
    return taken if len(taken) < len(previous.own) else taken[1:]


def _join_tails(drafts: list[_Draft], options: ChunkOptions) -> list[_Draft]:
    """Return the chunks with a short last one of a section joined to the one before."""
    joined: list[_Draft] = []
    for draft in drafts:
        previous = joined[-1] if joined else None
        is_tail = draft.own_units < options.size_units * _TAIL_SHARE
        if previous is not None and is_tail and previous.own[-1].heading == draft.own[0].heading:
            previous.own += draft.own
            previous.own_units += draft.own_units
        else:
            joined.append(draft)
    return joined


class _Cutter:
    """Makes the chunks of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._block_starts = [block.start for block in document.blocks]
        self._page_starts = [page.start for page in document.pages]
        is_markdown = document.media_type == "text/markdown"
        self._search_text = markdown_search_text if is_markdown else plain_search_text

    def chunk(self, draft: _Draft) -> Chunk:
        document = self._document
        start = (draft.overlap or draft.own)[0].start
        end = draft.own[-1].end
        first = max(0, bisect_right(self._block_starts, start) - 1)
        blocks = document.blocks[first : bisect_left(self._block_starts, end)]
        page = bisect_right(self._page_starts, start) - 1
        return Chunk(
            index=0,
            text=document.text[start:end],
            search_text=self._search_text(document.text, blocks, start, end),
            start=start,
            end=end,
            page=document.pages[page].number if page >= 0 else None,
            heading=_heading(draft),
        )


def _heading(draft: _Draft) -> tuple[str, ...]:
    """Return the path of the chunk's first text; of its last heading where it has no text."""
    for piece in draft.own:
        if piece.kind != "heading":
            return piece.heading
    return draft.own[-1].heading
