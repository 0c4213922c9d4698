"""What an answer scores that does not look at the text, and what is better than it.

On unbalanced classes that is a lot: 79.9 F1 on MRPC's test set. A model that is not
above it has shown nothing of what it knows, however near it is to a published number.
"""

import numpy as np

from suite.metrics import main_score, scores
from suite.statistics import interval, score_draws
from suite.tasks import Task

_RESAMPLES = 1000


def constant_scores(task: Task, labels: np.ndarray) -> dict[str, float]:
    """Each metric's best score by always the same answer, of labels [n], and "main".

    The main score is one answer's, and none of two answers' best. 0 where a number is
    asked for: with labels no constant correlates.
    """
    found = [scores(task, own, labels) for own in _answers(task, labels)]
    found = [one | {"main": main_score(task, one)} for one in found]
    return {name: max(one[name] for one in found) for name in found[0]}


def above_constant(
    task: Task, predictions: np.ndarray, labels: np.ndarray, rng: np.random.Generator
) -> dict[str, bool]:
    """Whether the mean over predictions [D, S, n] is above it, per metric.

    By more than other examples and the D halvings would explain: both are scored on the
    same resamples, which the halvings share among them, and the 95 % interval of their
    difference lies above 0.
    """
    answers = _answers(task, labels)  # [A, n]
    share = _RESAMPLES // len(predictions)
    drawn = [_gaps(task, own, answers, labels, rng, share) for own in predictions]
    return {
        name: interval(np.concatenate([one[name] for one in drawn]))[0] > 0
        for name in task.metrics
    }


def _gaps(
    task: Task,
    predictions: np.ndarray,
    answers: np.ndarray,
    labels: np.ndarray,
    rng: np.random.Generator,
    resamples: int,
) -> dict[str, np.ndarray]:
    """Of each metric draws [resamples] of ours [S, n] minus the best answer's."""
    sides = np.concatenate([predictions, answers])[:, None]  # [S + A, 1, n]
    drawn = score_draws(task, sides, labels, rng, resamples)
    found = {}
    for name in task.metrics:
        ours = drawn[name][: len(predictions)].mean(axis=0)
        theirs = drawn[name][len(predictions) :]  # [A, resamples]
        best = np.argmax([scores(task, own, labels)[name] for own in answers])
        found[name] = ours - theirs[best]
    return found


def _answers(task: Task, labels: np.ndarray) -> np.ndarray:
    """Every answer that is always the same: [A, n]."""
    kinds = 1 if task.labels is None else len(task.labels)
    return np.repeat(np.arange(kinds)[:, None], labels.size, axis=1).astype(
        np.float32 if task.labels is None else np.int32
    )
