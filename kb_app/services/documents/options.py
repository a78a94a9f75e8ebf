"""How a base's documents are read: passage sizes and cleaning rules, and whether a document was read that way."""

from dataclasses import fields

from ingestion.load import LOADER_VERSION
from ingestion.models import ChunkOptions, CleanRules, ReadingMethod, ReadOptions
from kb_app.errors import ChunkOverlapError, ChunkSizeError
from kb_app.models import DocumentRecord, KnowledgeBase

SIZE_RANGE = (100, 2000)


def rule_names() -> tuple[str, ...]:
    """Return the names of the cleaning rules that can be switched off."""
    return tuple(field.name for field in fields(CleanRules))


def read_options(
    base: KnowledgeBase, *, password: str | None = None, method: ReadingMethod = "standard"
) -> ReadOptions:
    """Return how files of the base are read: its passage sizes and cleaning rules."""
    return ReadOptions(
        chunking=ChunkOptions(size_units=base.chunk_size_units, overlap_units=base.chunk_overlap_units),
        rules=CleanRules(**{name: name not in base.rules_off for name in rule_names()}),
        password=password,
        method=method,
    )


def prepared_with(base: KnowledgeBase) -> str:
    """Return the base's options in one line, to be compared with what a document was read with."""
    return f"{base.chunk_size_units}/{base.chunk_overlap_units}/{','.join(sorted(base.rules_off))}"


def is_read_otherwise(document: DocumentRecord, base: KnowledgeBase) -> bool:
    """Whether a document was read with other options than its base has now, or by older loaders than this version's."""
    return document.prepared_with != prepared_with(base) or document.loader_version < LOADER_VERSION


def check_sizes(size_units: int, overlap_units: int) -> None:
    """Refuse sizes that make no sense. Raises ChunkSizeError, ChunkOverlapError."""
    low, high = SIZE_RANGE
    if not low <= size_units <= high:
        raise ChunkSizeError(str(size_units), low=low, high=high)
    if not 0 <= overlap_units <= size_units // 2:
        raise ChunkOverlapError(str(overlap_units), high=size_units // 2)
