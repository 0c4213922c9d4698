"""GLUE's metrics, from Wang et al. 2019 (GLUE, section 3), as fractions.

Every metric takes predictions `[..., n]` and labels `[n]` (or `[..., n]`) and reduces
the last axis. Given `weights` `[r, n]`, how often each example is in each of r
resamples of n, it scores all the resamples at once, `[..., r]`: that is what makes a
bootstrap fast, since all but the ranks become matrix products.

Each is defined everywhere: where the textbook formula is 0/0 (a constant prediction has
no correlation with anything, no positive is neither found nor missed) the score is 0,
as on GLUE's server and in scikit-learn, and never NaN. Percentages and rounding belong
to the report.
"""

from collections.abc import Callable, Mapping

import numpy as np
from scipy.stats import rankdata

from suite.tasks import Task

_EPSILON = np.finfo(np.float64).eps


def accuracy(
    predictions: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Share of equal entries: integers -> float64."""
    return _total(predictions == labels, weights) / predictions.shape[-1]


def f1(
    predictions: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """F1 of class 1: integers -> float64; 0 without any positive."""
    predicted, actual = predictions == 1, labels == 1
    both = _total(predicted & actual, weights)
    return _ratio(2 * both, _total(predicted, weights) + _total(actual, weights))


def matthews(
    predictions: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Matthews correlation (Gorodkin's R_K for more than two classes).

    Integers -> float64; 0 when predictions or labels are constant.
    """
    n = float(predictions.shape[-1])
    correct = _total(predictions == labels, weights)
    products, predicted_squares, actual_squares = 0.0, 0.0, 0.0
    for c in np.union1d(predictions, labels):
        predicted = _total(predictions == c, weights)
        actual = _total(labels == c, weights)
        products = products + predicted * actual
        predicted_squares = predicted_squares + predicted**2
        actual_squares = actual_squares + actual**2
    scale = np.sqrt(n**2 - predicted_squares) * np.sqrt(n**2 - actual_squares)
    return _ratio(correct * n - products, scale)


def pearson(
    predictions: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Pearson's correlation: floats -> float64; 0 if either is constant."""
    x, y = _centred(predictions), _centred(labels)
    n = x.shape[-1]
    x_sum, y_sum = _total(x, weights), _total(y, weights)
    covariance = _total(x * y, weights) - x_sum * y_sum / n
    x_spread = _spread(_total(x * x, weights), x_sum, n)
    y_spread = _spread(_total(y * y, weights), y_sum, n)
    return np.clip(_ratio(covariance, np.sqrt(x_spread) * np.sqrt(y_spread)), -1, 1)


def spearman(
    predictions: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Pearson's correlation of the ranks, ties sharing their mean rank."""
    if weights is None:
        return pearson(rankdata(predictions, axis=-1), rankdata(labels, axis=-1))
    drawn = np.ascontiguousarray(weights.T)  # [n, r]: a row is fetched in one piece
    y = _centred_ranks(labels, drawn)
    y_spread = np.einsum("nr,nr,nr->r", drawn, y, y)
    rows = []
    for row in predictions.reshape(-1, predictions.shape[-1]):
        x = _centred_ranks(row, drawn)
        x_spread = np.einsum("nr,nr,nr->r", drawn, x, x)
        covariance = np.einsum("nr,nr,nr->r", drawn, x, y)
        rows.append(_ratio(covariance, np.sqrt(x_spread * y_spread)))
    return np.reshape(rows, (*predictions.shape[:-1], len(weights)))


METRICS: Mapping[str, Callable[..., np.ndarray]] = {
    "matthews": matthews,
    "accuracy": accuracy,
    "f1": f1,
    "pearson": pearson,
    "spearman": spearman,
}


def metric_scores(
    task: Task,
    predictions: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Every metric of the task over the last axis, shaped as each metric says."""
    return {name: METRICS[name](predictions, labels, weights) for name in task.metrics}


def scores(task: Task, predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """The task's metrics of one set of predictions [n], as fractions of 1."""
    predictions, labels = np.asarray(predictions), np.asarray(labels)
    if predictions.shape != labels.shape or predictions.ndim != 1 or not len(labels):
        raise ValueError(
            f"expected predictions and labels of one equal length, found shapes "
            f"{predictions.shape} and {labels.shape}"
        )
    values = metric_scores(task, predictions, labels)
    return {name: float(value) for name, value in values.items()}


def main_score(task: Task, scores: Mapping[str, float | np.ndarray]) -> float:
    """Mean of the task's metrics: what configurations are selected by."""
    return sum(scores[name] for name in task.metrics) / len(task.metrics)


def predictions_from_logits(task: Task, logits: np.ndarray) -> np.ndarray:
    """Logits to what a metric takes.

    [..., n, C] -> int32 [..., n], ties to the lower class; regression [..., n, 1] or
    [n] -> float32 without the last axis of one. ValueError if any is not finite: such a
    trial diverged and has no score.
    """
    logits = np.asarray(logits)
    if not np.all(np.isfinite(logits)):
        raise ValueError(f"{task.name}: expected finite logits, found NaN or infinity")
    if task.labels is None:
        flat = logits[..., 0] if logits.ndim > 1 and logits.shape[-1] == 1 else logits
        return flat.astype(np.float32)
    if logits.ndim < 2 or logits.shape[-1] != len(task.labels):
        raise ValueError(
            f"{task.name}: expected logits [..., n, {len(task.labels)}], found shape "
            f"{logits.shape}"
        )
    return np.argmax(logits, axis=-1).astype(np.int32)


def _total(values: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Sum over examples: [..., n] -> [...], or [..., r] for r resamples.

    In float64, where products of counts on QQP's test split (1e11) are exact.
    """
    values = values.astype(np.float64)
    return values.sum(axis=-1) if weights is None else values @ weights.T


def _centred(values: np.ndarray) -> np.ndarray:
    """Minus the mean, over the largest deviation; a constant becomes exact zeros."""
    values = np.asarray(values, np.float64)
    values = values - values[..., :1]
    centred = values - values.mean(axis=-1, keepdims=True)
    largest = np.max(np.abs(centred), axis=-1, keepdims=True)
    return centred / np.where(largest > 0, largest, 1.0)


def _spread(squares: np.ndarray, total: np.ndarray, n: int) -> np.ndarray:
    """Sum of squared deviations; 0 where only rounding of n additions is left of it."""
    spread = squares - total**2 / n
    return np.where(spread > 2 * n * _EPSILON * squares, spread, 0.0)


def _centred_ranks(values: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Mid-ranks within each resample, minus their mean (n + 1) / 2.

    `values` [n] and how often each is drawn [n, r] give [n, r]. Sorting once serves all
    resamples: a value's rank is the number of smaller drawn values plus half of one
    more than the number of equal ones.
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    equal = drawn[order]
    if starts.size < values.size:
        equal = np.add.reduceat(equal, starts, axis=0)  # [distinct, r]
    ranks = np.cumsum(equal, axis=0)
    equal *= 0.5
    ranks -= equal
    ranks -= values.size / 2  # and half of one more: + 1/2 - (n + 1) / 2
    return ranks[np.searchsorted(ordered[starts], values)]


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """The quotient, 0 where the denominator is 0."""
    positive = denominator > 0
    return np.where(positive, numerator / np.where(positive, denominator, 1.0), 0.0)
