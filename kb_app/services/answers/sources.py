"""Hits of a search as the numbered sources of an answer."""

from kb_app.models import Retrieval, Source


def sources_of(retrieval: Retrieval) -> tuple[Source, ...]:
    """Return the hits as numbered sources, best first."""
    return tuple(
        Source(
            marker=marker,
            base_id=hit.chunk.base_id,
            document_id=hit.chunk.document_id,
            document=hit.chunk.document_name,
            title=hit.chunk.title,
            chunk_id=hit.chunk.id,
            text=hit.chunk.text,
            score=hit.score,
            page=hit.chunk.page,
            heading=hit.chunk.heading,
            start=hit.chunk.start,
            end=hit.chunk.end,
        )
        for marker, hit in enumerate(retrieval.hits, start=1)
    )
