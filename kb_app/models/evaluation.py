"""Sets of questions with what is expected, runs of a model over them, and what came out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from kb_app.models.base import ErrorInfo
from kb_app.models.chat import MessageStatus, Usage
from kb_app.models.search import Source

#: ``marks``: passages marked right on the search page; ``corrections``: kept in step with the approved corrections.
SetKind = Literal["", "marks", "corrections"]
CaseOrigin = Literal["manual", "import", "mark", "correction", "generated"]
CaseStatus = Literal["draft", "approved"]
#: Items of ``train`` and ``validation`` were, or will be, seen by a model and are never counted.
Split = Literal["train", "validation", "test"]
RunKind = Literal["run", "generate"]
RunState = Literal["queued", "running", "done", "cancelled", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedPassage:
    """A passage that answers a question, as text, so that it is found again after the document was cut anew."""

    document: str
    text: str
    document_id: str = ""
    chunk_id: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSet:
    """A named set of cases of one base; ``draft_count`` of the ``case_count`` wait for a person's review."""

    id: str
    base_id: str
    name: str
    kind: SetKind = ""
    case_count: int = 0
    draft_count: int = 0
    created_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationCase:
    """A question, ``answers`` any of which is right, ``passages`` it stands on; ``refuses``: it is to be declined."""

    question: str
    answers: tuple[str, ...] = ()
    passages: tuple[ExpectedPassage, ...] = ()
    refuses: bool = False
    origin: CaseOrigin = "manual"
    status: CaseStatus = "approved"
    split: Split = "test"
    group: str = ""
    correction_id: str | None = None
    note: str = ""
    id: str = ""
    set_id: str = ""
    created_at: str = ""
    updated_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """How a run answers: always the model alone, without corrections. ``judge_id`` names the judge, empty for none.

    ``min_metrics`` is the gate: metric -> the least mean that passes.
    """

    model_id: str = "quote"
    top_k: int = 8
    vote: bool = True
    judge_id: str = ""
    min_metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEstimate:
    """What a run will cost at most: calls of models and tokens (upper estimates); ``price`` None where not known."""

    cases: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    price: float | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSummary:
    """The mean of a metric over ``cases`` cases with its 95 % interval; all in [0, 1]."""

    mean: float
    low: float
    high: float
    cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRun:
    """One run of a model and its settings over a set; ``summary`` is metric -> its mean once it is done.

    ``reused`` counts the cases that users get answered by a correction, which the summary knows nothing of;
    ``left_out`` those that are no test items, since a model may have seen them; ``failed`` those whose model failed.
    """

    id: str
    base_id: str
    set_id: str
    name: str
    kind: RunKind
    settings: RunSettings
    state: RunState = "queued"
    done: int = 0
    total: int = 0
    reused: int = 0
    left_out: int = 0
    failed: int = 0
    summary: Mapping[str, MetricSummary] = field(default_factory=dict)
    set_name: str = ""
    error: ErrorInfo | None = None
    created_at: str = ""
    ended_at: str = ""

    @property
    def is_active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ("queued", "running")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the judging model said, each in [0, 1], with its reason."""

    correct: float
    faithful: float
    relevant: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What a run answered to one case, as the case was then, and how that measures.

    ``reused_id`` is the correction that answers this question for users.
    """

    position: int
    case: EvaluationCase
    answer: str = ""
    status: MessageStatus = "complete"
    sources: tuple[Source, ...] = ()
    cited: tuple[int, ...] = ()
    confidence: float | None = None
    reused_id: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    judgement: Judgement | None = None
    usage: Usage | None = None
    elapsed_s: float = 0.0
    error: ErrorInfo | None = None
