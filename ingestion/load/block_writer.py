"""Collects the blocks of a document whose format states its own structure."""

from collections.abc import Mapping
from typing import NamedTuple

from ingestion.errors import NoTextError, TooHeavyError
from ingestion.models import BlockKind, LoadedBlock, LoadedDocument, LoadLimits


class _Title(NamedTuple):
    level: int
    text: str


class BlockWriter:
    """Blocks in reading order, each with the path of the titles above it."""

    def __init__(self, limits: LoadLimits) -> None:
        """Start an empty document of at most ``limits.max_chars`` characters."""
        self.page: int | None = None
        self.blocks: list[LoadedBlock] = []
        self._titles: list[_Title] = []
        self._char_count = 0
        self._max_chars = limits.max_chars

    def heading(self, level: int, title: str) -> None:
        """Add a heading; ``level`` 1 is the outermost, and levels may be skipped."""
        title = " ".join(title.split())
        if not title:
            return
        while self._titles and self._titles[-1].level >= level:
            self._titles.pop()
        self._titles.append(_Title(level, title))
        self.add("heading", title)

    @property
    def first_heading(self) -> str:
        """The heading the document begins with, empty if it begins with text."""
        return self.blocks[0].text if self.blocks and self.blocks[0].kind == "heading" else ""

    def end_sections(self) -> None:
        """Let what follows stand under no heading."""
        self._titles.clear()

    def add(self, kind: BlockKind, text: str) -> None:
        """Add a block below the current headings, unless it is blank.

        Raises:
            TooHeavyError: the document is longer than the limit.
        """
        if not text.strip():
            return
        self._char_count += len(text)
        if self._char_count > self._max_chars:
            raise TooHeavyError(f"more than {self._max_chars} characters", limit="characters")
        path = tuple(title.text for title in self._titles)
        self.blocks.append(LoadedBlock(kind=kind, text=text, heading=path, page=self.page))

    def document(
        self,
        name: str,
        media_type: str,
        *,
        title: str = "",
        metadata: Mapping[str, str] | None = None,
        encoding: str | None = None,
        warnings: tuple[str, ...] = (),
    ) -> LoadedDocument:
        """Return what was written.

        Raises:
            NoTextError: nothing was.
        """
        if not self.blocks:
            raise NoTextError()
        return LoadedDocument(
            name=name,
            media_type=media_type,
            blocks=tuple(self.blocks),
            title=" ".join(title.split()),
            metadata={key: value for key, value in (metadata or {}).items() if value},
            encoding=encoding,
            warnings=warnings,
        )
