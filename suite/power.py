"""What would settle an inconclusive comparison, and what could have been seen at all.

Only our own part of the error can be made smaller: seeds by more seeds, examples and
the choice among the grid by more examples. The published number's sampling error, seed
and rounding stay as they are. All "needed" numbers suppose that the difference stays
what it is, and that standard deviations are what they were found to be: with few seeds
they are uncertain themselves, so that these numbers are no more than a guide.
"""

import math
from dataclasses import dataclass, replace

from scipy import optimize, stats

from suite.markdown import counted
from suite.statistics import Spread

LEVEL = 0.05


@dataclass(frozen=True)
class Comparison:
    """A difference in points, its margin, and what its error is made of.

    `selection` is a standard deviation beside those of `spread` (suite/cells.py).
    `tests` are the cells among which Holm corrects: to differ is reckoned with his
    first and largest step, so that what is needed is enough whatever the others give.
    `needed` is how far from zero the difference would have to be, with its error as it
    is, to differ.
    """

    difference: float
    margin: float
    spread: Spread
    selection: float = 0.0
    tests: int = 1
    needed: float = math.inf

    @property
    def target(self) -> str:
        return "reproduced" if abs(self.difference) < self.margin else "differs"

    @property
    def of_examples(self) -> float:
        """Variance that more of our examples would make smaller."""
        return self.spread.our_examples**2 + self.selection**2

    @property
    def of_seeds(self) -> float:
        return (self._wider * self.spread.our_seeds) ** 2

    @property
    def of_theirs(self) -> float:
        """Variance that no more of the same of ours makes smaller."""
        own = self.spread
        seeds = self._wider * own.published_seeds
        return seeds**2 + own.published_examples**2 + own.rounding**2 / 3

    @property
    def _wider(self) -> float:
        """By what Student's t of the seeds' freedom is wider than the normal here."""
        if math.isinf(self.spread.seed_freedom):
            return 1.0
        of_t = stats.t.isf(self._tail, self.spread.seed_freedom)
        return float(of_t / stats.norm.isf(self._tail))

    @property
    def _tail(self) -> float:
        """Beyond which share of its error on one side the difference is settled."""
        is_near = self.target == "reproduced"
        return LEVEL if is_near else LEVEL / self.tests / 2

    @property
    def allowed(self) -> float:
        """The variance at which the difference is just settled."""
        gap = abs(self.difference)
        room = self.margin - gap if gap < self.margin else gap
        return (room / stats.norm.isf(self._tail)) ** 2


def growth_needed(one: Comparison) -> float | None:
    """How many times our examples and our seeds, both; None when nothing is enough."""
    return _times(one.of_examples + one.of_seeds, one.allowed - one.of_theirs)


def seeds_needed(one: Comparison) -> float | None:
    """How many times our seeds, at these examples; None when no number is enough."""
    return _times(one.of_seeds, one.allowed - one.of_theirs - one.of_examples)


def examples_needed(one: Comparison) -> float | None:
    """How many times our examples, at these seeds; None when no number is enough."""
    return _times(one.of_examples, one.allowed - one.of_theirs - one.of_seeds)


def _times(ours: float, room: float) -> float | None:
    return max(1.0, ours / room) if room > 0 else None


def what_settles(
    one: Comparison, seeds: int | None = None, examples: int | None = None
) -> str:
    """In words what would settle it; as totals where our seeds and examples are known.

    Where no more of ours would, the differences that would be settled.
    """
    both = growth_needed(one)
    if both != 1.0:
        if growth_needed(_with_seeds_known(one)) == 1.0:
            return (
                f"more fresh seeds, towards {one.target}, if their spread stays: it is "
                f"known to {degrees(one.spread.seed_freedom)} only"
            )
    if both is None:
        return _what_would_be_settled(one)
    if both == 1.0:
        return f"little: it is on the edge of {one.target}"
    ways = [
        _way(seeds_needed(one), seeds, "seed", "the grid on "),
        _way(examples_needed(one), examples, "example"),
    ]
    found = " or ".join(way for way in ways if way)
    found = found or f"{_factor(both)} our examples and seeds, neither alone"
    return f"{found}, towards {one.target}, if the difference stays"


def _what_would_be_settled(one: Comparison) -> str:
    # As reckoned for what is to be reproduced, with seeds without end.
    near = replace(_with_seeds_known(one), difference=0.0)
    theirs = stats.norm.isf(LEVEL) * math.sqrt(near.of_theirs)
    said = f"a difference beyond ±{at_least(one.needed)} would differ"
    if theirs >= one.margin:
        return (
            f"{said}; reproduced is out of reach: the published number alone is "
            f"uncertain by ±{theirs:.1f}, more than the margin"
        )
    return (
        f"{said}; with seeds and examples without end one within "
        f"±{one.margin - theirs:.1f} would be reproduced"
    )


def _with_seeds_known(one: Comparison) -> Comparison:
    """The same, were the spread of the seeds known and not estimated."""
    return replace(one, spread=replace(one.spread, seed_freedom=math.inf))


def degrees(freedom: float) -> str:
    """ "1 degree of freedom", "7 degrees of freedom"."""
    return f"{counted(round(freedom), 'degree')} of freedom"


def at_least(points: float) -> str:
    """A number of points, rounded up so that it is enough."""
    return f"{max(0.1, math.ceil(10 * points) / 10):.1f}"


def _way(times: float | None, now: int | None, noun: str, on: str = "") -> str:
    if times is None:
        return ""
    if now is None:
        return f"{_factor(times)} our {noun}s"
    return f"{on}about {math.ceil(now * times):,} {noun}s instead of {now:,}"


def _factor(times: float) -> str:
    return f"about {times:.1f} times" if times < 10 else f"about {times:,.0f} times"


def chance_to_see(effect: float, error: float, freedom: float) -> float:
    """The probability that a t test finds this true mean difference, two-sided at 0.05.

    `error` is the mean's standard error, `freedom` its degrees of freedom, infinite
    where the error is known. From the noncentral t distribution; a difference found on
    the wrong side of 0 is not counted.
    """
    if error == 0:
        return float(effect != 0)
    shift = abs(effect) / error
    return float(stats.nct.sf(stats.t.isf(LEVEL / 2, freedom), freedom, shift))


def smallest_effect(error: float, freedom: float, power: float = 0.8) -> float:
    """The true mean difference that such a test finds with this probability."""

    def missed(shift: float) -> float:
        return power - chance_to_see(shift, 1.0, freedom)

    # The bracket's end is seen surely: critical values are 12.7 (two pairs) and less.
    end = 10 * stats.t.isf(LEVEL / 2, freedom)
    return float(error * optimize.brentq(missed, 0.0, end))
