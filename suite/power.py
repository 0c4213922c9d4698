"""What would settle an inconclusive comparison, as a number.

Only our own part of the error can be made smaller, by more examples and more seeds; the
published number's sampling error, seed and rounding stay as they are.
"""

import math

from suite.statistics import Spread

# One-sided 0.05 for equivalence (two one-sided tests), two-sided 0.05 for difference.
_Z_EQUIVALENCE = 1.6449
_Z_DIFFERENCE = 1.9600


def growth_needed(difference: float, margin: float, spread: Spread) -> float | None:
    """How many times our examples and seeds would settle it, were the gap to stay.

    Towards "reproduced" when the gap is inside the margin, else towards "differs" (one
    test, uncorrected). None when no number of ours is enough.
    """
    gap = abs(difference)
    inside = gap < margin
    allowed = (margin - gap) / _Z_EQUIVALENCE if inside else gap / _Z_DIFFERENCE
    ours = spread.our_examples**2 + spread.our_seeds**2
    theirs = spread.total**2 - ours
    room = allowed**2 - theirs
    return max(1.0, ours / room) if room > 0 else None


def what_settles(difference: float, margin: float, spread: Spread) -> str:
    """`growth_needed` in words."""
    growth = growth_needed(difference, margin, spread)
    target = "reproduced" if abs(difference) < margin else "differs"
    if growth is None:
        theirs = math.sqrt(
            spread.total**2 - spread.our_examples**2 - spread.our_seeds**2
        )
        return (
            f"nothing of ours: the published number alone is uncertain by "
            f"±{_Z_DIFFERENCE * theirs:.1f}"
        )
    return f"{_times(growth)} our examples and seeds, towards {target}"


def _times(growth: float) -> str:
    return f"{growth:.1f} times" if growth < 10 else f"{growth:.0f} times"
