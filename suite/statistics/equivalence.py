"""Two one-sided tests that a difference is smaller than a margin (Schuirmann 1987).

Below the level exactly where the interval of 1 - 2 × level lies inside ±margin.
"""

import numpy as np
from scipy import stats


def equivalence_p(draws: np.ndarray, margin: float) -> float:
    """p of the two one-sided tests of |difference| < margin, from its draws [R].

    Below 0.05 exactly where the 90 % interval lies inside ±margin.
    """
    outside = max(np.sum(draws <= -margin), np.sum(draws >= margin))
    return float(min(1.0, (outside + 1) / (draws.size + 1)))


def t_equivalence_p(
    mean: float, standard_error: float, degrees_of_freedom: float, margin: float
) -> float:
    """The same of a mean difference whose error is Student's t.

    For a few seeds: `standard_error` is their standard deviation over the root of their
    number, the degrees of freedom are one less than that. Without any error p is 0
    inside the margin and 1 elsewhere.
    """
    room = margin - abs(mean)
    if standard_error == 0:
        return 0.0 if room > 0 else 1.0
    return float(stats.t.sf(room / standard_error, degrees_of_freedom))
