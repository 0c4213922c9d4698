"""Many comparisons at once: Holm 1979, however they depend on each other."""

import numpy as np


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's adjusted p [m] of p [m]: reject where it is at most the level."""
    p_values = np.asarray(p_values, np.float64)
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(p_values.size, 0, -1)
    stepped = np.maximum.accumulate(p_values[order] * factors)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
