"""What draws [R] of an error's distribution say: an interval, and a p of no difference.

The percentile interval of Efron & Tibshirani (1993, ch. 13), and the p that belongs to
it. Where draws come from is not here.
"""

import numpy as np


def interval(draws: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Central interval of draws [R]."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def difference_p(draws: np.ndarray) -> float:
    """Two-sided p of "no difference" from draws [R] of one."""
    below, above = np.sum(draws <= 0), np.sum(draws >= 0)
    return float(min(1.0, 2 * (min(below, above) + 1) / (draws.size + 1)))


def smallest_p(draws: int) -> float:
    """The least that `difference_p` can be of so many draws."""
    return min(1.0, 2 / (draws + 1))
