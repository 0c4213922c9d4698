"""What few pairs of pre-training runs say, and what they cannot."""

import numpy as np
import pytest
from scipy import stats

from suite.pretraining_pairs import over_pairs, what_pairs_show

RNG = np.random.default_rng(0)


def test_one_pair_says_nothing():
    found = over_pairs([0.3], RNG)
    assert (found.low, found.high, found.smallest) == (None, None, None)
    assert (found.mean, found.pairs) == (0.3, 1)
    assert (found.sign_flip.p, found.sign_flip.smallest) == (1.0, 1.0)
    assert "nothing can be said" in what_pairs_show(1)


def test_from_two_pairs_on_the_interval_is_students():
    values = [0.3, 0.5, 0.1, 0.4]
    found = over_pairs(values, RNG)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(expected))
    assert found.sign_flip.p == found.sign_flip.smallest == 0.125


def test_coverage_with_two_pairs():
    tries = 4000
    drawn = np.random.default_rng(0).normal(1.0, 1.0, (tries, 2))
    found = [stats.ttest_1samp(own, 0.0).confidence_interval() for own in drawn[:20]]
    own = [over_pairs(two, RNG) for two in drawn[:20]]
    np.testing.assert_allclose([(o.low, o.high) for o in own], found)
    half = stats.t.isf(0.025, 1) * np.std(drawn, axis=1, ddof=1) / np.sqrt(2)
    covered = np.sum(np.abs(drawn.mean(axis=1) - 1.0) <= half)
    low, high = stats.binom.interval(1 - 1e-4, tries, 0.95)
    assert low <= covered <= high


def test_of_many_pairs_flips_are_drawn():
    values = np.linspace(0.1, 0.9, 30)
    found = over_pairs(values, np.random.default_rng(0))
    # One of 2^29 patterns is as far from zero as all of one sign.
    assert found.sign_flip.p == found.sign_flip.smallest == 1e-5
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(expected))


def test_pairs_that_agree_exactly_have_no_spread():
    found = over_pairs([0.25, 0.25], RNG)
    assert (found.low, found.high, found.smallest) == (0.25, 0.25, 0.0)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        (2, "below 0.5, so it cannot"),
        (5, "below 0.062, so it"),
        (6, "below 0.031."),
        (20, "The exact sign-flip test can give no p below 1.9e-06."),
        (21, "of 99,999 flips drawn by chance, can give no p below 1e-05."),
    ],
)
def test_the_smallest_p_is_said(pairs, words):
    assert words in what_pairs_show(pairs)
