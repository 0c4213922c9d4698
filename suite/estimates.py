"""What a grid says about a task: the chosen configuration, its score and its spread.

On dev the score is cross-fitted, because dev also did the choosing. On any other split
(public test labels, MNLI mismatched, AX) the configuration is chosen on dev and scored
there, which needs no correction. Scores are fractions of 1.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from suite.grids import Configuration, Grid, task_of_split
from suite.metrics import metric_scores
from suite.selection import (
    CrossFit,
    best_configuration,
    cross_fit,
    fresh_spread,
    grid_scores,
    seed_spread,
)
from suite.statistics import score_draws
from suite.tasks import Task

# Error rates of 0.05 after Holm's correction over 15 cells need at least 600 draws.
RESAMPLES = 4000
HALVINGS = 20


@dataclass(frozen=True, eq=False)
class Estimate:
    """A task's scores on one split, as draws over its examples.

    `scores`, `draws` [R] and `seed_sd` are per metric and for "main". `collapsed` says
    how the chosen configuration is degenerate, None if it is not.
    """

    task: Task
    split: str
    how: str
    examples: int
    seeds: int
    scores: Mapping[str, float]
    draws: Mapping[str, np.ndarray]
    seed_sd: Mapping[str, float | None]
    seed_note: str
    trial_ids: tuple[str, ...]
    collapsed: str | None


@dataclass(frozen=True, eq=False)
class Choice:
    """The configuration that is best on dev, and how optimistic its dev score is.

    `repeated` are its main scores on dev [S] on fresh seeds, None if there are none.
    """

    configuration: Configuration
    trial_ids: tuple[str, ...]
    naive: Mapping[str, float]
    cross_fitted: Estimate
    repeated: np.ndarray | None = None

    @property
    def optimism(self) -> float:
        """Best-of-n minus the cross-fitted main score."""
        return self.naive["main"] - self.cross_fitted.scores["main"]


def generator_for(*names: str) -> np.random.Generator:
    """A generator of its own for what is named, so that numbers do not depend on what
    else a report holds or in which order."""
    return np.random.default_rng([zlib.crc32(name.encode()) for name in names])


def choose(grid: Grid, rng: np.random.Generator) -> Choice | None:
    """The choice on dev; None when no configuration can be chosen."""
    if "dev" not in grid.predictions:
        return None
    best = best_configuration(grid.task, grid.predictions["dev"], grid.labels["dev"])
    dev_scores = grid_scores(grid.task, grid.predictions["dev"], grid.labels["dev"])
    return Choice(
        configuration=grid.configurations[best],
        trial_ids=grid.trial_ids[best],
        naive={name: float(values[best].mean()) for name, values in dev_scores.items()},
        cross_fitted=_cross_fitted(grid, rng),
        repeated=_repeated_scores(grid),
    )


def _repeated_scores(grid: Grid) -> np.ndarray | None:
    if grid.repeats is None:
        return None
    predictions = grid.repeats.predictions["dev"][None]  # [1, S, n]
    return grid_scores(grid.task, predictions, grid.labels["dev"])["main"][0]


def estimate(grid: Grid, split: str, rng: np.random.Generator) -> Estimate | None:
    """The score on a split; None when it has no labels or nothing could be chosen."""
    if split not in grid.predictions or "dev" not in grid.predictions:
        return None
    if split == "dev":
        return _cross_fitted(grid, rng)
    task = task_of_split(grid.task, split)
    best = best_configuration(grid.task, grid.predictions["dev"], grid.labels["dev"])
    predictions, labels = grid.predictions[split][best], grid.labels[split]
    scores = _mean_scores(task, predictions, labels)
    draws = score_draws(task, predictions, labels, rng, RESAMPLES)
    return _estimate(grid, split, scores, draws, "chosen on dev")


def _cross_fitted(grid: Grid, rng: np.random.Generator) -> Estimate:
    labels = grid.labels["dev"]
    fit = cross_fit(grid.task, grid.predictions["dev"], labels, rng, HALVINGS)
    by_halving = [_mean_scores(grid.task, p, labels) for p in fit.predictions]
    scores = {
        name: float(np.mean([values[name] for values in by_halving]))
        for name in by_halving[0]
    }
    draws = _cross_fitted_draws(grid.task, fit, labels, rng)
    return _estimate(grid, "dev", scores, draws, "cross-fitted on dev")


def _cross_fitted_draws(
    task: Task, fit: CrossFit, labels: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Bootstrap draws of every halving together: examples, halves and choices vary."""
    share = RESAMPLES // len(fit.predictions)
    parts = [score_draws(task, p, labels, rng, share) for p in fit.predictions]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _mean_scores(
    task: Task, predictions: np.ndarray, labels: np.ndarray
) -> dict[str, float]:
    """Mean over seeds of each metric and "main", of predictions [S, n]."""
    values = metric_scores(task, predictions, labels)
    means = {name: float(value.mean()) for name, value in values.items()}
    return means | {"main": sum(means.values()) / len(means)}


def _estimate(
    grid: Grid,
    split: str,
    scores: Mapping[str, float],
    draws: Mapping[str, np.ndarray],
    how: str,
) -> Estimate:
    task = task_of_split(grid.task, split)
    spreads = _seed_spreads(grid, split)
    best = best_configuration(grid.task, grid.predictions["dev"], grid.labels["dev"])
    return Estimate(
        task=task,
        split=split,
        how=how,
        examples=grid.labels[split].size,
        seeds=grid.predictions[split].shape[1],
        scores=scores,
        draws=draws,
        seed_sd={name: sd for name, (sd, _) in spreads.items()},
        seed_note=spreads["main"][1],
        trial_ids=grid.trial_ids[best],
        collapsed=_collapse(grid, split, best),
    )


def _seed_spreads(grid: Grid, split: str) -> dict[str, tuple[float | None, str]]:
    """Per metric and for "main": over the repeats if there are two, else the grid."""
    task, labels = task_of_split(grid.task, split), grid.labels[split]
    table = grid_scores(task, grid.predictions[split], labels)
    spreads = {name: seed_spread(table[name], table["main"]) for name in table}
    repeated = grid.repeats and grid.repeats.predictions.get(split)
    if repeated is None or len(repeated) < 2:
        return spreads
    fresh = grid_scores(task, repeated[None], labels)
    return {name: fresh_spread(scores[0]) for name, scores in fresh.items()}


def _collapse(grid: Grid, split: str, best: int) -> str | None:
    """Why the chosen configuration counts as degenerate, if all its trials do."""
    flags = {r.trial.id: r.degenerate for r in grid.records}
    reasons = [flags[trial_id] for trial_id in grid.trial_ids[best]]
    if all(reasons):
        return reasons[0]
    predictions = grid.predictions[split][best]
    if np.all(predictions == predictions[:, :1]):
        return "constant predictions"
    return None
