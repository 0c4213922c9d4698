"""Seeds × examples: exact moments; coverage is in tests/simulations."""

import numpy as np
import pytest

from suite.statistics import (
    few_seeds_draws,
    multi_bootstrap_differences,
    multi_bootstrap_draws,
)
from suite.tasks import TASKS

TASK = TASKS["RTE"]
DRAWS = 20_000
# Of a standard deviation from so many draws: five standard errors.
CLOSE = 5 / np.sqrt(2 * DRAWS)


def predictions(rng, skills, examples=100):
    """[S, n], right (0) where random numbers are below each seed's skill."""
    return (rng.random((len(skills), examples)) > np.reshape(skills, (-1, 1))).astype(
        int
    )


def resampled_variance(right):
    """Of the mean of right [S, n] over resampled rows and columns, written out.

    The double mean of S × n draws: E over rows and columns of products that share both,
    one or neither index, minus the squared mean.
    """
    seeds, examples = right.shape
    mean = right.mean()
    by_seed, by_example = right.mean(axis=1), right.mean(axis=0)
    both = np.mean(right**2)
    same_seed, same_example = np.mean(by_seed**2), np.mean(by_example**2)
    s, n = 1 / seeds, 1 / examples
    second = s * n * both + s * (1 - n) * same_seed + (1 - s) * n * same_example
    return second + (1 - s) * (1 - n) * mean**2 - mean**2


def test_one_side_has_the_variance_of_both_resamplings():
    rng = np.random.default_rng(0)
    own = predictions(rng, [0.6, 0.8, 0.9])
    draws = multi_bootstrap_draws(TASK, own, np.zeros(100, int), rng, DRAWS)
    sd = np.sqrt(resampled_variance(1.0 - own))
    assert abs(draws.std() / sd - 1) < CLOSE
    assert abs(draws.mean() - np.mean(own == 0)) < 5 * sd / np.sqrt(DRAWS)


def test_pairs_share_seeds_and_examples():
    rng = np.random.default_rng(1)
    sides = predictions(rng, [0.5, 0.7, 0.9]), predictions(rng, [0.55, 0.75, 0.95])
    labels = np.zeros(100, int)
    draws = multi_bootstrap_differences(TASK, sides, labels, rng, DRAWS)
    sd = np.sqrt(resampled_variance(1.0 * sides[0] - sides[1]))
    assert abs(draws.std() / sd - 1) < CLOSE


def test_without_pairing_seeds_vary_on_each_side():
    """Seeds alike within a side and far apart between: unpaired is wider."""
    rng = np.random.default_rng(2)
    skills = [0.5, 0.7, 0.9]
    sides = predictions(rng, skills), predictions(rng, skills)
    labels = np.zeros(100, int)
    paired = multi_bootstrap_differences(TASK, sides, labels, rng, DRAWS)
    unpaired = multi_bootstrap_differences(TASK, sides, labels, rng, DRAWS, False)
    # Two means of three seeds, independent: their seeds' variances are in it alone.
    of_seeds = np.sqrt(sum(np.var(np.mean(s == 0, axis=1)) / 3 for s in sides))
    assert paired.std() < of_seeds < unpaired.std()


def test_the_same_predictions_do_not_differ():
    rng = np.random.default_rng(0)
    own = predictions(rng, [0.6, 0.8])
    draws = multi_bootstrap_differences(TASK, (own, own), np.zeros(100, int), rng, 50)
    assert np.all(draws == 0)


def test_pairs_need_as_many_seeds_on_both_sides():
    rng = np.random.default_rng(0)
    sides, labels = (np.zeros((2, 9), int), np.zeros((3, 9), int)), np.zeros(9, int)
    with pytest.raises(ValueError, match="found 2 and 3"):
        multi_bootstrap_differences(TASK, sides, labels, rng, 10)
    assert not np.any(multi_bootstrap_differences(TASK, sides, labels, rng, 10, False))


def test_few_seeds_have_the_error_of_students_t():
    """Nine seeds: the standard error of their mean, times t of 8 degrees of freedom."""
    rng = np.random.default_rng(0)
    by_seed = np.array([-3.0, -3, -3, -3, 0, 3, 3, 3, 3])
    draws = few_seeds_draws(np.full(DRAWS, 5.0), by_seed, rng)
    # P(t_8 > 1.860) = 0.05; five standard errors of a share.
    share = np.mean(draws > 5 + 1.8595 * np.std(by_seed, ddof=1) / 3)
    assert abs(share - 0.05) < 5 * np.sqrt(0.05 * 0.95 / DRAWS)


def test_one_seed_has_no_spread():
    with pytest.raises(ValueError, match="two seeds or more, found 1"):
        few_seeds_draws(np.zeros(10), np.zeros(1), np.random.default_rng(0))
