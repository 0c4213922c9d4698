"""Coverage and error rates by simulation; exact values where there are some.

A simulated rate is compared with its nominal value through the binomial interval that a
correct procedure leaves once in ten thousand times.
"""

import itertools

import numpy as np
import pytest
from scipy import stats

from suite.statistics import (
    Spread,
    bootstrap_draws,
    difference_p,
    equivalence_p,
    gap_draws,
    holm,
    interval,
    published_sampling_sd,
    score_draws,
    sign_flip_test,
)
from suite.tasks import TASKS


def binomial_bounds(runs: int, rate: float) -> tuple[float, float]:
    """Where the share of `runs` successes of probability `rate` lies, but for 1e-4."""
    low, high = stats.binom.interval(1 - 1e-4, runs, rate)
    return low / runs, high / runs


@pytest.mark.parametrize("name", ["CoLA", "MRPC", "STS-B"])
def test_draws_agree_with_scipy(name):
    """Same spread and quantiles as SciPy's bootstrap of the same numbers."""
    task, resamples, n = TASKS[name], 4000, 300
    rng = np.random.default_rng(1)
    if task.is_regression:
        labels = rng.uniform(0, 5, n)
        predictions = labels + rng.normal(0, 2, n)
    else:
        labels = rng.integers(0, 2, n)
        predictions = np.where(rng.random(n) < 0.25, 1 - labels, labels)
    ours = score_draws(task, predictions[None], labels, rng, resamples)
    for metric in task.metrics:
        peer = stats.bootstrap(
            (predictions, labels),
            lambda p, y, metric=metric: peer_score(metric, p, y),
            paired=True,
            vectorized=False,
            n_resamples=1000,
            method="percentile",
            rng=np.random.default_rng(2),
        ).bootstrap_distribution
        sd = np.std(ours[metric], ddof=1)
        # A standard deviation from R draws is good to 1 in sqrt(2 R); four of those.
        error = 4 * (1 / np.sqrt(2 * resamples) + 1 / np.sqrt(2 * 1000))
        assert abs(np.std(peer, ddof=1) / sd - 1) < error
        assert abs(np.mean(peer) - np.mean(ours[metric])) < 4 * sd / np.sqrt(1000) * 1.2


def peer_score(metric, predictions, labels):
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


def test_draws_do_not_depend_on_how_many_fit_in_memory(monkeypatch):
    def draws():
        rng = np.random.default_rng(0)
        return bootstrap_draws(lambda w: w[:, 0] / 50, 50, rng, 101)

    whole = draws()
    monkeypatch.setattr("suite.statistics._ELEMENTS_AT_ONCE", 70)
    assert whole.shape == draws().shape == (101,)
    assert np.array_equal(whole, draws())


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


@pytest.mark.parametrize(("accuracy", "examples"), [(0.8, 400), (0.6, 277)])
def test_coverage_of_the_bootstrap(accuracy, examples):
    runs = 600
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(runs):
        labels = np.zeros(examples, int)
        predictions = (rng.random((1, examples)) > accuracy).astype(int)
        draws = score_draws(TASKS["RTE"], predictions, labels, rng, 400)
        low, high = interval(draws["main"])
        covered += low <= accuracy <= high
    low, high = binomial_bounds(runs, 0.95)
    assert low <= covered / runs <= high


def simulated_gap(rng, difference, ours=500, published=1000, resamples=400):
    """Draws of ours - published in points, when the truth is `difference`."""
    truth, seed_sd = 75.0, 1.0
    our_skill = (truth + difference + rng.normal(0, seed_sd)) / 100
    their_skill = (truth + rng.normal(0, seed_sd)) / 100
    labels = np.zeros(ours, int)
    predictions = (rng.random((1, ours)) > our_skill).astype(int)
    printed = np.round(100 * rng.binomial(published, their_skill) / published, 1)
    draws = 100 * score_draws(TASKS["RTE"], predictions, labels, rng, resamples)["main"]
    our_sd = float(np.std(draws))
    spread = Spread(
        our_examples=our_sd,
        our_seeds=seed_sd,
        published_examples=published_sampling_sd(our_sd, ours, published),
        published_seeds=seed_sd,
        rounding=0.05,
    )
    return gap_draws(draws, printed, spread, rng), spread


@pytest.mark.parametrize("difference", [0.0, -4.0])
def test_coverage_with_every_source_of_error(difference):
    runs = 600
    rng = np.random.default_rng(1)
    intervals = [interval(simulated_gap(rng, difference)[0]) for _ in range(runs)]
    covered = np.mean([low <= difference <= high for low, high in intervals])
    low, high = binomial_bounds(runs, 0.95)
    assert low <= covered <= high


def test_false_differences_are_rare():
    runs = 600
    rng = np.random.default_rng(2)
    refuted = [difference_p(simulated_gap(rng, 0.0)[0]) <= 0.05 for _ in range(runs)]
    low, high = binomial_bounds(runs, 0.05)
    assert low <= np.mean(refuted) <= high


@pytest.mark.parametrize("side", [-1, 1])
def test_false_equivalence_is_rare_at_the_margin(side):
    """With enough examples that equivalence can be shown at all."""
    runs, margin = 500, 6.0
    rng = np.random.default_rng(3)
    shown = [
        equivalence_p(simulated_gap(rng, side * margin)[0], margin) <= 0.05
        for _ in range(runs)
    ]
    low, high = binomial_bounds(runs, 0.05)
    assert low <= np.mean(shown) <= high


def test_equivalence_is_the_90_percent_interval():
    rng = np.random.default_rng(0)
    for margin in np.linspace(0.5, 4, 30):
        draws = rng.normal(0.5, 1, 2000)
        low, high = interval(draws, 0.9)
        near = min(abs(low + margin), abs(high - margin)) < 0.01
        assert near or (equivalence_p(draws, margin) <= 0.05) == (
            -margin < low and high < margin
        )


def test_total_spread_adds_variances():
    spread = Spread(3.0, 4.0, 12.0, 0.0, 0.0)
    assert spread.total == pytest.approx(13.0)
    assert Spread(0, 0, 0, 0, 0.05).total == pytest.approx(0.05 / np.sqrt(3))


def test_sampling_error_goes_with_the_root_of_the_sizes():
    """FACTS' figures for Tiny's RTE: 2.97 on 277 dev, 0.90 on 3000 test examples."""
    dev = 100 * np.sqrt(0.572 * 0.428 / 277)
    assert round(dev, 2) == 2.97
    assert round(published_sampling_sd(dev, 277, 3000), 2) == 0.90


def test_holm_worked_by_hand():
    """0.01 * 4, 0.02 * 3 = 0.06, 0.03 * 2 = 0.06, 0.005 -> 0.02 first of all."""
    adjusted = holm(np.array([0.01, 0.03, 0.04, 0.005]))
    np.testing.assert_allclose(adjusted, [0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([])).size == 0
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]


def test_holm_keeps_the_family_error_rate():
    runs = 2000
    p_values = np.random.default_rng(0).uniform(size=(runs, 11))
    wrong = np.mean([np.any(holm(row) <= 0.05) for row in p_values])
    assert wrong <= binomial_bounds(runs, 0.05)[1]


def test_difference_p_has_a_floor():
    assert difference_p(np.full(999, 3.0)) == pytest.approx(0.002)
    assert difference_p(np.array([-1.0, 1.0])) == 1.0


@pytest.mark.parametrize("pairs", [2, 5, 8])
def test_the_sign_flip_test_enumerates(pairs):
    values = np.random.default_rng(pairs).normal(0.4, 1, pairs)
    signs = np.array(list(itertools.product([-1, 1], repeat=pairs)))
    means = np.abs((signs * values).mean(axis=1))
    exact = np.mean(means >= abs(values.mean()) - 1e-12)
    result = sign_flip_test(values)
    assert result.p == pytest.approx(exact)
    assert result.smallest == 2 ** (1 - pairs)


def test_the_smallest_p_is_reached():
    assert sign_flip_test(np.ones(6)).p == pytest.approx(2**-5)
    assert sign_flip_test(np.array([3.0])).p == 1.0
    assert sign_flip_test(np.zeros(4)).p == 1.0
    with pytest.raises(ValueError, match="1 to 20"):
        sign_flip_test(np.array([]))


def test_the_sign_flip_test_keeps_its_level():
    runs = 400
    rng = np.random.default_rng(0)
    wrong = np.mean([sign_flip_test(rng.normal(size=7)).p <= 0.05 for _ in range(runs)])
    assert wrong <= binomial_bounds(runs, 0.05)[1]
