"""Summary cards: what a model wrote about a document, and what it takes to write them."""

from dataclasses import dataclass

from kb_app.models.chat import Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryCard:
    """What ``model_id`` wrote about a document; tokens are None where the server did not count them."""

    document_id: str
    text: str
    model_id: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    created_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryEstimate:
    """What it takes to write the cards that are missing; ``cost`` is None where no price is known."""

    documents: int
    prompt_tokens: int
    completion_tokens: int
    cost: Cost | None = None
