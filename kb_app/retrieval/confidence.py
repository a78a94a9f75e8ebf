"""Whether the base answers a question at all: a calibrated confidence, and what is never looked up.

The weights were trained once; where and on what is written in ``data/weights.toml``.
"""

import functools
import math
import re
import tomllib
from collections.abc import Sequence
from importlib import resources

from kb_app.retrieval.analyzer import bare, canonical
from kb_app.retrieval.content import Piece, held, mass, pieces
from kb_app.retrieval.headings import asked_headings, headings_of, stands_under, without_ending
from kb_app.retrieval.passages import fold_duplicates
from kb_app.retrieval.rerank import Evidence, Ranking
from kb_app.retrieval.scoring import coverage

#: Names of the inputs, in the order of ``signals``.
SIGNALS = (
    "bm25",
    "sentence",  # share of what the question is about in the best sentence with its title and headings
    "named",  # how fully the question names the title or a heading
    "said",  # whether the question says the title or a heading word for word, less where that says little
    "rarest",  # the weight that the passage holds of the four rarest characters or words
    "margin",  # how far the best passage's score is above that of the next different one
    "chinese",  # whether the question holds Chinese: its characters match by chance more often
    "size",  # decimal logarithm of the number of chunks, plus one
)
_RAREST = 4
_NEAREST = 8
#: What a heading must weigh to say by itself what it is about: some two rare words.
_TELLING = 20.0
_LARGEST_LOGIT = 30.0
#: A title of one character stands in other words too often.
_SHORTEST_NAME = 2
_JOINERS = re.compile(r"[_\-]+")
#: A passage under a heading that the question names is an answer, whatever else the question says.
_NAMED_CONFIDENCE = 0.9
#: A question of so few characters must match a pair, or all of them in one sentence; single ones occur everywhere.
_SHORT_CHARACTERS, _LEAST_TOGETHER = 4, 3


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
    best = ranking.evidence[0]
    wanted = pieces(ranking.question.text, ranking.weighted)
    context = f"{best.prepared.title}\n{best.prepared.heading}"
    said = _joined(without_ending(bare(ranking.question.text)))
    headings = tuple(headings_of(best.prepared.chunk))
    in_sentence = max((held(wanted, f"{context}\n{sentence}") for sentence in best.prepared.sentences), default=0.0)
    rarest = sorted(wanted, key=lambda piece: -piece.weight)[:_RAREST]
    # The same passage again, in a second base or under another name, is no rival.
    rivals = fold_duplicates(ranking.evidence[:_NEAREST], lambda found: found.prepared.chunk.search_text)
    lexical = [found.score for found in rivals[:2]]
    named = {
        "bm25": best.parts["bm25"],
        "sentence": in_sentence / (mass(wanted) or 1.0),
        "named": max(_named_share(ranking, wanted, name) for name in headings),
        "said": max(_weight_said(said, wanted, _joined(name).strip()) for name in headings),
        "rarest": held(rarest, _whole(best)),
        "margin": lexical[0] - lexical[1] if len(lexical) > 1 else lexical[0],
        "chinese": float(bool(ranking.question.cjk_pairs)),
        "size": math.log10(1 + ranking.chunk_count),
    }
    return tuple(named[name] for name in SIGNALS)


def _named_share(ranking: Ranking, wanted: Sequence[Piece], heading: str) -> float:
    """Return the share of the heading's length that the question names, less where the heading says little."""
    text = canonical(heading)
    length = len(re.sub(r"\s", "", text))
    named = sum(len(item.strip()) for item, _ in ranking.weighted.units if item in text)
    return min(1.0, named / length) * _telling(wanted, text) if length else 0.0


def _weight_said(question: str, wanted: Sequence[Piece], heading: str) -> float:
    """Return how much a heading says that stands in the question as it is, both as ``_joined`` gives them."""
    is_said = len(heading) >= _SHORTEST_NAME and heading in question
    return _telling(wanted, f" {heading} ") if is_said else 0.0


def _telling(wanted: Sequence[Piece], heading: str) -> float:
    """Return in [0, 1] how much of what the question is about a heading in canonical form says."""
    return min(1.0, held(wanted, heading) / _TELLING)


def _joined(text: str) -> str:
    """Return ``text`` in canonical form, words with hyphens or underscores, as in names of files, taken apart."""
    return canonical(_JOINERS.sub(" ", text))


def _whole(evidence: Evidence) -> str:
    prepared = evidence.prepared
    return "\n".join((prepared.title, prepared.heading, prepared.body))


def confidence(ranking: Ranking) -> float:
    """Return how likely the best passage answers the question, in [0, 1]; 0 when there is none."""
    if not ranking.evidence or is_chit_chat(ranking.question.text) or _is_too_thin(ranking):
        return 0.0
    intercept, named, _ = _weights()
    logit = intercept + sum(weight * value for weight, value in zip(named, signals(ranking), strict=True))
    likely = 1 / (1 + math.exp(-max(-_LARGEST_LOGIT, min(_LARGEST_LOGIT, logit))))
    is_named = stands_under(ranking.evidence[0].prepared.chunk, asked_headings(ranking.question.text))
    return max(likely, _NAMED_CONFIDENCE) if is_named else likely


def is_chit_chat(text: str) -> bool:
    """Whether ``text`` is a greeting, thanks, talk about the weather or a task that no document answers."""
    stripped = text.strip(" \t\n。.!！?？~～,，…")
    return any(pattern.fullmatch(stripped) for pattern in _chit_chat())


def _is_too_thin(ranking: Ranking) -> bool:
    """Whether a short Chinese question matches nothing but single characters, and those apart."""
    question, weighted = ranking.question, ranking.weighted
    if not question.cjk_pairs or len(question.units) > _SHORT_CHARACTERS:
        return False
    text = _whole(ranking.evidence[0])
    words = [item for item in weighted.units if item[0][0] == " "]
    if coverage(weighted.pairs, text) or coverage(words, text):
        return False
    together = (all(char in sentence for char in question.units) for sentence in ranking.evidence[0].prepared.sentences)
    return len(question.units) < _LEAST_TOGETHER or not any(together)
