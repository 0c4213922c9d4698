"""Arrays in, intervals out; the random generator is always the caller's.

Scores are fractions or points, whichever the caller passes, throughout. A distribution
of error is carried as draws `[R]`, so that sources of any shape add up. SciPy does what
SciPy does. How often each procedure is wrong was simulated (tests/simulations,
results/simulations). Which comparisons are made, and what they mean, is not here
(suite/selection.py, suite/verdicts.py).
"""

from suite.statistics.best_of_n import expected_best
from suite.statistics.bootstrap import (
    bca_draws,
    bca_interval,
    bca_score_draws,
    bootstrap_draws,
    leave_one_out,
    score_draws,
    score_statistic,
)
from suite.statistics.equivalence import equivalence_p, t_equivalence_p
from suite.statistics.gap import Spread, gap_draws, published_sampling_sd
from suite.statistics.intervals import difference_p, interval, smallest_p
from suite.statistics.multi_bootstrap import (
    few_seeds_draws,
    multi_bootstrap_differences,
    multi_bootstrap_draws,
)
from suite.statistics.multiplicity import holm
from suite.statistics.permutation import (
    PermutationTest,
    mean_difference_test,
    sign_flip_test,
)

__all__ = [
    "PermutationTest",
    "Spread",
    "bca_draws",
    "bca_interval",
    "bca_score_draws",
    "bootstrap_draws",
    "difference_p",
    "equivalence_p",
    "expected_best",
    "few_seeds_draws",
    "gap_draws",
    "holm",
    "interval",
    "leave_one_out",
    "mean_difference_test",
    "multi_bootstrap_differences",
    "multi_bootstrap_draws",
    "published_sampling_sd",
    "score_draws",
    "score_statistic",
    "sign_flip_test",
    "smallest_p",
    "t_equivalence_p",
]
