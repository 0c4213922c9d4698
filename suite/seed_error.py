"""What another seed would do to a score, as far as the seeds at hand tell.

A standard deviation that was measured on a few seeds is itself uncertain, so each comes
with its degrees of freedom, and intervals take Student's t of them for the normal
(suite/statistics/gap.py). Where a configuration was run on one seed only, nothing was
measured, and the grid stands in: arrays of scores [C, S] are of C configurations on S
seeds. Scores are fractions or points, whichever the caller passes, throughout.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

# Of the better half of equal normal scores the standard deviation is this part of all:
# the root of 1 - 2 / pi, that of half a normal distribution.
_OF_BETTER_HALF = math.sqrt(1 - 2 / math.pi)
# The excess kurtosis of half a normal distribution: 8 (pi - 3) / (pi - 2)².
_EXCESS_OF_HALF = 8 * (math.pi - 3) / (math.pi - 2) ** 2


@dataclass(frozen=True)
class SeedError:
    """The standard deviation of one run over seeds, and how it was found.

    `freedom` are the degrees of freedom of its estimate. `sd` is None where there was
    nothing to estimate it from; `is_guess` where the grid stood in for seeds.
    """

    sd: float | None
    freedom: float
    how: str
    is_guess: bool = False


def in_points(error: SeedError) -> SeedError:
    """Of one in fractions of 1."""
    return error if error.sd is None else replace(error, sd=100 * error.sd)


def of_fresh_seeds(scores: np.ndarray) -> SeedError:
    """From scores [S] on seeds that had no part in the choice; two at least.

    The seeds that chose are not among them: they were lucky there.
    """
    how = f"measured over {scores.size} fresh seeds of the chosen one"
    return SeedError(float(np.std(scores, ddof=1)), scores.size - 1, how)


def of_grid(scores: np.ndarray, main: np.ndarray) -> SeedError:
    """From scores [C, S] of the whole grid; `main` [C, S] says which half is better.

    From two seeds on, pooled within the configurations of the better half: those that
    learn nothing hardly differ by seed. With one seed it is guessed from how much the
    better half differ among themselves. Choosing them by these scores has cut off what
    lies below, which is made up for as if all were equal and normal; where they are not
    equal, or not chosen by these very scores, the guess is too large rather than too
    small.
    """
    configurations, seeds = scores.shape
    better = _better_half(main)
    if seeds > 1:
        pooled = np.sqrt(np.mean(np.var(scores[better], axis=1, ddof=1)))
        freedom = better.size * (seeds - 1)
        return SeedError(float(pooled), freedom, f"measured over {seeds} seeds")
    if configurations < 4:
        how = "not measured: one seed and fewer than four configurations"
        return SeedError(None, math.inf, how)
    spread = float(np.std(scores[better, 0], ddof=1)) / _OF_BETTER_HALF
    how = "one seed: guessed from how far the better half of the grid lie apart"
    return SeedError(spread, _freedom_of_half(better.size), how, is_guess=True)


def _better_half(main: np.ndarray) -> np.ndarray:
    """Indices of the better half of the configurations, by their means over seeds."""
    order = np.argsort(-main.mean(axis=1), kind="stable")
    return order[: (order.size + 1) // 2]


def _freedom_of_half(size: int) -> float:
    """Degrees of freedom of the variance of so many values of half a normal.

    A sample variance has the relative variance 2 / freedom; that of n values with this
    excess kurtosis is excess / n + 2 / (n - 1).
    """
    return 2 / (_EXCESS_OF_HALF / size + 2 / (size - 1))
