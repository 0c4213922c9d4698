"""Two ways of training one model, compared seed by seed on the same dev examples.

Both sides have the same seeds and examples, so scores are subtracted seed by seed. An
interval resamples examples and adds the seeds' error as Student's t of their
differences, since there are few of them (suite/statistics/multi_bootstrap.py). All
scores are main scores in points. What the two ways are is not here
(suite/knob_effects.py, suite/distillation_effects.py).
"""

from collections.abc import Mapping

import numpy as np

from suite.metrics import main_score, metric_scores
from suite.power import LEVEL
from suite.statistics import bootstrap_draws, equivalence_p, few_seeds_draws
from suite.tasks import Task

# What a page says of the verdicts of this module, and of those on nothing changed.
PAIRED_VERDICTS = (
    "*No effect*: the 90 % interval lies inside the task's margin, and the margin is "
    "less than what was learnt, the score over a constant answer; where it is not, to "
    "lose all that would be no effect. *Differs*: p is at most 0.05, and it is not "
    "that. *Unchanged*: not one prediction is another."
)


def scores_by_seed(
    task: Task,
    predictions: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Main scores `[S]` of predictions `[S, n]`, or `[S, r]` with weights `[r, n]`."""
    return 100 * main_score(task, metric_scores(task, predictions, labels, weights))


def difference_draws(
    task: Task,
    sides: tuple[np.ndarray, np.ndarray],
    labels: np.ndarray,
    rng: np.random.Generator,
    resamples: int,
) -> np.ndarray:
    """Draws `[10 resamples]` of the mean over seeds of second − first, each `[S, n]`.

    Of two seeds or more, with the error of the examples and of the seeds, which are
    drawn ten times for each resample (`few_seeds_draws`).
    """
    by_seed = scores_by_seed(task, sides[1], labels)
    by_seed = by_seed - scores_by_seed(task, sides[0], labels)  # [S]
    drawn = example_draws(task, sides, labels, rng, resamples)
    return few_seeds_draws(drawn, by_seed, rng)


def example_draws(
    task: Task,
    sides: tuple[np.ndarray, np.ndarray],
    labels: np.ndarray,
    rng: np.random.Generator,
    resamples: int,
) -> np.ndarray:
    """The same of any number of seeds, with nothing but the examples resampled."""

    def statistic(weights: np.ndarray) -> np.ndarray:
        second = scores_by_seed(task, sides[1], labels, weights)  # [S, r]
        return (second - scores_by_seed(task, sides[0], labels, weights)).mean(axis=0)

    return bootstrap_draws(statistic, labels.size, rng, resamples)


def verdict(draws: np.ndarray, p: float, margin: float | None, learnt: float) -> str:
    """What draws of a difference and its corrected `p` say.

    "no effect" where the 90 % interval lies inside ±margin and the margin is less than
    was `learnt`, the points of the first side over a constant answer: otherwise the
    loss of all that would be no effect. "differs" where it is not that and `p` is at
    most 0.05; else "inconclusive".
    """
    bounded = margin is not None and equivalence_p(draws, margin) <= LEVEL
    if bounded and margin < learnt:
        return "no effect"
    return "differs" if p <= LEVEL else "inconclusive"


def main_margin(task: Task, margins: Mapping[tuple[str, str], float]) -> float | None:
    """The task's margin for its main score: the mean of its metrics' margins."""
    own = [margins.get((task.name, metric)) for metric in task.metrics]
    return None if None in own else float(np.mean(own))
