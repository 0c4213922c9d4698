"""What seeds do to a score: the estimates, their freedom, and that they suffice."""

import numpy as np
import pytest
from scipy import stats

from suite.seed_error import (
    FEW_FREEDOM,
    GUESSED,
    SeedError,
    best_known,
    guessed,
    in_points,
    of_seeds,
)


def test_of_seeds():
    error = of_seeds(np.array([0.7, 0.8, 0.9]), "so")
    assert error.sd == pytest.approx(0.1)
    assert (error.freedom, error.how) == (2, "so")


def test_of_one_seed_it_is_guessed_from_the_better_half():
    scores = np.array([[0.1], [0.7], [0.8], [0.2]])
    error = guessed(scores, scores)
    cut = stats.halfnorm.std()
    assert error.sd == pytest.approx(np.std([0.7, 0.8], ddof=1) / cut)
    assert error.how == GUESSED


def test_of_several_seeds_each_has_its_better_half():
    one = np.array([[0.1], [0.7], [0.8], [0.2]])
    other = np.array([[0.5], [0.1], [0.1], [0.3]])
    both = np.concatenate([one, other], axis=1)
    squares = [guessed(own, own).sd ** 2 for own in (one, other)]
    assert guessed(both, both).sd == pytest.approx(np.sqrt(np.mean(squares)))


def test_what_is_best_known():
    """By how many seeds there are; of few, the guess of a grid that is not small."""
    few, many = SeedError(0.1, 2, "few"), SeedError(0.2, FEW_FREEDOM, "many")
    guess = SeedError(0.3, 6.5, GUESSED)
    nothing = SeedError(None, np.inf, "nothing")
    assert best_known(many, None, guess) is many
    assert best_known(few, many, guess) is many
    assert best_known(few, None, guess) is guess
    assert best_known(few, None, SeedError(0.3, 0.8, GUESSED)) is few
    assert best_known(None, few, nothing) is few
    assert best_known(None, None, nothing) is nothing


def test_another_split_may_say_which_half_is_better():
    scores, main = np.array([[1.0], [2.0], [5.0], [9.0]]), np.arange(4.0)[::-1, None]
    cut = stats.halfnorm.std()
    assert guessed(scores, main).sd == pytest.approx(np.sqrt(0.5) / cut)


def test_too_little_to_guess_from():
    error = guessed(np.zeros((3, 1)), np.zeros((3, 1)))
    assert error.sd is None
    assert in_points(error) == error


def test_in_points():
    assert in_points(SeedError(0.02, 3, "")).sd == pytest.approx(2.0)


@pytest.mark.parametrize("configurations", [8, 20])
def test_the_guess_is_right_of_equal_normal_configurations(configurations):
    """In the mean of its square, and in how much that varies from grid to grid."""
    grids = 4000
    rng = np.random.default_rng(configurations)
    scores = rng.normal(0, 1, (grids, configurations, 1))
    found = [guessed(own, own) for own in scores]
    squares = np.array([error.sd**2 for error in found])
    freedom = found[0].freedom
    relative = np.sqrt(2 / freedom / grids)
    # The better half is cut at the best of the worse, half a rank below the middle:
    # in the mean at the quantile 1/2 - 1/(2 C + 2), which widens the variance of a
    # truncated normal by less than one part in C.
    assert -4 * relative < squares.mean() - 1 < 1 / configurations + 4 * relative
    # Their relative variance is 2 / freedom. Of chi-squared values, whose kurtosis is
    # 3 + 12 / freedom, it is known to the root of (kurtosis - 1) / grids: four of
    # these, and again one part in C for the cut.
    known = 4 * np.sqrt((2 + 12 / freedom) / grids) + 1 / configurations
    found = np.var(squares) / squares.mean() ** 2
    assert abs(found * freedom / 2 - 1) < known
