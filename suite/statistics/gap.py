"""Ours - published as draws [R], with every source of error kept apart until then.

Scores are fractions or points, whichever the caller passes, throughout.
"""

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True)
class Spread:
    """Standard deviations of the errors of ours - published, by source.

    `rounding` is the half width of a uniform error; the others are normal.
    """

    our_examples: float
    our_seeds: float
    published_examples: float
    published_seeds: float
    rounding: float

    @property
    def total(self) -> float:
        """Standard deviation of the sum of all sources."""
        values = [getattr(self, field.name) for field in fields(self)]
        *normal, half_width = values
        return float(np.sqrt(sum(v**2 for v in normal) + half_width**2 / 3))


def gap_draws(
    ours: np.ndarray, published: float, spread: Spread, rng: np.random.Generator
) -> np.ndarray:
    """Draws [R] of ours - published with every source of error.

    `ours` are bootstrap draws [R] and already hold `spread.our_examples`; the other
    sources are added, independently. For two scores on the same test set that is
    conservative: their examples are shared, which can only bring them closer.
    """
    normal = np.sqrt(
        spread.our_seeds**2 + spread.published_examples**2 + spread.published_seeds**2
    )
    noise = rng.normal(0.0, 1.0, ours.shape) * normal
    rounding = rng.uniform(-1.0, 1.0, ours.shape) * spread.rounding
    return ours - published + noise + rounding


def published_sampling_sd(our_sd: float, ours: int, published: int) -> float:
    """Sampling error of a score on `published` examples from ours on `ours` examples.

    Same spread per example, so the error goes with the root of the sizes' ratio.
    """
    return our_sd * float(np.sqrt(ours / published))
