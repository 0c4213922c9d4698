"""Resampling the examples: draws of a score, and intervals from them.

Draws (Efron & Tibshirani 1993, ch. 13) are made of counts rather than of indices, which
turns nearly every metric into a few matrix products; SciPy's bootstrap gives the same
and is far slower. The percentile interval of the draws (suite/statistics/intervals.py)
assumes that they lie around the estimate as the estimate lies around the truth. BCa
(Efron 1987) drops that: it shifts the percentiles for bias and for an error that
changes with the score. That matters where a score is bounded and skewed: Matthews and
F1 of few examples, a correlation or an accuracy near 1. In the middle, or of some
thousands of examples, the two agree.

Only the examples vary here; seeds are in suite/statistics/multi_bootstrap.py.
"""

from collections.abc import Callable

import numpy as np
from scipy import stats

from suite.metrics import main_score, metric_scores
from suite.tasks import Task

# Takes weights float64 [r, n], how often each of n examples is in each of r resamples,
# and gives float [..., r].
Statistic = Callable[[np.ndarray], np.ndarray]

# Resamples are drawn a few at a time: 2 MB of weights stay in a core's cache, and
# memory does not grow with the number of resamples.
_ELEMENTS_AT_ONCE = 250_000
# But not fewer than this: a metric reads all predictions once for each batch.
_RESAMPLES_AT_ONCE = 64


def bootstrap_draws(
    statistic: Statistic, examples: int, rng: np.random.Generator, resamples: int
) -> np.ndarray:
    """Draws of a statistic over resampled examples.

    `statistic` takes weights float64 [r, examples], how often each example is in each
    resample, and gives float [..., r]; the result is float [..., resamples].
    """
    at_once = max(_RESAMPLES_AT_ONCE, _ELEMENTS_AT_ONCE // examples)
    parts = []
    for done in range(0, resamples, at_once):
        count = min(at_once, resamples - done)
        parts.append(statistic(_resample_weights(examples, count, rng)))
    return np.concatenate(parts, axis=-1)


def leave_one_out(statistic: Statistic, examples: int) -> np.ndarray:
    """The statistic without each example in turn, float [..., examples]: the jackknife.

    The others' weights are examples / (examples - 1), so that they sum to what a
    resample's do. Time goes with the square of the examples; ValueError for fewer than
    two of them.
    """
    if examples < 2:
        raise ValueError(f"expected two examples or more, found {examples}")
    at_once = max(_RESAMPLES_AT_ONCE, _ELEMENTS_AT_ONCE // examples)
    parts = []
    for start in range(0, examples, at_once):
        left_out = np.arange(start, min(start + at_once, examples))
        weights = np.full((left_out.size, examples), examples / (examples - 1))
        weights[np.arange(left_out.size), left_out] = 0.0
        parts.append(statistic(weights))
    return np.concatenate(parts, axis=-1)


def bca_interval(
    draws: np.ndarray, estimate: float, left_out: np.ndarray, level: float = 0.95
) -> tuple[float, float]:
    """Bias-corrected and accelerated interval (Efron 1987) of draws [R].

    `estimate` is the statistic of the examples as they are, `left_out` [n] are its
    `leave_one_out` values. Draws that tie with the estimate count half below it, as in
    SciPy. Where all of R draws are on one side of it, the share is taken as 1 / 2R.
    """
    ends = np.array([(1 - level) / 2, (1 + level) / 2])
    low, high = np.quantile(draws, _bca_shares(draws, estimate, left_out, ends))
    return float(low), float(high)


def bca_draws(draws: np.ndarray, estimate: float, left_out: np.ndarray) -> np.ndarray:
    """The draws [R], moved so that their percentiles are the limits of BCa.

    For adding further errors to a score whose interval should be BCa's. Each keeps its
    rank, so that draws of several metrics still belong together.
    """
    ranks = (np.arange(draws.size) + 0.5) / draws.size
    moved = np.empty(draws.size)
    moved[np.argsort(draws, kind="stable")] = np.quantile(
        draws, _bca_shares(draws, estimate, left_out, ranks)
    )
    return moved


def _bca_shares(
    draws: np.ndarray, estimate: float, left_out: np.ndarray, ends: np.ndarray
) -> np.ndarray:
    """Of which share of the draws [R] are the quantiles that BCa takes for `ends`."""
    size = draws.size
    below = (np.sum(draws < estimate) + np.sum(draws <= estimate)) / (2 * size)
    bias = stats.norm.ppf(np.clip(below, 0.5 / size, 1 - 0.5 / size))
    influence = left_out.mean() - left_out  # [n]
    squares = np.sum(influence**2)
    acceleration = np.sum(influence**3) / (6 * squares**1.5) if squares > 0 else 0.0
    shifted = bias + stats.norm.ppf(ends)
    return stats.norm.cdf(bias + shifted / (1 - acceleration * shifted))


def score_statistic(
    task: Task, predictions: np.ndarray, labels: np.ndarray
) -> Statistic:
    """Weights [r, n] to each metric of the task and then "main", [M + 1, ..., r].

    `predictions` are [..., S, n], one row a seed: every resample scores all seeds on
    the same examples and averages them.
    """
    rows = predictions.reshape(-1, labels.size)  # one matrix product for all

    def statistic(weights: np.ndarray) -> np.ndarray:
        shape = (*predictions.shape[:-1], len(weights))
        values = metric_scores(task, rows, labels, weights)
        means = {
            name: value.reshape(shape).mean(axis=-2) for name, value in values.items()
        }  # each [..., r]
        return np.stack([*means.values(), main_score(task, means)])

    return statistic


def score_draws(
    task: Task,
    predictions: np.ndarray,
    labels: np.ndarray,
    rng: np.random.Generator,
    resamples: int = 2000,
) -> dict[str, np.ndarray]:
    """Draws [..., resamples] of each metric and of "main", over resampled examples.

    `predictions` are [..., S, n], the mean over the S seeds is scored. All metrics, and
    all configurations where there are some, share their resamples.
    """
    statistic = score_statistic(task, predictions, labels)
    drawn = bootstrap_draws(statistic, labels.size, rng, resamples)
    return dict(zip((*task.metrics, "main"), drawn, strict=True))


def bca_score_draws(
    task: Task,
    predictions: np.ndarray,
    labels: np.ndarray,
    rng: np.random.Generator,
    resamples: int = 2000,
) -> dict[str, np.ndarray]:
    """As `score_draws` of predictions [S, n], each moved by `bca_draws`: [resamples].

    Time goes with the square of the examples.
    """
    drawn = score_draws(task, predictions, labels, rng, resamples)
    statistic = score_statistic(task, predictions, labels)
    estimates = statistic(np.ones((1, labels.size)))[:, 0]  # [M + 1]
    left_out = leave_one_out(statistic, labels.size)  # [M + 1, n]
    rows = zip(drawn.items(), estimates, left_out, strict=True)
    return {name: bca_draws(own, *jackknife) for (name, own), *jackknife in rows}


def _resample_weights(
    examples: int, resamples: int, rng: np.random.Generator
) -> np.ndarray:
    """How often each example is drawn, float64 [resamples, examples]."""
    drawn = rng.integers(examples, size=(resamples, examples))
    drawn += np.arange(resamples)[:, None] * examples
    counts = np.bincount(drawn.ravel(), minlength=resamples * examples)
    return counts.reshape(resamples, examples).astype(np.float64)
