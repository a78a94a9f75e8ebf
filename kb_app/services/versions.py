"""The versions a base records, so that it knows when it must be re-indexed."""

from ingestion.chunk import CHUNKING_VERSION

from ingestion.analyzer import ANALYZER_VERSION
from kb_app.models import KnowledgeBase


def base_versions() -> dict[str, int]:
    """Return the columns of a base that is indexed by this version of the app."""
    return {"analyzer_version": ANALYZER_VERSION, "chunking_version": CHUNKING_VERSION}


def is_outdated(base: KnowledgeBase) -> bool:
    """Whether the base was indexed by another analyzer or chunker than this version has."""
    return (base.analyzer_version, base.chunking_version) != (ANALYZER_VERSION, CHUNKING_VERSION)
