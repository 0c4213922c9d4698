"""SciPy, statsmodels and scikit-learn say the same of the same arrays.

SciPy is always there; the others are in `tox -e peers`, and skipped elsewhere.
"""

import numpy as np
import pytest
from scipy import stats

from suite.metrics import METRICS
from suite.statistics import (
    bca_interval,
    holm,
    interval,
    leave_one_out,
    mean_difference_test,
    score_draws,
    score_statistic,
    sign_flip_test,
    t_equivalence_p,
)
from suite.tasks import TASKS

# Both sum the same n <= 300 terms near 1, in float64, in another order.
ROUNDING = 10 * 300 * np.finfo(np.float64).eps


def arrays(name, n, seed=1):
    """Predictions and labels [n] of a task."""
    rng = np.random.default_rng(seed)
    if TASKS[name].is_regression:
        labels = rng.uniform(0, 5, n)
        return labels + rng.normal(0, 2, n), labels
    classes = len(TASKS[name].labels)
    labels = rng.integers(0, classes, n)
    return np.where(rng.random(n) < 0.25, (labels + 1) % classes, labels), labels


def peer_score(metric, predictions, labels):
    """By SciPy or from the definition."""
    if metric == "pearson":
        return stats.pearsonr(predictions, labels).statistic
    if metric == "spearman":
        return stats.spearmanr(predictions, labels).statistic
    if metric == "accuracy":
        return np.mean(predictions == labels)
    tp = np.sum((predictions == 1) & (labels == 1))
    if metric == "f1":
        return 2 * tp / (np.sum(predictions == 1) + np.sum(labels == 1))
    return np.corrcoef(predictions, labels)[0, 1]  # the phi coefficient


def scipy_bootstrap(metric, predictions, labels, method, resamples=1000):
    return stats.bootstrap(
        (predictions, labels),
        lambda p, y: peer_score(metric, p, y),
        paired=True,
        vectorized=False,
        n_resamples=resamples,
        method=method,
        rng=np.random.default_rng(2),
    )


@pytest.mark.parametrize("name", ["CoLA", "MRPC", "STS-B"])
def test_draws_are_distributed_as_scipys(name):
    """Same mean, spread and quantiles as SciPy's bootstrap of the same numbers."""
    task, resamples, n = TASKS[name], 4000, 300
    predictions, labels = arrays(name, n)
    rng = np.random.default_rng(1)
    ours = score_draws(task, predictions[None], labels, rng, resamples)
    for metric in task.metrics:
        found = scipy_bootstrap(metric, predictions, labels, "percentile")
        peer, sd = found.bootstrap_distribution, np.std(ours[metric], ddof=1)
        # A standard deviation from R draws is good to 1 in sqrt(2 R); four of those.
        error = 4 * (1 / np.sqrt(2 * resamples) + 1 / np.sqrt(2 * 1000))
        assert abs(np.std(peer, ddof=1) / sd - 1) < error
        both = np.sqrt(1 / resamples + 1 / 1000)
        assert abs(np.mean(peer) - np.mean(ours[metric])) < 4 * sd * both
        # A 2.5 % quantile: sqrt(0.025 x 0.975) / (normal density at 1.96) = 2.67 times
        # that; and one step of a score that is a whole number of n-ths.
        allowed = 4 * 2.67 * sd * both + 2 / n
        np.testing.assert_allclose(
            interval(ours[metric]), found.confidence_interval, rtol=0, atol=allowed
        )


@pytest.mark.parametrize("method", ["percentile", "BCa"])
@pytest.mark.parametrize("name", ["CoLA", "MRPC", "STS-B", "WNLI"])
def test_intervals_of_the_same_draws_are_scipys(name, method):
    """Of SciPy's own draws ours are SciPy's limits, but for rounding.

    For BCa the limits move with the draws' rank, by 1 in R of their spacing at most
    for each rounding; so they are compared as such and not by rank.
    """
    task = TASKS[name]
    predictions, labels = arrays(name, 71, seed=3)
    statistic = score_statistic(task, predictions[None], labels)
    left_out = leave_one_out(statistic, labels.size)
    estimates = statistic(np.ones((1, labels.size)))[:, 0]
    for place, metric in enumerate(task.metrics):
        peer = scipy_bootstrap(metric, predictions, labels, method)
        draws = peer.bootstrap_distribution
        if method == "percentile":
            ours = interval(draws)
        else:
            estimate = peer_score(metric, predictions, labels)
            assert estimates[place] == pytest.approx(estimate, abs=ROUNDING)
            ours = bca_interval(draws, estimate, left_out[place])
        # A share is off by about as much as the jackknife's values are; a quantile by
        # that times R times the distance of neighbouring draws.
        allowed = ROUNDING * (1 + draws.size * np.ptp(draws))
        np.testing.assert_allclose(ours, peer.confidence_interval, rtol=0, atol=allowed)


def test_reshuffling_is_scipys():
    """What SciPy enumerates for us is asked for as its own documentation does."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(0.5, 1, 6), rng.normal(0, 1, 6)
    flips = stats.permutation_test(
        (first, second),
        lambda x, y: np.mean(x - y),
        permutation_type="samples",
        vectorized=False,
    )
    assert sign_flip_test(first - second).p == pytest.approx(flips.pvalue)
    dealt = stats.permutation_test(
        (first, second), lambda x, y: np.mean(x) - np.mean(y), vectorized=False
    )
    assert mean_difference_test(first, second).p == pytest.approx(dealt.pvalue)


def test_equivalence_is_statsmodels_tost():
    weights = pytest.importorskip("statsmodels.stats.weightstats")
    for seed in range(20):
        rng = np.random.default_rng(seed)
        values = rng.normal(rng.uniform(-1, 1), 1, rng.integers(3, 12))
        theirs = weights.DescrStatsW(values).ttost_mean(-1.0, 1.0)[0]
        error = np.std(values, ddof=1) / np.sqrt(values.size)
        ours = t_equivalence_p(values.mean(), error, values.size - 1, 1.0)
        assert ours == pytest.approx(float(theirs), rel=1e-9)  # Student's tail, twice


def test_holm_is_statsmodels():
    multiple = pytest.importorskip("statsmodels.stats.multitest")
    for seed in range(50):
        p_values = np.random.default_rng(seed).beta(0.3, 1, 11).round(3)  # with ties
        rejected, adjusted, *_ = multiple.multipletests(p_values, 0.05, "holm")
        ours = holm(p_values)
        # p times at most 11: a rounding.
        np.testing.assert_allclose(ours, adjusted, rtol=4 * np.finfo(float).eps)
        assert np.array_equal(ours <= 0.05, rejected)


@pytest.mark.parametrize("name", ["CoLA", "MRPC", "MNLI", "WNLI"])
@pytest.mark.parametrize("weighted", [False, True])
def test_metrics_are_scikit_learns(name, weighted):
    """As they are, and in a resample by `sample_weight`; AX's three classes as well."""
    theirs = pytest.importorskip("sklearn.metrics")
    scored = {"accuracy": theirs.accuracy_score, "matthews": theirs.matthews_corrcoef}
    if name != "MNLI":
        scored["f1"] = lambda y, p, **own: theirs.f1_score(y, p, zero_division=0, **own)
    for seed in range(20):
        predictions, labels = arrays(name, 71, seed)
        own, peers = {}, {}
        if weighted:
            rng = np.random.default_rng(seed)
            counts = rng.multinomial(71, np.full(71, 1 / 71)).astype(float)
            own, peers = {"weights": counts[None]}, {"sample_weight": counts}
        for metric, score in scored.items():
            ours = METRICS[metric](predictions, labels, **own)
            expected = score(labels, predictions, **peers)
            np.testing.assert_allclose(ours, expected, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("constant", [0, 1])
def test_constants_score_as_scikit_learn_has_it(constant):
    theirs = pytest.importorskip("sklearn.metrics")
    labels = np.arange(71) % 2
    predictions = np.full(71, constant)
    assert METRICS["matthews"](predictions, labels) == 0
    assert theirs.matthews_corrcoef(labels, predictions) == 0
    peer = theirs.f1_score(labels, predictions, zero_division=0)
    assert METRICS["f1"](predictions, labels) == pytest.approx(peer)
