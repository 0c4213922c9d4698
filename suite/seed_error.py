"""What another seed would do to a score, as far as the seeds at hand tell.

A standard deviation that was measured on a few seeds is itself uncertain, so each comes
with its degrees of freedom, and intervals take Student's t of them for the normal
(suite/statistics/gap.py). Where there are too few seeds for that, the grid stands in:
arrays of scores [C, S] are of C configurations on S seeds. Scores are fractions or
points, whichever the caller passes, throughout.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

# Of the better half of equal normal scores the standard deviation is this part of all:
# the root of 1 - 2 / pi, that of half a normal distribution.
_OF_BETTER_HALF = math.sqrt(1 - 2 / math.pi)
GUESSED = "few seeds: guessed from how far the better half of the grid lie apart"
# Of fewer degrees of freedom an interval is so wide that a guess tells more.
FEW_FREEDOM = 3
# The excess kurtosis of half a normal distribution: 8 (pi - 3) / (pi - 2)².
_EXCESS_OF_HALF = 8 * (math.pi - 3) / (math.pi - 2) ** 2


@dataclass(frozen=True)
class SeedError:
    """The standard deviation of one run over seeds, and how it was found.

    `freedom` are the degrees of freedom of its estimate. `sd` is None where there was
    nothing to estimate it from; `how` is `GUESSED` where the grid stood in for seeds.
    """

    sd: float | None
    freedom: float
    how: str


def in_points(error: SeedError) -> SeedError:
    """Of one in fractions of 1."""
    return error if error.sd is None else replace(error, sd=100 * error.sd)


def of_seeds(scores: np.ndarray, how: str) -> SeedError:
    """Measured on scores [S] of single runs that differ by seed; two at least."""
    return SeedError(float(np.std(scores, ddof=1)), scores.size - 1, how)


def guessed(scores: np.ndarray, main: np.ndarray) -> SeedError:
    """From how far the better half of a grid lie apart, on each of its seeds.

    `scores` are [C, S], and `main` [C, S] says which half is better. Choosing the half
    has cut off what lies below, which is made up for as if all were equal and normal:
    where they are not equal, or not chosen by these very scores, the guess is too
    large. What a seed does to all configurations alike is not seen, which makes it too
    small. Its degrees of freedom are those of one seed, since seeds of a grid are few.
    """
    configurations, seeds = scores.shape
    if configurations < 4:
        how = "not measured: few seeds and fewer than four configurations"
        return SeedError(None, math.inf, how)
    halves = [_better_half(main[:, seed]) for seed in range(seeds)]
    squares = [np.var(scores[h, s], ddof=1) for s, h in enumerate(halves)]
    spread = float(np.sqrt(np.mean(squares))) / _OF_BETTER_HALF
    return SeedError(spread, _freedom_of_half(halves[0].size), GUESSED)


def best_known(
    fresh: SeedError | None, grid: SeedError | None, guess: SeedError
) -> SeedError:
    """Which of them to go by; how many seeds there are decides, never what they show.

    What was measured on four seeds or more, fresh ones first; else whatever has the
    most degrees of freedom, which the guess has but of a small grid.
    """
    measured = [error for error in (fresh, grid) if error]
    enough = [error for error in measured if error.freedom >= FEW_FREEDOM]
    if enough:
        return enough[0]
    known = [error for error in (*measured, guess) if error.sd is not None]
    return max(known, key=lambda error: error.freedom, default=guess)


def _better_half(main: np.ndarray) -> np.ndarray:
    """Indices of the better half of the configurations, by scores [C]."""
    order = np.argsort(-main, kind="stable")
    return order[: (order.size + 1) // 2]


def _freedom_of_half(size: int) -> float:
    """Degrees of freedom of the variance of so many values of half a normal.

    A sample variance has the relative variance 2 / freedom; that of n values with this
    excess kurtosis is excess / n + 2 / (n - 1).
    """
    return 2 / (_EXCESS_OF_HALF / size + 2 / (size - 1))
