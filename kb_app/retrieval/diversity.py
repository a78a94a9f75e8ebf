"""One document does not fill the list where others are nearly as good."""

from collections import Counter
from collections.abc import Sequence

from kb_app.models import Hit

#: From this share of the list on, a document's next passage waits for those of others...
_FILLED = 0.5
#: ...that score at least this share of it.
_NEARLY = 0.9


def spread(hits: list[Hit], per_document: int) -> list[Hit]:
    """Return ``hits`` with at most ``per_document`` of each document; 0 keeps all."""
    if not per_document:
        return hits
    seen: Counter[str] = Counter()
    kept = []
    for hit in hits:
        seen[hit.chunk.document_id] += 1
        if seen[hit.chunk.document_id] <= per_document:
            kept.append(hit)
    return kept


def diversified(hits: Sequence[Hit], top_k: int) -> list[Hit]:
    """Return the best ``top_k``; a document that has half of them lets passages that are nearly as good go first."""
    most = max(2, int(top_k * _FILLED))
    seen: Counter[str] = Counter()
    waiting = list(hits)
    kept: list[Hit] = []
    while waiting and len(kept) < top_k:
        best = waiting[0]
        if seen[best.chunk.document_id] >= most:
            rivals = (hit for hit in waiting if seen[hit.chunk.document_id] < most)
            best = next((hit for hit in rivals if hit.score >= _NEARLY * best.score), best)
        waiting.remove(best)
        seen[best.chunk.document_id] += 1
        kept.append(best)
    return kept
