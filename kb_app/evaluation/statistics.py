"""From values per case to what can be said about them: means with intervals, and whether two runs differ."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

RESAMPLES = 2_000
_SEED = 20_240_501
#: Differences below this are a tie: metrics are shares, and rounding is not a change.
TIE = 1e-9


class Interval(NamedTuple):
    """A mean with its 95 % confidence interval; over ``cases`` values."""

    mean: float
    low: float
    high: float
    cases: int


class Comparison(NamedTuple):
    """Second run minus first, over the cases both answered; ``p_value`` of the two-sided sign-flip test."""

    difference: Interval
    better: int
    worse: int
    same: int
    p_value: float

    @property
    def is_significant(self) -> bool:
        """Whether the difference is larger than chance explains at 5 %."""
        return self.p_value < 0.05


def interval(values: Sequence[float]) -> Interval:
    """Return the mean and its bootstrap interval (percentile, Efron 1979). Raises ValueError without values."""
    if not values:
        raise ValueError("no values")
    data = np.asarray(values, dtype=np.float64)
    means = _resampled_means(data)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(data.mean()), float(low), float(high), len(values))


def compare(first: Sequence[float], second: Sequence[float]) -> Comparison:
    """Compare two runs over the same cases in the same order. Raises ValueError for none or unequal counts."""
    before, after = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if before.shape != after.shape:
        raise ValueError("the runs have different cases")
    change = after - before
    return Comparison(
        interval(change.tolist()),
        better=int((change > TIE).sum()),
        worse=int((change < -TIE).sum()),
        same=int((np.abs(change) <= TIE).sum()),
        p_value=_sign_flip(change),
    )


def _resampled_means(data: np.ndarray) -> np.ndarray:
    """Return the means of ``RESAMPLES`` samples drawn with replacement, always the same ones for the same data."""
    random = np.random.default_rng(_SEED)
    # In slices, so that ten thousand cases do not take 160 MB.
    rows = max(1, 2_000_000 // len(data))
    sizes = [min(rows, RESAMPLES - start) for start in range(0, RESAMPLES, rows)]
    return np.concatenate([data[random.integers(0, len(data), (size, len(data)))].mean(axis=1) for size in sizes])


def _sign_flip(change: np.ndarray) -> float:
    """Return how often random signs make the mean at least as far from zero (paired permutation test, Fisher 1935)."""
    observed = abs(change.sum())
    changed = change[np.abs(change) > TIE]
    if not len(changed):
        return 1.0
    random = np.random.default_rng(_SEED)
    rows = max(1, 2_000_000 // len(changed))
    extreme = 0
    for start in range(0, RESAMPLES, rows):
        size = min(rows, RESAMPLES - start)
        signs = random.integers(0, 2, (size, len(changed))) * 2 - 1
        extreme += int((np.abs((signs * changed).sum(axis=1)) >= observed - TIE).sum())
    return (extreme + 1) / (RESAMPLES + 1)
