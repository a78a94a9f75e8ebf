"""A reader's verdict on an answer."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["good", "bad"]
#: Why an answer was wrong.
WrongReason = Literal[
    "retrieval_missed", "noise", "ignored", "invented", "should_decline", "source_wrong", "outdated", "style"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """A reader's verdict on one answer."""

    verdict: Verdict
    reasons: tuple[WrongReason, ...] = ()
    note: str = ""
    author: str = ""
    created_at: str = ""
