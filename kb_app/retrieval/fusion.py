"""How the dense vote joins the lexical score: calibrated, and only as far as the embedder can be trusted."""

from collections.abc import Sequence

import numpy as np

#: Weight of the dense vote against the lexical score (benchmarks/retrieval/README.md).
DENSE_WEIGHT = 0.3
#: Correlation of votes and lexical scores at which the vote begins to count, and counts fully. Chance alone gives 0.4
#: to one question in a hundred, since one passage with a high score is enough.
_AGREEMENT = (0.4, 0.5)
#: Best lexical score below which keywords know nothing, and above which the vote must agree with them.
_AUTHORITY = (0.02, 0.1)
_LEAST_VOTES = 5


def min_max(found: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Return chunk id -> vote in [0, 1]: where its cosine lies between the least and the best of ``found``.

    Equal cosines say nothing, and give no vote.
    """
    if not found:
        return {}
    cosines = [cosine for _, cosine in found]
    least, spread = min(cosines), max(cosines) - min(cosines)
    return {chunk: (cosine - least) / spread for chunk, cosine in found} if spread > 0 else {}


def fuse(lexical: Sequence[float], votes: Sequence[float]) -> list[float]:
    """Return lexical score + weight x trust x vote for each passage."""
    weight = DENSE_WEIGHT * trust(lexical, votes)
    return [score + weight * vote for score, vote in zip(lexical, votes, strict=True)]


def trust(lexical: Sequence[float], votes: Sequence[float]) -> float:
    """Return in [0, 1] how far the votes may be believed.

    A useful embedder prefers, among its own hits, those that also share words with the question; a broken or
    unsuitable one does not, and must not spoil a good keyword ranking. Where no passage shares much with the
    question (another language, other words) keywords cannot judge, and the vote decides.
    """
    authority = _ramp(max(lexical, default=0.0), _AUTHORITY)
    return 1.0 - authority * (1.0 - _agreement(lexical, votes))


def _agreement(lexical: Sequence[float], votes: Sequence[float]) -> float:
    voted = [(score, vote) for score, vote in zip(lexical, votes, strict=True) if vote > 0]
    if len(voted) < _LEAST_VOTES:
        return 0.0
    pairs = np.array(voted)
    if not pairs.std(axis=0).all():
        return 0.0
    return _ramp(float(np.corrcoef(pairs.T)[0, 1]), _AGREEMENT)


def _ramp(value: float, bounds: tuple[float, float]) -> float:
    low, high = bounds
    return min(1.0, max(0.0, (value - low) / (high - low)))
