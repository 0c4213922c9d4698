"""Two one-sided tests beside the intervals that they are."""

import numpy as np
import pytest
from scipy import stats

from suite.statistics import equivalence_p, interval, t_equivalence_p


def test_equivalence_is_the_90_percent_interval():
    rng = np.random.default_rng(0)
    for margin in np.linspace(0.5, 4, 30):
        draws = rng.normal(0.5, 1, 2000)
        low, high = interval(draws, 0.9)
        near = min(abs(low + margin), abs(high - margin)) < 0.01
        assert near or (equivalence_p(draws, margin) <= 0.05) == (
            -margin < low and high < margin
        )


def test_the_t_form_is_the_90_percent_interval():
    for mean in np.linspace(-2, 2, 21):
        low, high = stats.t.interval(0.9, 4, mean, 0.3)
        inside = -1.0 < low and high < 1.0
        assert (t_equivalence_p(mean, 0.3, 4, 1.0) <= 0.05) == inside


def test_the_t_form_worked_by_hand():
    """t = (1 - 0.5) / 0.25 = 2 with 4 degrees of freedom: one-sided p = 0.0581."""
    assert t_equivalence_p(0.5, 0.25, 4, 1.0) == pytest.approx(0.05806, abs=5e-6)
    assert t_equivalence_p(-0.5, 0.25, 4, 1.0) == t_equivalence_p(0.5, 0.25, 4, 1.0)
    assert t_equivalence_p(1.0, 0.25, 4, 1.0) == 0.5


def test_without_error_only_the_margin_counts():
    assert t_equivalence_p(0.9, 0.0, 4, 1.0) == 0.0
    assert t_equivalence_p(1.0, 0.0, 4, 1.0) == 1.0
