"""Percentiles of draws, and the floor of their p."""

import numpy as np
import pytest

from suite.statistics import difference_p, interval


def test_an_interval_holds_its_share():
    low, high = interval(np.arange(1001.0), 0.9)
    assert (low, high) == pytest.approx((50.0, 950.0))


def test_difference_p_has_a_floor():
    assert difference_p(np.full(999, 3.0)) == pytest.approx(0.002)
    assert difference_p(np.array([-1.0, 1.0])) == 1.0


def test_a_small_p_is_an_interval_without_zero():
    rng = np.random.default_rng(0)
    for mean in np.linspace(-3, 3, 41):
        draws = rng.normal(mean, 1, 1999)
        low, high = interval(draws)
        if min(abs(low), abs(high)) > 0.02:  # further from 0 than the next draw
            assert (difference_p(draws) <= 0.05) == (low > 0 or high < 0)
