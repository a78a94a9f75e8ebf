"""Plain data of the ingestion steps. No behaviour beyond small derived values."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

#: Called with (stage, done, total); stage is "load", "clean", "chunk", "embed" or "store", total 0 when unknown.
Progress = Callable[[str, int, int], None]

ReadingMethod = Literal["standard", "pypdf", "ocr"]
BlockKind = Literal["heading", "paragraph", "list", "code", "table", "toc"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineEntry:
    """One bookmark of a PDF: ``level`` starts at 1, ``page`` is 1-based."""

    level: int
    title: str
    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPage:
    """One page as its loader read it; ``number`` is 1-based, None where a format has no pages."""

    number: int | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedBlock:
    """One structural unit as its format states it; ``heading`` and ``page`` are those of ``Block``."""

    kind: BlockKind
    text: str
    heading: tuple[str, ...] = ()
    page: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedDocument:
    """What a loader returns: text as read, before any cleaning.

    The text is in ``pages``, or in ``blocks`` where the format states its own structure (Word, HTML, tables...).
    ``media_type`` decides which cleaning applies to pages. ``unreadable_pages`` are 1-based page numbers whose
    text layer failed the quality gate; a document with some of them is "partial".
    ``warnings`` are machine codes such as ``repaired`` or ``encoding_uncertain``.
    """

    name: str
    media_type: str
    pages: tuple[LoadedPage, ...] = ()
    blocks: tuple[LoadedBlock, ...] = ()
    title: str = ""
    outline: tuple[OutlineEntry, ...] = ()
    unreadable_pages: tuple[int, ...] = ()
    encoding: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def char_count(self) -> int:
        """Number of extracted characters before cleaning."""
        return sum(len(page.text) for page in self.pages) + sum(len(block.text) for block in self.blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSpan:
    """Where page ``number`` (1-based) stands in ``Document.text``: ``[start, end)`` in characters."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One structural unit of a document: ``[start, end)`` in ``Document.text``.

    ``heading`` is the path of titles above it, outermost first. A heading block's own title is the last
    part of its own path.
    """

    kind: BlockKind
    start: int
    end: int
    heading: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A cleaned document: one text as it is shown, with its pages and blocks as spans of that text."""

    name: str
    media_type: str
    text: str
    title: str = ""
    pages: tuple[PageSpan, ...] = ()
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A passage: ``text == document.text[start:end]`` always.

    ``search_text`` is what is embedded and indexed: the passage without markup noise, and without title
    or heading path, which the indexes hold as fields of their own; ``canonical`` is it, analysed
    (``ingestion.canonical``). ``page`` is the 1-based page of ``start``.
    """

    index: int
    text: str
    search_text: str
    start: int
    end: int
    page: int | None = None
    heading: tuple[str, ...] = ()
    canonical: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkOptions:
    """Sizes in units: one CJK character is 1 unit, any other character half a unit."""

    size_units: int = 300
    overlap_units: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLimits:
    """Bounds of one worker process reading one file.

    CPU time tells a heavy file from a busy machine. The wall clock is for what hangs without working, and the only
    bound in time where a system cannot limit CPU.
    """

    memory_bytes: int = 1_200_000_000
    cpu_s: int = 60
    wall_s: int = 600 if os.name == "posix" else 120
    max_pages: int = 5_000
    max_chars: int = 20_000_000
    max_bytes: int = 200_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanRules:
    """Which rules are applied; the first two to any text, the others to PDFs only."""

    drop_invisible: bool = True
    fold_compatibility: bool = True
    rejoin_hyphens: bool = True
    drop_furniture: bool = True
    mark_contents: bool = True
    close_spaced_han: bool = True
    join_lines: bool = True
    collapse_stacks: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How a file is read. ``pypdf`` leaves PDFium out; ``ocr`` recognises pages that have no readable text."""

    chunking: ChunkOptions = ChunkOptions()
    rules: CleanRules = CleanRules()
    limits: LoadLimits = LoadLimits()
    password: str | None = field(default=None, repr=False)
    method: ReadingMethod = "standard"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedDocument:
    """Result of load + clean + chunk for one file, ready to be embedded and stored."""

    loaded: LoadedDocument
    document: Document
    chunks: tuple[Chunk, ...]
