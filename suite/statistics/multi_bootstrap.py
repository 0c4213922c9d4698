"""Seeds × examples: draws of a score whose seeds and examples are both a sample.

The multi-bootstrap of Sellam et al. 2022 ("The MultiBERTs", section 4): each draw
resamples the seeds and, independently, the examples. Two ways of training are compared
on the same examples; paired, they share their seeds as well.

It needs many seeds. Of S seeds, resampled, the variance is too small by (S - 1) / S,
and normal where it should be Student's t: two of them are half of the time twice the
same. Where seeds differ much, intervals of two to eight of them miss two to six times
as often as they say (results/simulations/coverage.csv). Of a few seeds use
`few_seeds_draws`: the examples resampled, and the seeds' error added as Student's t.
Both count the chance of a single seed and example twice, with the seeds and with the
examples, and so are too wide where there is much of it.

Scores are main scores, fractions of 1.
"""

import numpy as np

from suite.metrics import main_score, metric_scores
from suite.statistics.bootstrap import bootstrap_draws
from suite.tasks import Task

_OF_SEEDS = 10


def multi_bootstrap_draws(
    task: Task,
    predictions: np.ndarray,
    labels: np.ndarray,
    rng: np.random.Generator,
    resamples: int = 2000,
) -> np.ndarray:
    """Draws [resamples] of the mean main score of predictions [S, n]."""

    def statistic(weights: np.ndarray) -> np.ndarray:
        return _mean_of_seeds(_by_seed(task, predictions, labels, weights), rng)

    return bootstrap_draws(statistic, labels.size, rng, resamples)


def multi_bootstrap_differences(
    task: Task,
    sides: tuple[np.ndarray, np.ndarray],
    labels: np.ndarray,
    rng: np.random.Generator,
    resamples: int = 2000,
    paired: bool = True,
) -> np.ndarray:
    """Draws [resamples] of the mean main score of the second side - the first's.

    Sides are predictions [S, n] on the same examples. Paired: row s of both has the
    same seed, and a draw takes the same seeds on both. Unpaired: seeds are drawn for
    each side by itself, and the sides may have different numbers of them.
    """
    first, second = sides
    if paired and len(first) != len(second):
        raise ValueError(
            f"expected as many seeds on both sides of a pair, found {len(first)} and "
            f"{len(second)}"
        )

    def statistic(weights: np.ndarray) -> np.ndarray:
        one, other = (_by_seed(task, side, labels, weights) for side in sides)
        if paired:
            return _mean_of_seeds(other - one, rng)
        return _mean_of_seeds(other, rng) - _mean_of_seeds(one, rng)

    return bootstrap_draws(statistic, labels.size, rng, resamples)


def few_seeds_draws(
    example_draws: np.ndarray, by_seed: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draws [10 R] of a mean over few seeds: examples resampled, seeds by Student's t.

    `example_draws` [R] are of the mean over seeds with only examples resampled,
    `by_seed` [S] the scores (or paired differences) it is the mean of; ValueError for
    fewer than two. Student's t of a few seeds has far tails, and costs nothing to draw:
    ten times for each resample. What seeds and examples do together is in both, so the
    interval is rather too wide than too narrow.
    """
    if by_seed.size < 2:
        raise ValueError(f"expected two seeds or more, found {by_seed.size}")
    error = float(np.std(by_seed, ddof=1)) / np.sqrt(by_seed.size)
    draws = np.repeat(example_draws, _OF_SEEDS)
    return draws + error * rng.standard_t(by_seed.size - 1, draws.size)


def _by_seed(
    task: Task, predictions: np.ndarray, labels: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Main scores [S, r] of predictions [S, n] in r resamples."""
    return main_score(task, metric_scores(task, predictions, labels, weights))


def _mean_of_seeds(by_seed: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The mean over resampled seeds of scores [S, r], anew in each resample: [r]."""
    count, draws = by_seed.shape
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=draws)  # [r, S]
    return np.einsum("sr,rs->r", by_seed, drawn) / count
