"""What seeds do to a score: the estimates, their freedom, and that they suffice."""

import numpy as np
import pytest
from scipy import stats

from suite.seed_error import SeedError, in_points, of_fresh_seeds, of_grid


def test_of_fresh_seeds():
    error = of_fresh_seeds(np.array([0.7, 0.8, 0.9]))
    assert error.sd == pytest.approx(0.1)
    assert error.freedom == 2
    assert error.how == "measured over 3 fresh seeds of the chosen one"
    assert not error.is_guess


def test_of_several_seeds_it_is_pooled_within_the_better_half():
    rng = np.random.default_rng(0)
    means = rng.normal(0, 10, (500, 1))
    scores = means + rng.normal(0, 0.5, (500, 5))
    scores[scores.mean(axis=1) < np.median(scores.mean(axis=1))] = -50  # collapsed
    error = of_grid(scores, scores)
    assert error.freedom == 250 * 4
    # Four standard errors of a standard deviation with so many degrees of freedom.
    assert abs(error.sd / 0.5 - 1) < 4 / np.sqrt(2 * error.freedom)
    assert error.how == "measured over 5 seeds"


def test_of_one_seed_it_is_guessed_from_the_better_half():
    scores = np.array([[0.1], [0.7], [0.8], [0.2]])
    error = of_grid(scores, scores)
    cut = stats.halfnorm.std()
    assert error.sd == pytest.approx(np.std([0.7, 0.8], ddof=1) / cut)
    assert error.is_guess
    assert "guessed" in error.how


def test_another_split_may_say_which_half_is_better():
    scores, main = np.array([[1.0], [2.0], [5.0], [9.0]]), np.arange(4.0)[::-1, None]
    cut = stats.halfnorm.std()
    assert of_grid(scores, main).sd == pytest.approx(np.sqrt(0.5) / cut)


def test_too_little_to_guess_from():
    error = of_grid(np.zeros((3, 1)), np.zeros((3, 1)))
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
    found = [of_grid(own, own) for own in scores]
    squares = np.array([error.sd**2 for error in found])
    freedom = found[0].freedom
    relative = np.sqrt(2 / freedom / grids)
    # The better half is cut at the best of the worse, half a rank below the middle:
    # in the mean at the quantile 1/2 - 1/(2 C + 2), which widens the variance of a
    # truncated normal by less than one part in C.
    assert -4 * relative < squares.mean() - 1 < 1 / configurations + 4 * relative
    # Relative variances are 2 / freedom; this one is known to a tenth.
    assert np.var(squares) / squares.mean() ** 2 == pytest.approx(2 / freedom, rel=0.2)
