"""Whether the base answers a question at all: a calibrated confidence, and what is never looked up.

The weights were trained once; where and on what is written in ``data/weights.toml``.
"""

import functools
import math
import re
import tomllib
from collections.abc import Sequence
from importlib import resources

from kb_app.retrieval.passages import fold_duplicates
from kb_app.retrieval.rerank import Evidence, Ranking
from kb_app.retrieval.scoring import Needle, coverage

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
    "substance",  # how much the question says: its weight, 1 from some three rare words on
    "margin",  # how far the best passage's score is above that of the next different one
    "chinese",  # whether the question holds Chinese: its single characters match by chance more often
    "size",  # decimal logarithm of the number of chunks, plus one
)
_RARE = 3
_NEAREST = 8
_SUBSTANTIAL = 20.0
_LARGEST_LOGIT = 30.0
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


def signals(ranking: Ranking) -> tuple[float, ...]:
    """Return the inputs of the confidence in the order of ``SIGNALS``; the ranking must not be empty."""
    best, weighted = ranking.evidence[0], ranking.weighted
    text = _whole(best)
    rare_units, rare_pairs = _rare_share(weighted.units, text), _rare_share(weighted.pairs, text)
    # The same passage again, in a second base or under another name, is no rival.
    rivals = fold_duplicates(ranking.evidence[:_NEAREST], lambda found: found.prepared.chunk.search_text)
    lexical = [found.score for found in rivals[:2]]
    named = {
        **best.parts,
        "rare_units": rare_units,
        "rare_pairs": rare_pairs if weighted.pairs else rare_units,
        "substance": min(1.0, weighted.unit_mass / _SUBSTANTIAL),
        "margin": lexical[0] - lexical[1] if len(lexical) > 1 else lexical[0],
        "chinese": float(bool(ranking.question.cjk_pairs)),
        "size": math.log10(1 + ranking.chunk_count),
    }
    return tuple(named[name] for name in SIGNALS)


def _whole(evidence: Evidence) -> str:
    prepared = evidence.prepared
    return "\n".join((prepared.title, prepared.heading, prepared.body))


def _rare_share(needles: Sequence[Needle], text: str) -> float:
    rarest = sorted(needles, key=lambda item: -item[1])[:_RARE]
    return coverage(rarest, text) / (sum(weight for _, weight in rarest) or 1.0)


def confidence(ranking: Ranking) -> float:
    """Return how likely the best passage answers the question, in [0, 1]; 0 when there is none."""
    if not ranking.evidence or is_chit_chat(ranking.question.text) or _is_too_thin(ranking):
        return 0.0
    intercept, named, _ = _weights()
    logit = intercept + sum(weight * value for weight, value in zip(named, signals(ranking), strict=True))
    return 1 / (1 + math.exp(-max(-_LARGEST_LOGIT, min(_LARGEST_LOGIT, logit))))


def is_chit_chat(text: str) -> bool:
    """Whether ``text`` is a greeting, thanks, talk about the weather or a task that no document answers."""
    stripped = text.strip(" \t\n。.!！?？~～,，…")
    return any(pattern.fullmatch(stripped) for pattern in _chit_chat())


def _is_too_thin(ranking: Ranking) -> bool:
    """Whether a short Chinese question matches nothing but single characters."""
    question, weighted = ranking.question, ranking.weighted
    if not question.cjk_pairs or len(question.units) > _SHORT_CHARACTERS:
        return False
    text = _whole(ranking.evidence[0])
    words = [item for item in weighted.units if item[0][0] == " "]
    return not coverage(weighted.pairs, text) and not coverage(words, text)
