"""What every part of the app passes on: failures as data, and notices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Params = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorInfo:
    """An expected failure as data: ``code`` finds the sentence in the message catalogue, ``params`` fill it."""

    code: str
    params: Params = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something the app did or found by itself, to be told to the user: a catalogue key and its params."""

    key: str
    params: Params = field(default_factory=dict)
    level: Literal["info", "warning", "error"] = "info"
