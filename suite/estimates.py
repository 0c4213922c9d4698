"""What a grid says about a task: the chosen configuration, its score and its spread.

On dev the score is cross-fitted, because dev also did the choosing. On any other split
(public test labels, MNLI mismatched, AX) the configuration is chosen on dev and scored
there, which needs no correction. Scores are fractions of 1.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from suite.constant_answers import above_constant, constant_scores
from suite.grid_seeds import seed_errors
from suite.grids import Configuration, Grid, task_of_split
from suite.metrics import metric_scores
from suite.seed_error import SeedError
from suite.selection import best_of, cross_fit, grid_scores
from suite.statistics import bca_score_draws, score_draws
from suite.tasks import Task

# Error rates of 0.05 after Holm's correction over 15 cells need at least 600 draws.
RESAMPLES = 4000
HALVINGS = 20
# Of so few examples the percentile interval of a score near its bound misses more often
# than it says, and BCa does not (results/simulations); beyond, the two agree, and BCa's
# time goes with the square of the examples. WNLI, RTE and MRPC have fewer on dev.
FEW_EXAMPLES = 500


@dataclass(frozen=True, eq=False)
class Estimate:
    """A task's scores on one split, as draws over its examples.

    All mappings are per metric and for "main". `draws` [R] hold what examples and, on
    dev, choosing do to a score; of these `examples_sd` is the one and `selection_sd`
    the other, which is 0 where the choice was made on another split. `optimism` is the
    best of the grid minus the cross-fitted score, empty off dev. `constant` is what an
    answer scores that does not look at the text, and `above_constant` whether ours is
    better by more than other examples explain. `trial_ids` are what each seed of the
    grid chose; `collapsed` says how all of them are degenerate, None if not all are.
    """

    task: Task
    split: str
    how: str
    examples: int
    seeds: int
    scores: Mapping[str, float]
    draws: Mapping[str, np.ndarray]
    examples_sd: Mapping[str, float]
    selection_sd: Mapping[str, float]
    optimism: Mapping[str, float]
    seed_error: Mapping[str, SeedError]
    constant: Mapping[str, float]
    above_constant: Mapping[str, bool]
    trial_ids: tuple[str, ...]
    collapsed: str | None

    @property
    def seed_note(self) -> str:
        return self.seed_error["main"].how


@dataclass(frozen=True, eq=False)
class _Scored:
    """Of each metric and "main" the scores [D] and bootstrap draws [D, r].

    D are the draws of the halves, or the one score of a split that did not choose.
    """

    how: str
    scores: Mapping[str, np.ndarray]
    draws: Mapping[str, np.ndarray]
    above_constant: Mapping[str, bool]


@dataclass(frozen=True, eq=False)
class Choice:
    """The configuration that is best on dev, and how optimistic its dev score is.

    `naive` is the best of a seed's grid, the mean over seeds. `repeated` are its main
    scores on dev [S] on fresh seeds, None if there are none.
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


class Estimates:
    """The estimates of a run's grids by checkpoint and task, each made once.

    A generator of its own for each, so that none depends on what else was asked for.
    """

    def __init__(self, grids: Mapping[tuple[str, str], Grid]):
        self._grids = grids
        self._made: dict[tuple[str, str, str], Estimate | None] = {}

    def on(self, sha256: str, task: str, split: str) -> Estimate | None:
        """None when the split has no labels or nothing could be chosen."""
        key = (sha256, task, split)
        if key not in self._made:
            rng = generator_for("estimate", *key)
            self._made[key] = estimate(self._grids[sha256, task], split, rng)
        return self._made[key]

    def choices(self) -> dict[tuple[str, str], Choice]:
        """What was chosen on dev, where something could be."""
        return {
            key: _choice(grid, cross_fitted)
            for key, grid in self._grids.items()
            if (cross_fitted := self.on(*key, "dev"))
        }


def choose(grid: Grid, rng: np.random.Generator) -> Choice | None:
    """The choice on dev; None when no configuration can be chosen."""
    cross_fitted = estimate(grid, "dev", rng)
    return cross_fitted and _choice(grid, cross_fitted)


def _choice(grid: Grid, cross_fitted: Estimate) -> Choice:
    best = best_of(grid.dev_scores["main"])
    return Choice(
        configuration=grid.configurations[best],
        trial_ids=grid.trial_ids[best],
        naive=_naive(grid),
        cross_fitted=cross_fitted,
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
    predictions = grid.of_chosen(grid.predictions[split])  # [S, n]
    scored = _scored("chosen on dev", task, predictions[None], grid.labels[split], rng)
    return _estimate(grid, split, scored)


def _cross_fitted(grid: Grid, rng: np.random.Generator) -> Estimate:
    labels = grid.labels["dev"]
    fit = cross_fit(grid.task, grid.predictions["dev"], labels, rng, HALVINGS)
    how = "cross-fitted on dev"
    return _estimate(grid, "dev", _scored(how, grid.task, fit.predictions, labels, rng))


def _scored(
    how: str,
    task: Task,
    predictions: np.ndarray,
    labels: np.ndarray,
    rng: np.random.Generator,
) -> _Scored:
    """Of predictions [D, S, n]; the D share RESAMPLES, so that their draws together
    hold what examples do and what the halves and the choices made on them do."""
    share = RESAMPLES // len(predictions)
    drawn = bca_score_draws if labels.size <= FEW_EXAMPLES else score_draws
    scores = [_mean_scores(task, own, labels) for own in predictions]
    draws = [drawn(task, own, labels, rng, share) for own in predictions]
    return _Scored(
        how,
        {name: np.array([one[name] for one in scores]) for name in scores[0]},
        {name: np.stack([one[name] for one in draws]) for name in draws[0]},
        above_constant(task, predictions, labels, rng),
    )


def _mean_scores(
    task: Task, predictions: np.ndarray, labels: np.ndarray
) -> dict[str, float]:
    """Mean over seeds of each metric and "main", of predictions [S, n]."""
    values = metric_scores(task, predictions, labels)
    means = {name: float(value.mean()) for name, value in values.items()}
    return means | {"main": sum(means.values()) / len(means)}


def _estimate(grid: Grid, split: str, scored: _Scored) -> Estimate:
    task = task_of_split(grid.task, split)
    scores = {name: float(np.mean(own)) for name, own in scored.scores.items()}
    return Estimate(
        task=task,
        split=split,
        how=scored.how,
        examples=grid.labels[split].size,
        seeds=grid.predictions[split].shape[1],
        scores=scores,
        draws={name: own.ravel() for name, own in scored.draws.items()},
        examples_sd={name: _sd_within(own) for name, own in scored.draws.items()},
        selection_sd={name: _sd_between(own) for name, own in scored.scores.items()},
        optimism=_optimism(grid, scores) if split == "dev" else {},
        seed_error=seed_errors(grid, split),
        constant=constant_scores(task, grid.labels[split]),
        above_constant=scored.above_constant,
        trial_ids=grid.chosen_ids,
        collapsed=_collapse(grid, split),
    )


def _sd_within(draws: np.ndarray) -> float:
    """What examples alone do to draws [D, r]: pooled over the D."""
    return float(np.sqrt(np.mean(np.var(draws, axis=1, ddof=1))))


def _sd_between(scores: np.ndarray) -> float:
    """What the draw of the halves does to scores [D]; 0 where there are no halves."""
    return float(np.std(scores, ddof=1)) if scores.size > 1 else 0.0


def _naive(grid: Grid) -> dict[str, float]:
    """The dev scores of what was chosen on dev, the mean over seeds."""
    scores = grid.dev_scores.items()
    return {name: float(grid.of_chosen(own).mean()) for name, own in scores}


def _optimism(grid: Grid, scores: Mapping[str, float]) -> dict[str, float]:
    return {name: naive - scores[name] for name, naive in _naive(grid).items()}


def _collapse(grid: Grid, split: str) -> str | None:
    """Why what was chosen counts as degenerate, if all of it does."""
    flags = {r.trial.id: r.degenerate for r in grid.records}
    reasons = [flags.get(trial_id) for trial_id in grid.chosen_ids]
    if all(reasons):
        return reasons[0]
    predictions = grid.of_chosen(grid.predictions[split])  # [S, n]
    if np.all(predictions == predictions[:, :1]):
        return "constant predictions"
    return None
