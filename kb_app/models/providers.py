"""Models a user can pick."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from kb_app.models.base import ErrorInfo

ModelState = Literal["ready", "no_key", "unreachable", "not_pulled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """A model a user can pick, and whether it would work now. ``error`` says why not."""

    id: str
    provider: str
    kind: Literal["chat", "embedding"]
    state: ModelState
    error: ErrorInfo | None = None
    details: Mapping[str, str | int | float | bool] = field(default_factory=dict)
