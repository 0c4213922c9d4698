"""Draws, batches, BCa; SciPy's are in tests/peers, coverage in tests/simulations."""

import numpy as np
import pytest

from suite.metrics import metric_scores
from suite.statistics import (
    bca_draws,
    bca_interval,
    bca_score_draws,
    bootstrap_draws,
    interval,
    leave_one_out,
    score_draws,
    score_statistic,
)
from suite.tasks import TASKS


def random_predictions(task, rng, shape):
    """Predictions [..., n] of random skill and labels [n]."""
    if task.is_regression:
        labels = rng.uniform(0, 5, shape[-1])
        return labels + rng.normal(0, 2, shape), labels
    labels = rng.integers(0, len(task.labels), shape[-1])
    wrong = (labels + 1) % len(task.labels)
    return np.where(rng.random(shape) < 0.3, wrong, labels), labels


def test_draws_do_not_depend_on_how_many_fit_in_memory(monkeypatch):
    def draws():
        rng = np.random.default_rng(0)
        return bootstrap_draws(lambda w: w[:, 0] / 50, 50, rng, 101)

    whole = draws()
    monkeypatch.setattr("suite.statistics.bootstrap._ELEMENTS_AT_ONCE", 70)
    monkeypatch.setattr("suite.statistics.bootstrap._RESAMPLES_AT_ONCE", 3)
    assert whole.shape == draws().shape == (101,)
    assert np.array_equal(whole, draws())


@pytest.mark.parametrize("examples", [2, 71, 5000, 300_000])
def test_a_batch_is_small_and_a_resample_whole(examples):
    """Memory is bounded: 64 resamples at once, or some 250,000 weights."""
    sizes = []

    def statistic(weights):
        assert np.all(weights.sum(axis=1) == examples)
        sizes.append(weights.shape)
        return weights[:, 0]

    resamples = min(200, 3 * 10**6 // examples)
    rng = np.random.default_rng(0)
    assert bootstrap_draws(statistic, examples, rng, resamples).size == resamples
    assert max(rows for rows, _ in sizes) <= max(64, 250_000 // examples)


def test_one_example_has_one_resample():
    draws = score_draws(
        TASKS["RTE"], np.array([[1]]), np.array([1]), np.random.default_rng(0), 10
    )
    assert np.all(draws["accuracy"] == 1)


def test_the_main_score_is_drawn_with_its_metrics():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 100)
    draws = score_draws(TASKS["MRPC"], labels[None] * 0 + 1, labels, rng, 50)
    mean = (draws["f1"] + draws["accuracy"]) / 2
    np.testing.assert_allclose(draws["main"], mean)


@pytest.mark.parametrize("name", TASKS)
def test_a_grid_is_drawn_as_its_configurations_are(name):
    """[C, S, n] in one go is each [S, n] with a generator in the same state.

    Sums of 60 terms near 1, in another order: 60 roundings, and a few more.
    """
    task = TASKS[name]
    predictions, labels = random_predictions(task, np.random.default_rng(1), (3, 2, 60))
    together = score_draws(task, predictions, labels, np.random.default_rng(0), 20)
    for c, own in enumerate(predictions):
        alone = score_draws(task, own, labels, np.random.default_rng(0), 20)
        for metric, drawn in alone.items():
            tolerance = 10 * 60 * np.finfo(np.float64).eps
            np.testing.assert_allclose(
                together[metric][c], drawn, rtol=0, atol=tolerance
            )


@pytest.mark.parametrize("name", TASKS)
def test_leaving_one_out_is_scoring_the_others(name):
    """Weights n / (n - 1) give the score of the n - 1 examples written out."""
    task, n = TASKS[name], 40
    for seed in range(10):
        rng = np.random.default_rng(seed)
        predictions, labels = random_predictions(task, rng, (2, n))
        found = leave_one_out(score_statistic(task, predictions, labels), n)
        for i in range(n):
            values = metric_scores(
                task, np.delete(predictions, i, axis=1), np.delete(labels, i)
            )
            expected = [value.mean() for value in values.values()]
            # As above: n roundings of sums of terms near 1, ten times over.
            np.testing.assert_allclose(
                found[:-1, i], expected, rtol=0, atol=10 * n * np.finfo(float).eps
            )


def test_a_single_example_cannot_be_left_out():
    with pytest.raises(ValueError, match="two examples or more, found 1"):
        leave_one_out(lambda weights: weights[:, 0], 1)


def test_bca_without_bias_or_acceleration_is_the_percentile_interval():
    draws = np.linspace(-1, 1, 1001)
    left_out = np.array([-1.0, 0.0, 1.0])
    assert bca_interval(draws, 0.0, left_out) == pytest.approx(interval(draws))


def test_bca_worked_by_hand():
    """Half the draws of a uniform on [0, 1] shifted: estimate 0.6, so Phi(z0) = 0.6.

    Without acceleration the shares are Phi(2 z0 -+ 1.96), z0 = 0.25335.
    """
    draws = (np.arange(10_000) + 0.5) / 10_000
    low, high = bca_interval(draws, 0.6, np.zeros(5))
    # Phi(-1.45326) and Phi(2.46667); the draws stand 1e-4 apart.
    assert low == pytest.approx(0.07308, abs=2e-4)
    assert high == pytest.approx(0.99318, abs=2e-4)


def test_percentiles_of_moved_draws_are_the_limits_of_bca():
    """To half a draw's place in the order, and every draw keeps its own."""
    rng = np.random.default_rng(0)
    draws = rng.beta(18, 2, 2001)
    estimate, left_out = np.median(draws), 0.9 + 0.01 * rng.gamma(1, 1, 71)
    moved = bca_draws(draws, estimate, left_out)
    np.testing.assert_array_equal(np.argsort(moved), np.argsort(draws))
    for level in (0.5, 0.9, 0.95):
        allowed = np.diff(np.sort(moved)).max()
        assert interval(moved, level) == pytest.approx(
            bca_interval(draws, estimate, left_out, level), abs=allowed
        )
    assert interval(moved)[0] < interval(draws)[0]  # so the test can tell them apart


def test_bca_is_further_from_the_bound():
    """Of an accuracy near 1 the long tail is below."""
    rng = np.random.default_rng(0)
    labels = np.zeros(200, int)
    predictions = np.zeros((1, 200), int)
    predictions[0, :6] = 1
    draws = score_draws(TASKS["RTE"], predictions, labels, rng, 4000)["accuracy"]
    bca = bca_score_draws(TASKS["RTE"], predictions, labels, rng, 4000)["accuracy"]
    assert interval(bca)[0] < interval(draws)[0]
    assert interval(bca)[1] <= interval(draws)[1]


@pytest.mark.parametrize("name", TASKS)
def test_constants_have_an_interval_without_nan(name):
    task = TASKS[name]
    for constant in (0, 1):
        predictions = np.full((2, 71), constant)
        labels = np.random.default_rng(0).integers(0, 2, 71)
        for own in (labels, predictions[0]):
            rng = np.random.default_rng(0)
            found = bca_score_draws(task, predictions, own, rng, 200)
            assert set(found) == {*task.metrics, "main"}
            for low, high in map(interval, found.values()):
                assert 0 <= low <= high <= 1
