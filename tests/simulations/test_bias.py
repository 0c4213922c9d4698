"""Best-of-20 is optimistic, cross-fitting is not: the mean error of either.

A bias of less than three standard errors is none that can be seen. What an estimate is
of, and the coverage of its interval, are in tests/simulations/selection.py.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from suite.metrics import accuracy
from suite.selection import best_of, cross_fit, grid_scores
from tests.simulations.selection import GRIDS, HALVINGS, TASK, drawn_grid


@dataclass(frozen=True)
class Bias:
    """A line of selection.csv, in points."""

    estimate: str
    setting: str
    repetitions: int
    bias: float
    standard_error: float
    verdict: str


def simulate_best(skills, rng, repetitions):
    """Errors [repetitions] of the best configuration's own score."""
    errors = []
    for _ in range(repetitions):
        predictions, labels = drawn_grid(skills, rng)
        best = best_of(grid_scores(TASK, predictions, labels)["main"])
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
