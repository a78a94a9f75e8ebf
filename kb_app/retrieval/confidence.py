"""Whether the base answers a question at all: a calibrated confidence, and what is never looked up.

The weights were trained once; where and on what is written in ``data/weights.toml``.
"""

import functools
import math
import re
import tomllib
from importlib import resources

from kb_app.retrieval.analyzer import Question
from kb_app.retrieval.rerank import Evidence
from kb_app.retrieval.scoring import WeightedQuestion, coverage

#: Names of the inputs, in the order of ``signals``.
SIGNALS = (
    "bm25",
    "units",
    "pairs",
    "sentence_units",
    "sentence_pairs",
    "title",
    "title_named",
    "rare_units",  # share of the three rarest characters or words that the chunk holds
    "rare_pairs",  # the same of the three rarest pairs
)
_RARE = 3
#: A question of so few characters must match a pair; single characters occur everywhere.
_SHORT_CHARACTERS = 4


@functools.cache
def _weights() -> tuple[float, tuple[float, ...], float]:
    raw = resources.files("kb_app.retrieval").joinpath("data/weights.toml").read_text(encoding="utf-8")
    table = tomllib.loads(raw)["confidence"]
    named = tuple(float(table[name]) for name in SIGNALS)
    return float(table["intercept"]), named, float(table["threshold"])


@functools.cache
def _chit_chat() -> tuple[re.Pattern[str], ...]:
    raw = resources.files("kb_app.retrieval").joinpath("data/chit_chat.toml").read_text(encoding="utf-8")
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in tomllib.loads(raw)["patterns"])


def threshold() -> float:
    """Return the confidence from which a question counts as answered."""
    return _weights()[2]


def signals(weighted: WeightedQuestion, best: Evidence) -> tuple[float, ...]:
    """Return the inputs of the confidence, in the order of ``SIGNALS``, each in [0, 1]."""
    parts = best.parts
    prepared = best.prepared
    text = "\n".join((prepared.title, prepared.heading, prepared.body))

    def rare(needles: tuple[tuple[str, float], ...]) -> float:
        rarest = sorted(needles, key=lambda item: -item[1])[:_RARE]
        return coverage(rarest, text) / (sum(weight for _, weight in rarest) or 1.0)

    rare_units, rare_pairs = rare(weighted.units), rare(weighted.pairs)
    named = {"rare_units": rare_units, "rare_pairs": rare_pairs if weighted.pairs else rare_units}
    return tuple(named[name] if name in named else parts[name] for name in SIGNALS)


def confidence(question: Question, weighted: WeightedQuestion, best: Evidence) -> float:
    """Return how likely ``best`` answers the question, in [0, 1]."""
    if is_chit_chat(question.text) or _is_too_thin(question, weighted, best):
        return 0.0
    intercept, named, _ = _weights()
    inputs = signals(weighted, best)
    logit = intercept + sum(weight * value for weight, value in zip(named, inputs, strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


def is_chit_chat(text: str) -> bool:
    """Whether ``text`` is a greeting, thanks, talk about the weather or a task that no document answers."""
    stripped = text.strip(" \t\n。.!！?？~～,，…")
    return any(pattern.fullmatch(stripped) for pattern in _chit_chat())


def _is_too_thin(question: Question, weighted: WeightedQuestion, best: Evidence) -> bool:
    """Whether a short Chinese question matches nothing but single characters."""
    if not question.cjk_pairs or len(question.units) > _SHORT_CHARACTERS:
        return False
    prepared = best.prepared
    text = "\n".join((prepared.title, prepared.heading, prepared.body))
    words = [item for item in weighted.units if item[0][0] == " "]
    return not coverage(weighted.pairs, text) and not coverage(words, text)
