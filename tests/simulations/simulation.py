"""One procedure, one setting: how often it is wrong, beside how often it says it is.

A miss is an interval without the truth, or a test that claims what is not so. The
observed rate's 99 % interval (Clopper & Pearson 1934) decides: "holds" where it has the
nominal rate in it, "less often" where it is below, "more often" where it is above. One
row in a hundred is off by chance alone; seeds are fixed, so it stays the same one.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

# (generator, repetitions) -> misses.
Misses = Callable[[np.random.Generator, int], int]


@dataclass(frozen=True)
class Simulation:
    """`nominal` is the rate of misses that the procedure states.

    `expected` are the verdicts that it may get: "less often" where it is conservative
    by design, "more often" where it is known not to hold.
    """

    procedure: str
    setting: str
    nominal: float
    misses: Misses
    expected: tuple[str, ...] = ("holds",)
    few: int = 200
    many: int = 2000

    def __str__(self) -> str:
        return f"{self.procedure}, {self.setting}"

    def count(self, repetitions: int) -> int:
        """The misses, from a generator of its own: no row depends on another."""
        rng = np.random.default_rng(zlib.crc32(str(self).encode()))
        return self.misses(rng, repetitions)


@dataclass(frozen=True)
class Row:
    """A line of coverage.csv; rates are of misses."""

    procedure: str
    setting: str
    nominal: float
    repetitions: int
    observed: float
    low: float
    high: float
    verdict: str


def simulated(simulation: Simulation) -> Row:
    """The many repetitions, judged."""
    runs = simulation.many
    count = simulation.count(runs)
    bounds = stats.binomtest(count, runs).proportion_ci(0.99, method="exact")
    if bounds.low > simulation.nominal:
        verdict = "more often"
    else:
        verdict = "less often" if bounds.high < simulation.nominal else "holds"
    return Row(
        simulation.procedure,
        simulation.setting,
        nominal=round(simulation.nominal, 5),
        repetitions=runs,
        observed=round(count / runs, 5),
        low=float(round(bounds.low, 5)),
        high=float(round(bounds.high, 5)),
        verdict=verdict,
    )


def held_in_a_few(simulation: Simulation) -> bool:
    """Whether a few repetitions are as a correct procedure leaves them but for 1e-4.

    Of one that is expected to be wrong more often, that it is not less often wrong.
    """
    runs = simulation.few
    count = simulation.count(runs)
    low, high = stats.binom.interval(1 - 1e-4, runs, simulation.nominal)
    not_below = "less often" in simulation.expected or low <= count
    not_above = "more often" in simulation.expected or count <= high
    return bool(not_below and not_above)
