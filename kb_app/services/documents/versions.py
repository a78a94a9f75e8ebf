"""The versions a base records, so that it knows when it must be re-indexed."""

from ingestion.analyzer import ANALYZER_VERSION
from ingestion.chunk import CHUNKING_VERSION
from kb_app.errors import ReindexNeededError
from kb_app.models import KnowledgeBase


def base_versions() -> dict[str, int]:
    """Return the columns of a base that is indexed by this version of the app."""
    return {"analyzer_version": ANALYZER_VERSION, "chunking_version": CHUNKING_VERSION}


def is_outdated(base: KnowledgeBase) -> bool:
    """Whether the base was indexed by another analyzer or chunker than this version has."""
    return (base.analyzer_version, base.chunking_version) != (ANALYZER_VERSION, CHUNKING_VERSION)


def require_current(base: KnowledgeBase, dimension: int | None = None) -> None:
    """Refuse further documents for a base whose index they would not fit; an empty base fits everything.

    Args:
        base: As it was indexed.
        dimension: Length of the vectors that its embedder gives now; None where that is not known yet.

    Raises:
        ReindexNeededError: the versions or the dimension differ.
    """
    require_searchable(base, dimension)
    if base.chunk_count and is_outdated(base):
        raise _refusal(base)


def require_searchable(base: KnowledgeBase, dimension: int | None = None) -> None:
    """Refuse questions whose vector cannot match those that were indexed.

    An index of another analyzer or chunker is searched as it is while it is made anew: most terms are the same.

    Raises:
        ReindexNeededError: the dimension differs.
    """
    if base.chunk_count and dimension not in (None, base.dimension):
        raise _refusal(base)


def _refusal(base: KnowledgeBase) -> ReindexNeededError:
    return ReindexNeededError(f"base {base.id} was indexed by another version or embedder", name=base.name)
