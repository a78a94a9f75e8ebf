"""Corrections: what was wrong, what is right, and on what it rests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from kb_app.models.base import Params
from kb_app.models.chat import ChatMessage, Reuse
from kb_app.models.rating import WrongReason
from kb_app.models.search import Source

CorrectionStatus = Literal["draft", "approved", "archived"]
CorrectionOrigin = Literal["message", "page", "import"]
#: What became of a supporting passage since; ``""``: it is still there as it was.
Staleness = Literal["", "document_replaced", "document_removed", "passage_gone"]

#: Why an answer should be looked at.
QueueReason = Literal["low_rated", "low_confidence", "declined", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A question with the answer it got (``rejected``, may be empty) and the one it should get (``chosen``).

    ``sources`` are the passages as the model was given them; ``support`` those the right answer rests on, empty where
    ``source_is_wrong`` or where the right answer is to decline; any other without support is stale once no document of
    its ``sources`` is left. ``group`` holds near-duplicate questions together, so that a split never parts them.
    ``stale`` is maintained when documents change.
    """

    id: str
    base_id: str
    question: str
    chosen: str
    rejected: str = ""
    history: tuple[ChatMessage, ...] = ()
    sources: tuple[Source, ...] = ()
    support: tuple[Source, ...] = ()
    source_is_wrong: bool = False
    reasons: tuple[WrongReason, ...] = ()
    note: str = ""
    model_id: str = ""
    prompt: tuple[ChatMessage, ...] = ()
    settings: Params = field(default_factory=dict)
    confidence: float | None = None
    origin: CorrectionOrigin = "message"
    message_id: str | None = None
    author: str = ""
    reviewer: str = ""
    status: CorrectionStatus = "draft"
    stale: Staleness = ""
    group: str = ""
    version: int = 1
    hits: int = 0
    not_helpful: int = 0
    external: Mapping[str, str] = field(default_factory=dict)
    created_at: str = ""
    updated_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionMatch:
    """How well a correction fits a question.

    ``likeness`` in [0, 1] says whether both are the same question, unless ``blocked`` names what makes them two;
    ``related`` in [0, 1], whether they are about the same thing. ``parts`` explain it: ``words`` and ``vector``
    compare the questions, ``passage`` tells that the question finds what the correction rests on.
    """

    correction: Correction
    kind: Reuse
    likeness: float
    related: float
    blocked: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedAnswer:
    """An answer that waits for a correction; ``note`` is the reader's, ``holder`` who works on it."""

    message_id: str
    question: str
    answer: str
    reasons: tuple[QueueReason, ...]
    note: str = ""
    holder: str = ""
    created_at: str = ""
