"""The sources of error, added; how often they mislead is in tests/simulations."""

import numpy as np
import pytest

from suite.statistics import Spread, gap_draws, published_sampling_sd


def test_total_spread_adds_variances():
    spread = Spread(3.0, 4.0, 12.0, 0.0, 0.0)
    assert spread.total == pytest.approx(13.0)
    assert Spread(0, 0, 0, 0, 0.05).total == pytest.approx(0.05 / np.sqrt(3))


def test_draws_have_the_spread_that_is_stated():
    rng = np.random.default_rng(0)
    spread = Spread(3.0, 2.0, 1.0, 2.0, 0.5)
    draws = gap_draws(rng.normal(70, 3.0, 40_000), 68.0, spread, rng)
    # Four standard errors of a mean and of a standard deviation of 40,000 draws.
    assert abs(draws.mean() - 2) < 4 * spread.total / np.sqrt(40_000)
    assert abs(draws.std() / spread.total - 1) < 4 / np.sqrt(2 * 40_000)


def test_sampling_error_goes_with_the_root_of_the_sizes():
    """Tiny's RTE: 2.97 on 277 dev, 0.90 on 3000 test examples."""
    dev = 100 * np.sqrt(0.572 * 0.428 / 277)
    assert round(dev, 2) == 2.97
    assert round(published_sampling_sd(dev, 277, 3000), 2) == 0.90
