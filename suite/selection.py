"""Choosing a configuration on dev, and what its dev score is then worth.

The best of n dev scores is optimistic: some of what made it best is luck with these
examples. The cross-fitted estimate chooses on one half of dev, scores on the other, and
pools the halves' predictions; the halves are drawn several times over, so that it does
not hang on one draw. It estimates what choosing on half of dev gives, which is a little
less than choosing on all of it. Arrays only; records become arrays in suite/grids.py.
"""

from dataclasses import dataclass

import numpy as np

from suite.metrics import main_score, metric_scores
from suite.tasks import Task


def grid_scores(
    task: Task, predictions: np.ndarray, labels: np.ndarray
) -> dict[str, np.ndarray]:
    """Scores [C, S] per metric and "main", of predictions [C, S, n]."""
    values = metric_scores(task, predictions, labels)
    return values | {"main": main_score(task, values)}


def best_by_seed(main: np.ndarray) -> np.ndarray:
    """What each seed's own grid would choose: indices [S], of main scores [C, S].

    A published number is of the best of one grid. The mean over seeds of what each
    chooses is like it; the best mean over seeds would be less lucky.
    """
    return np.argmax(main, axis=0)


def best_of(main: np.ndarray) -> int:
    """Of main scores [C, S] the index of the best mean; a tie goes to the first."""
    return int(np.argmax(main.mean(axis=1)))


@dataclass(frozen=True, eq=False)
class CrossFit:
    """Pooled out-of-half predictions [D, S, n] of D draws of the halves.

    `chosen` [D, 2, S] are what each seed chose on the one half and on the other.
    """

    predictions: np.ndarray
    chosen: np.ndarray


def cross_fit(
    task: Task,
    predictions: np.ndarray,
    labels: np.ndarray,
    rng: np.random.Generator,
    draws: int = 20,
) -> CrossFit:
    """Choose on one half, predict the other, each seed for itself.

    `predictions` are [C, S, n].

    Halves are stratified by label (by score for regression), so that each has its
    share of every class.
    """
    pooled = np.empty((draws, *predictions.shape[1:]), predictions.dtype)
    seeds = np.arange(predictions.shape[1])
    chosen = np.empty((draws, 2, seeds.size), int)
    for draw in range(draws):
        first = stratified_half(labels, rng)
        for side, half in enumerate((first, ~first)):
            scores = grid_scores(task, predictions[:, :, half], labels[half])
            best = best_by_seed(scores["main"])
            pooled[draw][:, ~half] = predictions[best, seeds][:, ~half]
            chosen[draw, side] = best
    return CrossFit(pooled, chosen)


def stratified_half(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random half as bool [n]: of every two neighbours in label order, one."""
    count = labels.size
    order = rng.permutation(count)
    order = order[np.argsort(labels[order], kind="stable")]
    coins = rng.integers(0, 2, (count + 1) // 2).astype(bool)
    sides = np.stack([coins, ~coins], axis=1).ravel()[:count]
    half = np.empty(count, bool)
    half[order] = sides
    return half
