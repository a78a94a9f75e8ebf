"""What the models are used for, and what that costs."""

from dataclasses import dataclass
from typing import Literal

Purpose = Literal["answer", "rewrite", "summary", "title", "judge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Price of a model for a million tokens, as its owner set it."""

    prompt: float
    completion: float
    currency: str = "CNY"

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Return what so many tokens cost."""
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """One request to a model. Tokens are None where the server did not say, ``cost`` where no price was set."""

    model_id: str
    purpose: Purpose
    total_s: float
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    first_token_s: float | None = None
    cost: float | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    """What one model was used for in a period; ``costs`` are (amount, currency), one for each currency.

    ``uncounted`` calls ended without the server's figures (stopped, failed); ``first_token_s`` is a mean and
    ``tokens_per_s`` counts from the first token, None where nothing is known.
    """

    model_id: str
    purpose: Purpose
    calls: int
    uncounted: int
    prompt_tokens: int
    completion_tokens: int
    first_token_s: float | None
    tokens_per_s: float | None
    costs: tuple[tuple[float, str], ...] = ()
