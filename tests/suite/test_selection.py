"""Best-of-n is optimistic and cross-fitting is not, by simulation."""

import numpy as np
import pytest

from suite.selection import (
    best_of,
    cross_fit,
    grid_scores,
    stratified_half,
)
from suite.tasks import TASKS

TASK = TASKS["RTE"]


def random_grid(rng, skills, examples, seeds=1):
    """Predictions [C, S, n] of which a share `skills[c]` is right, and labels [n]."""
    labels = rng.integers(0, 2, examples)
    right = rng.random((len(skills), seeds, examples)) < np.reshape(skills, (-1, 1, 1))
    return np.where(right, labels, 1 - labels), labels


def cross_fitted_score(predictions, labels, rng):
    fit = cross_fit(TASK, predictions, labels, rng, draws=4)
    return np.mean(fit.predictions == labels)


def test_cross_fitting_is_unbiased_where_best_of_20_is_not():
    """Twenty equal configurations: the best is 1.87 standard deviations too good."""
    runs, examples, skill = 400, 277, 0.7
    rng = np.random.default_rng(0)
    naive, fitted = [], []
    for _ in range(runs):
        predictions, labels = random_grid(rng, [skill] * 20, examples)
        naive.append(grid_scores(TASK, predictions, labels)["main"].max())
        fitted.append(cross_fitted_score(predictions, labels, rng))
    sd = np.sqrt(skill * (1 - skill) / examples)
    error = 4 * np.std(fitted, ddof=1) / np.sqrt(runs)
    assert abs(np.mean(fitted) - skill) < error
    optimism = (np.mean(naive) - skill) / sd
    assert abs(optimism - 1.87) < 4 * np.std(naive, ddof=1) / sd / np.sqrt(runs) + 0.03


def test_cross_fitting_finds_a_clearly_better_configuration():
    rng = np.random.default_rng(0)
    predictions, labels = random_grid(rng, [0.5] * 19 + [0.9], 400)
    fit = cross_fit(TASK, predictions, labels, rng)
    assert np.all(fit.chosen == 19)
    assert np.array_equal(fit.predictions[0], predictions[19])


def test_every_pooled_prediction_is_out_of_its_half():
    """Of two configurations each right on its own examples only, none is scored on
    what chose it: the pooled score is what the other half gives."""
    labels = np.zeros(100, int)
    predictions = np.ones((2, 1, 100), int)
    rng = np.random.default_rng(0)
    half = stratified_half(labels, np.random.default_rng(0))
    predictions[0, 0, half] = 0
    predictions[1, 0, ~half] = 0
    fit = cross_fit(TASK, predictions, labels, rng, draws=1)
    assert np.mean(fit.predictions == labels) == 0
    assert best_of(grid_scores(TASK, predictions, labels)["main"]) == 0


@pytest.mark.parametrize("examples", [2, 71, 408])
def test_halves_are_halves_of_every_class(examples):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 2, examples)
        half = stratified_half(labels, rng)
        assert abs(half.sum() - (~half).sum()) <= 1
        for label in (0, 1):
            own = labels == label
            assert abs(half[own].sum() - (~half)[own].sum()) <= 2


def test_halves_are_random():
    rng = np.random.default_rng(0)
    labels = np.zeros(40, int)
    shares = np.mean([stratified_half(labels, rng) for _ in range(2000)], axis=0)
    # Five standard errors of a fair coin.
    assert np.all(np.abs(shares - 0.5) < 5 * 0.5 / np.sqrt(2000))


def test_a_tie_goes_to_the_first():
    labels = np.zeros(10, int)
    predictions = np.zeros((3, 1, 10), int)
    assert best_of(grid_scores(TASK, predictions, labels)["main"]) == 0


def test_constant_predictions_can_be_cross_fitted():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 71)
    fit = cross_fit(TASKS["CoLA"], np.zeros((20, 1, 71), int), labels, rng)
    assert np.all(fit.predictions == 0)
