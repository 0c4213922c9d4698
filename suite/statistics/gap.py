"""Ours - published as draws [R], with every source of error kept apart until then.

Scores are fractions or points, whichever the caller passes, throughout.
"""

import math
from dataclasses import dataclass

import numpy as np

# So many draws of the other errors for each of ours: of a table of 15 cells the far
# tail decides, and they cost nothing.
_TIMES = 10


@dataclass(frozen=True)
class Spread:
    """Standard deviations of the errors of ours - published, by source.

    `rounding` is the half width of a uniform error. Of the seeds it is known how well
    they are known: their errors come from one estimate with `seed_freedom` degrees of
    freedom, and are Student's t of them. The others are normal.
    """

    our_examples: float
    our_seeds: float
    published_examples: float
    published_seeds: float
    rounding: float
    seed_freedom: float = math.inf

    @property
    def seeds(self) -> float:
        """Of both numbers' seeds together."""
        return math.hypot(self.our_seeds, self.published_seeds)

    @property
    def total(self) -> float:
        """The sum of all sources, without what is uncertain about the seeds' own."""
        examples = math.hypot(self.our_examples, self.published_examples)
        return math.hypot(examples, self.seeds, self.rounding / math.sqrt(3))


def gap_draws(
    ours: np.ndarray, published: float, spread: Spread, rng: np.random.Generator
) -> np.ndarray:
    """Draws [10 R] of ours - published with every source of error.

    `ours` are bootstrap draws [R] and already hold `spread.our_examples`; the other
    sources are added, independently, ten times to each. Both numbers' seeds make one
    error, Student's t as their standard deviations come from one estimate. For two
    scores on the same test set that is conservative: their examples are shared, which
    can only bring them closer.
    """
    ours = np.tile(ours, _TIMES)
    noise = rng.normal(0.0, spread.published_examples, ours.shape)
    noise += spread.seeds * _standard_t(spread.seed_freedom, ours.shape, rng)
    rounding = rng.uniform(-1.0, 1.0, ours.shape) * spread.rounding
    return ours - published + noise + rounding


def _standard_t(
    freedom: float, shape: tuple[int, ...], rng: np.random.Generator
) -> np.ndarray:
    """Student's t, which of infinitely many degrees of freedom is the normal."""
    if math.isinf(freedom):
        return rng.standard_normal(shape)
    return rng.standard_t(freedom, shape)


def published_sampling_sd(our_sd: float, ours: int, published: int) -> float:
    """Sampling error of a score on `published` examples from ours on `ours` examples.

    Same spread per example, so the error goes with the root of the sizes' ratio.
    """
    return our_sd * float(np.sqrt(ours / published))
