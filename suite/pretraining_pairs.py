"""What several pre-training runs of each masking say: one difference a pair of seeds.

A pair are two runs of one seed that differ in masking only. Their differences are the
only thing that speaks about masking rather than about two checkpoints, and few of them
say little: Student's interval needs two, the exact sign-flip test six to reach 0.05. So
both come with what could have been seen at all. Of more than 20 pairs flips are drawn
(suite/statistics/permutation.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from suite.power import smallest_effect
from suite.statistics import PermutationTest, sign_flip_test
from suite.statistics.permutation import EXACT_PAIRS, RANDOM_FLIPS


@dataclass(frozen=True)
class OverPairs:
    """A mean difference over pre-training seeds, in the unit of `differences`.

    `low` and `high` bound it at 95 % by Student's t, and `smallest` is the true
    difference that the t test sees four times in five; all None with one pair.
    """

    differences: tuple[float, ...]
    low: float | None
    high: float | None
    sign_flip: PermutationTest
    smallest: float | None

    @property
    def mean(self) -> float:
        return float(np.mean(self.differences))

    @property
    def pairs(self) -> int:
        return len(self.differences)


def over_pairs(differences: Sequence[float], rng: np.random.Generator) -> OverPairs:
    """Of one difference a pair, whole word minus WordPiece."""
    values = np.array(differences, np.float64)
    low = high = smallest = None
    if values.size > 1:
        error, freedom = float(stats.sem(values)), values.size - 1
        half = error * stats.t.isf(0.025, freedom)
        low, high = float(values.mean() - half), float(values.mean() + half)
        smallest = smallest_effect(error, freedom)
    flip = sign_flip_test(values, rng)
    return OverPairs(tuple(map(float, values)), low, high, flip, smallest)


def what_pairs_show(pairs: int) -> str:
    """In words, what so many pairs allow one to say about masking."""
    if pairs == 1:
        return (
            "One pre-training run per masking: of masking itself nothing can be said, "
            "because another pre-training seed may move the scores as much. "
            "The exact sign-flip test can give no p below 1 with one pair; six pairs "
            "are the fewest that can reach 0.05."
        )
    exact = pairs <= EXACT_PAIRS
    smallest = 2.0 ** (1 - pairs) if exact else 1 / (RANDOM_FLIPS + 1)
    test = (
        "The exact sign-flip test"
        if exact
        else f"The sign-flip test, of {RANDOM_FLIPS:,} flips drawn by chance,"
    )
    reach = (
        ""
        if smallest <= 0.05
        else ", so it cannot reach 0.05: six pairs are the fewest"
    )
    return (
        f"{pairs} pre-training runs per masking, paired by seed. {test} "
        f"can give no p below {smallest:.2g}{reach}."
    )
