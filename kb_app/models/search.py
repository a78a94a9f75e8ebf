"""What a search is limited to, and what it finds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kb_app.models.base import ErrorInfo
from kb_app.models.library import CARD_INDEX, StoredChunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage found by a search.

    ``score`` orders the hits of one search, higher is better. It is the weighted sum of the lexical ``parts``, from 0
    to 1.64 with the weights as they are, up to 0.3 more by the embedder's vote, and 1 more under a heading that the
    question names; where a reranker was asked, its relevance in [0, 1]. How sure an answer is, says
    ``Retrieval.confidence``, not the score.
    """

    chunk: StoredChunk
    score: float
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilters:
    """Which documents a search is limited to; an empty field limits nothing.

    ``endings`` are file endings such as ``.pdf``; a document passes ``tags`` when it has one of them; ``added_from``
    (inclusive) and ``added_before`` (exclusive) are UTC times; ``per_document`` is how many passages one document may
    give, 0 for any number.
    """

    document_ids: frozenset[str] = frozenset()
    endings: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    added_from: str = ""
    added_before: str = ""
    per_document: int = 0

    @property
    def limits_documents(self) -> bool:
        """Whether any document may be left out."""
        facts = (self.document_ids, self.endings, self.media_types, self.tags, self.added_from, self.added_before)
        return any(facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """Outcome of a search, best hit first. ``confidence`` in [0, 1]; ``found`` says whether to answer at all.

    ``meant`` are (word, what was searched for as well) of misspelt words. ``problem`` says why a reranker was left out.
    """

    query: str
    hits: tuple[Hit, ...]
    confidence: float
    found: bool
    elapsed_s: float = 0.0
    meant: tuple[tuple[str, str], ...] = ()
    problem: ErrorInfo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A passage as the model was given it. ``marker`` is the 1-based number used in the answer's text."""

    marker: int
    base_id: str
    document_id: str
    document: str
    chunk_id: str
    text: str
    score: float
    page: int | None = None
    heading: tuple[str, ...] = ()
    start: int = 0
    end: int = 0
    title: str = ""

    @property
    def is_card(self) -> bool:
        """Whether it is what a model wrote about the document, and stands nowhere in it."""
        return self.chunk_id.endswith(f":{CARD_INDEX}")
