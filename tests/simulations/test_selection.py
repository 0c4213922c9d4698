"""Best-of-20 is optimistic, cross-fitting is not: bias, and coverage.

Grids of 20 configurations whose skills are equal or differ. What an estimate is of is
the true score of what was chosen: for best-of-20 that of the best on all of dev, for
cross-fitting the mean of the chosen ones' of all halves. A bias of less than three
standard errors is none that can be seen.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from suite.metrics import accuracy
from suite.selection import best_configuration, cross_fit
from suite.statistics import interval, score_draws
from suite.tasks import TASKS
from tests.simulations.simulation import Simulation, held_in_a_few, simulated

TASK, EXAMPLES, HALVINGS = TASKS["RTE"], 277, 10
GRIDS = {
    "20 equal": np.full(20, 0.7),
    "20 from 0.66 to 0.74": np.linspace(0.66, 0.74, 20),
    "20, one 0.1 better": np.array([0.6] * 19 + [0.7]),
}


@dataclass(frozen=True)
class Bias:
    """A line of selection.csv, in points."""

    estimate: str
    setting: str
    repetitions: int
    bias: float
    standard_error: float
    verdict: str


def drawn_grid(skills, rng):
    """Predictions [C, 1, n] and labels [n]."""
    labels = rng.integers(0, 2, EXAMPLES)
    right = rng.random((skills.size, 1, EXAMPLES)) < skills[:, None, None]
    return np.where(right, labels, 1 - labels), labels


def simulate_best(skills, rng, repetitions):
    """Errors [repetitions] of the best configuration's own score."""
    errors = []
    for _ in range(repetitions):
        predictions, labels = drawn_grid(skills, rng)
        best = best_configuration(TASK, predictions, labels)
        errors.append(accuracy(predictions[best, 0], labels) - skills[best])
    return np.array(errors)


def simulate_cross_fitted(skills, rng, repetitions):
    """The same of the cross-fitted score."""
    errors = []
    for _ in range(repetitions):
        predictions, labels = drawn_grid(skills, rng)
        fit = cross_fit(TASK, predictions, labels, rng, HALVINGS)
        score = accuracy(fit.predictions, labels).mean()
        errors.append(score - skills[fit.chosen].mean())
    return np.array(errors)


def simulate_naive_interval(skills, rng, repetitions):
    misses = 0
    for _ in range(repetitions):
        predictions, labels = drawn_grid(skills, rng)
        best = best_configuration(TASK, predictions, labels)
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
BIASES = [
    (estimate, setting, simulate)
    for estimate, simulate in (
        ("best-of-20", simulate_best),
        ("cross-fitted", simulate_cross_fitted),
    )
    for setting in GRIDS
]


def bias(estimate, setting, simulate, repetitions):
    rng = np.random.default_rng(list(f"{estimate} {setting}".encode()))
    errors = 100 * simulate(GRIDS[setting], rng, repetitions)
    mean, error = errors.mean(), errors.std(ddof=1) / np.sqrt(repetitions)
    verdict = "optimistic" if mean > 3 * error else "unbiased"
    verdict = "pessimistic" if mean < -3 * error else verdict
    return Bias(
        estimate,
        setting,
        repetitions,
        float(round(mean, 3)),
        float(round(error, 3)),
        verdict,
    )


def expected_verdict(estimate):
    return "unbiased" if estimate == "cross-fitted" else "optimistic"


@pytest.mark.parametrize(("estimate", "setting", "simulate"), BIASES[:2] + BIASES[3:5])
def test_bias_in_a_few(estimate, setting, simulate):
    found = bias(estimate, setting, simulate, 200)
    assert found.verdict == expected_verdict(estimate), found


@pytest.mark.simulations
@pytest.mark.parametrize(("estimate", "setting", "simulate"), BIASES)
def test_bias_in_many(estimate, setting, simulate, selection_table):
    found = bias(estimate, setting, simulate, 4000)
    selection_table.add(found)
    assert found.verdict == expected_verdict(estimate), found


@pytest.mark.parametrize("simulation", SIMULATIONS, ids=str)
def test_a_few(simulation):
    assert held_in_a_few(simulation)


@pytest.mark.simulations
@pytest.mark.parametrize("simulation", SIMULATIONS, ids=str)
def test_many(simulation, coverage_table):
    row = simulated(simulation)
    coverage_table.add(row)
    assert row.verdict in simulation.expected, row
