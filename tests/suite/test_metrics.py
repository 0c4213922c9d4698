"""Metrics against SciPy, formulas written out by hand, and degenerate inputs."""

import warnings

import numpy as np
import pytest
from scipy import stats

from suite.metrics import (
    METRICS,
    main_score,
    metric_scores,
    predictions_from_logits,
    scores,
)
from suite.tasks import TASKS

# Sums of n <= 300 terms of size 1, a few of them: n * float64's epsilon, times ten.
TOLERANCE = 10 * 300 * np.finfo(np.float64).eps


def by_hand_matthews(predictions, labels):
    """Binary phi coefficient from the four counts."""
    tp = np.sum((predictions == 1) & (labels == 1))
    tn = np.sum((predictions == 0) & (labels == 0))
    fp = np.sum((predictions == 1) & (labels == 0))
    fn = np.sum((predictions == 0) & (labels == 1))
    scale = float((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)) ** 0.5
    return (float(tp) * tn - float(fp) * fn) / scale if scale else 0.0


def by_hand_f1(predictions, labels):
    tp = np.sum((predictions == 1) & (labels == 1))
    wrong = np.sum(predictions != labels)
    return 2 * tp / (2 * tp + wrong) if tp else 0.0


def by_scipy(function):
    def score(predictions, labels):
        if np.ptp(predictions) == 0 or np.ptp(labels) == 0:
            return 0.0
        return function(predictions, labels).statistic

    return score


REFERENCE = {
    "accuracy": lambda p, y: np.mean(p == y),
    "f1": by_hand_f1,
    "matthews": by_hand_matthews,
    "pearson": by_scipy(stats.pearsonr),
    "spearman": by_scipy(stats.spearmanr),
}


def random_case(name, rng, rows, n):
    if name in ("pearson", "spearman"):
        labels = rng.integers(0, 26, n) / 5.0  # as STS-B's: many ties
        return labels + rng.normal(0, 1, (rows, n)), labels
    labels = rng.integers(0, 2, n)
    flipped = rng.random((rows, n)) < 0.3
    return np.where(flipped, 1 - labels, labels), labels


@pytest.mark.parametrize("name", METRICS)
def test_metrics_agree_with_a_reference(name):
    for seed in range(50):
        rng = np.random.default_rng(seed)
        predictions, labels = random_case(name, rng, 3, int(rng.integers(2, 300)))
        expected = [REFERENCE[name](row, labels) for row in predictions]
        actual = METRICS[name](predictions, labels)
        np.testing.assert_allclose(actual, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", METRICS)
def test_weights_are_resamples(name):
    """A weighted score is the score of the resample written out."""
    for seed in range(30):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(2, 60))
        predictions, labels = random_case(name, rng, 2, n)
        index = rng.integers(n, size=(4, n))
        weights = np.stack([np.bincount(i, minlength=n) for i in index])
        score = METRICS[name]
        expected = [[score(p[i], labels[i]) for i in index] for p in predictions]
        actual = score(predictions, labels, weights.astype(np.float64))
        np.testing.assert_allclose(actual, expected, rtol=0, atol=TOLERANCE)


def test_matthews_of_three_classes():
    """R_K of a 3 x 3 confusion matrix, worked by hand: 2 of 4 right.

    c = 3, s = 4, sum p t = 1*1 + 2*1 + 1*2 = 5: (3*4 - 5) / sqrt((16 - 6)(16 - 6)).
    """
    labels = np.array([0, 1, 2, 2])
    predictions = np.array([0, 1, 2, 1])
    assert METRICS["matthews"](predictions, labels) == pytest.approx(7 / 10)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("n", [1, 2, 71])
@pytest.mark.parametrize("weighted", [False, True])
def test_constants_score_without_nan(name, n, weighted):
    rng = np.random.default_rng(0)
    weights = np.ones((2, n)) if weighted else None
    for constant in (0, 1):
        for labels in (rng.integers(0, 2, n), np.full(n, constant)):
            predictions = np.full(n, constant)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                score = METRICS[name](predictions, labels, weights)
            assert np.all(np.isfinite(score))
            if name in ("matthews", "pearson", "spearman"):
                assert np.all(score == 0)


@pytest.mark.parametrize("value", [0.1, 1e-300, 1e30, -3.3])
def test_a_float_constant_has_no_correlation(value):
    labels = np.random.default_rng(0).uniform(0, 5, 71)
    constant = np.full(71, value, np.float32)
    assert scores(TASKS["STS-B"], constant, labels) == {"pearson": 0, "spearman": 0}


def test_correlation_survives_tiny_spreads():
    labels = np.arange(10.0)
    assert METRICS["pearson"](1e-200 * labels, labels) == pytest.approx(1.0)
    assert METRICS["pearson"](7 + 1e-9 * labels, labels) == pytest.approx(1.0)


def test_a_resample_of_one_repeated_example_has_no_correlation():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 50))
    weights = np.zeros((1, 50))
    weights[0, 17] = 50
    assert METRICS["pearson"](x, y, weights) == 0
    assert METRICS["spearman"](x, y, weights) == 0


def test_scores_and_main_score():
    predictions, labels = np.array([1, 1, 0, 0]), np.array([1, 0, 0, 0])
    found = scores(TASKS["MRPC"], predictions, labels)
    assert found == {"f1": pytest.approx(2 / 3), "accuracy": 0.75}
    assert main_score(TASKS["MRPC"], found) == pytest.approx((2 / 3 + 0.75) / 2)


def test_scores_refuse_unequal_lengths():
    with pytest.raises(ValueError, match="equal length"):
        scores(TASKS["RTE"], np.zeros(3), np.zeros(2))
    with pytest.raises(ValueError, match="equal length"):
        scores(TASKS["RTE"], np.zeros(0), np.zeros(0))


def test_predictions_from_logits():
    logits = np.array([[0.0, 1.0], [2.0, 2.0], [3.0, -1.0]])
    assert predictions_from_logits(TASKS["RTE"], logits).tolist() == [1, 0, 0]
    assert predictions_from_logits(TASKS["STS-B"], logits[:, :1]).shape == (3,)
    assert predictions_from_logits(TASKS["STS-B"], logits[:, 0]).shape == (3,)


def test_predictions_refuse_what_diverged():
    with pytest.raises(ValueError, match="finite"):
        predictions_from_logits(TASKS["RTE"], np.array([[0.0, np.nan]]))
    with pytest.raises(ValueError, match="expected logits"):
        predictions_from_logits(TASKS["MNLI"], np.zeros((5, 2)))


@pytest.mark.parametrize("name", TASKS)
def test_every_task_can_be_scored(name):
    task = TASKS[name]
    rng = np.random.default_rng(0)
    labels = rng.integers(0, len(task.labels or "012"), 40)
    found = metric_scores(task, np.stack([labels, 0 * labels]), labels)
    assert set(found) == set(task.metrics)
    for values in found.values():
        assert values[0] == pytest.approx(1.0)
