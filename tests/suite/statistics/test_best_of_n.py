"""Expected best of n: by hand, by enumeration, and its bias beside the plug-in's."""

import itertools

import numpy as np
import pytest

from suite.statistics import expected_best


def plug_in(scores):
    """Dodge et al. 2019: n draws with replacement from the empirical distribution."""
    ordered, count = np.sort(scores), len(scores)
    n, k = np.mgrid[1 : count + 1, 1 : count + 1]
    return ((k / count) ** n - ((k - 1) / count) ** n) @ ordered


def test_worked_by_hand():
    """Of 1, 2, 4 the pairs' bests are 2, 4, 4."""
    assert expected_best(np.array([2.0, 4.0, 1.0])) == pytest.approx([7 / 3, 10 / 3, 4])


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_it_is_the_mean_over_all_subsets(count):
    for seed in range(10):
        scores = np.random.default_rng(seed).normal(size=count)
        for n, found in enumerate(expected_best(scores), 1):
            bests = [max(own) for own in itertools.combinations(scores, n)]
            assert found == pytest.approx(np.mean(bests), abs=1e-14)


def test_ties_and_equal_scores():
    assert expected_best(np.full(20, 0.7)) == pytest.approx(np.full(20, 0.7))
    assert expected_best(np.array([0.0, 1.0, 1.0])) == pytest.approx([2 / 3, 1, 1])


@pytest.mark.parametrize("scores", [[], [0.5, np.nan], [[0.5]]])
def test_what_has_no_best(scores):
    with pytest.raises(ValueError, match="expected finite scores"):
        expected_best(np.array(scores))


def test_unbiased_where_the_plug_in_is_not():
    """Uniform scores: the best of n is n / (n + 1) on average, here of C = 20.

    The mean of 4,000 curves is within four of its standard errors of that at every n;
    the plug-in at n = 20 is below by more than twenty.
    """
    rng, runs, count = np.random.default_rng(0), 4000, 20
    scores = rng.random((runs, count))
    truth = np.arange(1, count + 1) / np.arange(2, count + 2)
    for curve, holds in ((expected_best, True), (plug_in, False)):
        curves = np.array([curve(own) for own in scores])
        error = curves.std(axis=0, ddof=1) / np.sqrt(runs)
        away = np.abs(curves.mean(axis=0) - truth) / error
        assert (away.max() < 4) == holds
    assert curves.mean(axis=0)[-1] < truth[-1] - 20 * error[-1]
