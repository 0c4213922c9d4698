"""Coverage where the configuration was chosen on the examples that score it.

Grids of 20 configurations whose skills are equal or differ. What an estimate is of is
the true score of what was chosen: for best-of-20 that of the best on all of dev, for
cross-fitting the mean of the chosen ones' of all halves. Their bias is in
tests/simulations/test_bias.py.
"""

from functools import partial

import numpy as np

from suite.selection import best_of, cross_fit, grid_scores
from suite.statistics import interval, score_draws
from suite.tasks import TASKS
from tests.simulations.simulation import Simulation

TASK, EXAMPLES, HALVINGS = TASKS["RTE"], 277, 10
GRIDS = {
    "20 equal": np.full(20, 0.7),
    "20 from 0.66 to 0.74": np.linspace(0.66, 0.74, 20),
    "20, one 0.1 better": np.array([0.6] * 19 + [0.7]),
}


def drawn_grid(skills, rng):
    """Predictions [C, 1, n] and labels [n]."""
    labels = rng.integers(0, 2, EXAMPLES)
    right = rng.random((skills.size, 1, EXAMPLES)) < skills[:, None, None]
    return np.where(right, labels, 1 - labels), labels


def simulate_naive_interval(skills, rng, repetitions):
    misses = 0
    for _ in range(repetitions):
        predictions, labels = drawn_grid(skills, rng)
        best = best_of(grid_scores(TASK, predictions, labels)["main"])
        low, high = interval(
            score_draws(TASK, predictions[best], labels, rng, 1000)["main"]
        )
        misses += not low <= skills[best] <= high
    return misses


def simulate_cross_fitted_interval(skills, rng, repetitions):
    """Draws of every halving together, as an estimate has them."""
    misses = 0
    for _ in range(repetitions):
        predictions, labels = drawn_grid(skills, rng)
        fit = cross_fit(TASK, predictions, labels, rng, HALVINGS)
        draws = score_draws(TASK, fit.predictions, labels, rng, 100)["main"]
        low, high = interval(draws.ravel())
        misses += not low <= skills[fit.chosen].mean() <= high
    return misses


SIMULATIONS = [
    Simulation(procedure, setting, 0.05, partial(simulate, skills), expected, few, 2000)
    for procedure, simulate, expected, few in (
        ("interval of best-of-20", simulate_naive_interval, ("more often",), 60),
        (
            "interval of the cross-fitted score",
            simulate_cross_fitted_interval,
            ("holds", "less often"),
            30,
        ),
    )
    for setting, skills in GRIDS.items()
    if not (setting == "20, one 0.1 better" and "best-of-20" in procedure)
]
