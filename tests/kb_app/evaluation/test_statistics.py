"""Intervals and comparisons: exact where they can be, and with the coverage they promise where they cannot."""

import numpy as np
import pytest

from kb_app.evaluation.statistics import compare, interval


def test_an_interval_holds_the_mean_and_is_repeatable() -> None:
    values = [0.0, 1.0] * 50
    found = interval(values)
    assert found.mean == 0.5
    assert found.cases == 100
    # The normal approximation: 0.5 -+ 1.96 * sqrt(0.25 / 100).
    assert found.low == pytest.approx(0.402, abs=0.025)
    assert found.high == pytest.approx(0.598, abs=0.025)
    assert interval(values) == found


def test_equal_values_leave_no_doubt_and_none_are_an_error() -> None:
    assert interval([1.0] * 3) == (1.0, 1.0, 1.0, 3)
    with pytest.raises(ValueError, match="no values"):
        interval([])


def test_a_clear_change_is_told_from_chance() -> None:
    before = [0.0] * 20 + [1.0] * 20
    after = [1.0] * 15 + [0.0] * 5 + [1.0] * 19 + [0.0]
    found = compare(before, after)
    assert (found.better, found.worse, found.same) == (15, 1, 24)
    assert found.difference.mean == pytest.approx(14 / 40)
    assert found.difference.low > 0
    assert found.is_significant


def test_no_change_and_a_coin_flip_are_chance() -> None:
    assert compare([1.0, 0.0], [1.0, 0.0]).p_value == 1.0
    assert not compare([0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 0.0]).is_significant
    with pytest.raises(ValueError, match="different cases"):
        compare([1.0], [1.0, 0.0])


def test_the_sign_flip_test_is_exact_for_few_cases() -> None:
    # Four equal gains: of 16 sign patterns two are as extreme.
    assert compare([0.0] * 4, [1.0] * 4).p_value == pytest.approx(2 / 16, abs=0.02)


def test_ninety_five_in_a_hundred_intervals_hold_the_truth() -> None:
    random = np.random.default_rng(1)
    covered = 0
    for _ in range(100):
        found = interval(random.binomial(1, 0.7, 60).astype(float).tolist())
        covered += found.low <= 0.7 <= found.high
    assert covered >= 88
