"""From a run directory to arrays: the grid of trials of each checkpoint and task.

A configuration may be chosen only when all its trials finished: one that failed on
some seeds would otherwise be judged by the seeds it survived. Failed trials stay in
`Grid.records`, so that every count in a report includes them. The seeds of the grid are
those that every configuration was tried on; the chosen one may have been repeated on
others, which have no part in the choice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from reference.errors import InputError
from suite.metrics import main_score, predictions_from_logits, scores
from suite.records import RunDirectory, Trial, TrialRecord
from suite.selection import best_by_seed, best_of, grid_scores
from suite.tasks import DIAGNOSTIC_SPLIT, SQUAD, TASKS, Task, task_named

# A score computed twice from the same numbers differs by summation order at most:
# 1e6 examples times float64's epsilon.
_SCORE_TOLERANCE = 1e6 * np.finfo(np.float64).eps


class Configuration(NamedTuple):
    batch_size: int
    learning_rate: float

    def __str__(self) -> str:
        return f"batch {self.batch_size}, lr {self.learning_rate:g}"


@dataclass(frozen=True, eq=False)
class Repeats:
    """The configuration that is best on dev, on seeds of its own that finished.

    `predictions` [S, n] are by split, of the trials that `trial_ids` lists.
    """

    trial_ids: tuple[str, ...]
    predictions: Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Grid:
    """All trials of one checkpoint on one task.

    `predictions` [C, S, n] and `labels` [n] are by split, over the configurations that
    may be chosen and the seeds they share, as `configurations`, `seeds` and `trial_ids`
    list them.
    """

    task: Task
    records: tuple[TrialRecord, ...]
    configurations: tuple[Configuration, ...]
    seeds: tuple[int, ...]
    trial_ids: tuple[tuple[str, ...], ...]
    predictions: Mapping[str, np.ndarray]
    labels: Mapping[str, np.ndarray]
    repeats: Repeats | None = None

    @cached_property
    def of_grid(self) -> tuple[TrialRecord, ...]:
        """The records that have no seed beyond the grid's; all where it has none."""
        seeds = self.seeds or {r.trial.seed for r in self.records}
        return tuple(r for r in self.records if r.trial.seed in seeds)

    @cached_property
    def dev_scores(self) -> dict[str, np.ndarray]:
        """Scores [C, S] on dev, per metric and "main"."""
        return grid_scores(self.task, self.predictions["dev"], self.labels["dev"])

    @cached_property
    def chosen(self) -> np.ndarray:
        """What each seed would choose on dev of its own grid: indices [S]."""
        return best_by_seed(self.dev_scores["main"])

    @cached_property
    def chosen_ids(self) -> tuple[str, ...]:
        return tuple(self.trial_ids[c][s] for s, c in enumerate(self.chosen))

    def of_chosen(self, values: np.ndarray) -> np.ndarray:
        """Of values [C, S, ...] those of what each seed chose: [S, ...]."""
        return values[self.chosen, np.arange(self.chosen.size)]

    @cached_property
    def failed(self) -> tuple[TrialRecord, ...]:
        return tuple(r for r in self.records if r.status == "failed")

    @cached_property
    def degenerate(self) -> tuple[TrialRecord, ...]:
        return tuple(r for r in self.records if r.degenerate)


def configuration_of(trial: Trial) -> Configuration:
    return Configuration(trial.batch_size, trial.learning_rate)


def dev_score(record: TrialRecord) -> float | None:
    """A record's main score on dev as a fraction, None if it has none."""
    own = record.scores.get("dev")
    name = record.trial.task
    task = SQUAD if name == SQUAD.name else task_named(name)
    return main_score(task, own) if own else None


def selected_configuration(records: Iterable[TrialRecord]) -> Configuration | None:
    """The best on dev of a whole grid; None where no configuration may be chosen."""
    _, chosen = _complete_configurations(records)
    configurations = _in_order(chosen)
    if not configurations:
        return None
    main = [[dev_score(record) for record in chosen[c]] for c in configurations]
    return configurations[best_of(np.array(main))]


def task_of_split(task: Task, split: str) -> Task:
    """The task whose metrics score a split of an MNLI trial: AX for the diagnostic."""
    return task_named("AX") if split == DIAGNOSTIC_SPLIT else task


def label_key(task: Task, split: str) -> str:
    """The name of a split's labels in labels.npz."""
    return split if split == DIAGNOSTIC_SPLIT else f"{task.name}/{split}"


def load_grids(run: RunDirectory) -> dict[tuple[str, str], Grid]:
    """(checkpoint, task) -> grid, tasks in GLUE's order, whichever ended first."""
    records: dict[tuple[str, str], list[TrialRecord]] = {}
    for record in run.records():
        key = (record.trial.checkpoint, record.trial.task)
        records.setdefault(key, []).append(record)
    labels, order = run.labels(), list(TASKS)
    keys = sorted(records, key=lambda key: order.index(task_named(key[1]).name))
    return {key: grid_of(run, tuple(records[key]), labels) for key in keys}


def grid_of(
    run: RunDirectory,
    records: tuple[TrialRecord, ...],
    labels: Mapping[str, np.ndarray],
) -> Grid:
    """The grid of these records, which are of one checkpoint, task and variation.

    `labels` are those of the run, as labels.npz names them.
    """
    task = task_named(records[0].trial.task)
    _check_alike(run, records)
    seeds, chosen = _complete_configurations(records)
    configurations = _in_order(chosen)
    rows = [chosen[c] for c in configurations]
    own_labels = {
        split: labels[label_key(task, split)]
        for split in (*task.splits, DIAGNOSTIC_SPLIT)
        if label_key(task, split) in labels
    }
    predictions, own_labels = _predictions(run, task, rows, own_labels)
    grid = Grid(
        task=task,
        records=records,
        configurations=configurations,
        seeds=seeds,
        trial_ids=tuple(tuple(r.trial.id for r in row) for row in rows),
        predictions=predictions,
        labels=own_labels,
    )
    return replace(grid, repeats=_repeats(run, grid))


def _repeats(run: RunDirectory, grid: Grid) -> Repeats | None:
    """Of the best configuration the trials on other seeds; None if there are none."""
    if "dev" not in grid.predictions:
        return None
    best = best_of(grid.dev_scores["main"])
    row = sorted(
        (
            record
            for record in grid.records
            if record.status == "finished"
            and record.trial.seed not in grid.seeds
            and configuration_of(record.trial) == grid.configurations[best]
        ),
        key=lambda record: record.trial.seed,
    )
    found, _ = _predictions(run, grid.task, [row], grid.labels)
    if "dev" not in found:
        return None
    return Repeats(
        tuple(record.trial.id for record in row),
        {split: predictions[0] for split, predictions in found.items()},
    )


def _check_alike(run: RunDirectory, records: Iterable[TrialRecord]) -> None:
    """Trials of one grid may differ in batch size, learning rate and seed only."""
    alike = ("data", "epochs", "max_seq_length", "warmup_proportion", "precision")
    for name in (*alike, "variation"):
        values = sorted({str(getattr(r.trial, name)) for r in records})
        if len(values) > 1:
            raise InputError(
                f"{run.path / 'trials.jsonl'}: expected one {name} for all trials of a "
                f"checkpoint and task, found {', '.join(values)}; keep such runs in "
                "separate directories"
            )


def _in_order(configurations: Iterable[Configuration]) -> tuple[Configuration, ...]:
    """Of equals the first is chosen: small batches first, then high rates."""
    return tuple(sorted(configurations, key=lambda c: (c[0], -c[1])))


def _complete_configurations(
    records: Iterable[TrialRecord],
) -> tuple[tuple[int, ...], dict[Configuration, list[TrialRecord]]]:
    """The seeds that all configurations tried, and those that finished on each."""
    tried: dict[Configuration, dict[int, TrialRecord]] = {}
    for record in records:
        by_seed = tried.setdefault(configuration_of(record.trial), {})
        by_seed[record.trial.seed] = record
    shared = sorted(set.intersection(*(set(by_seed) for by_seed in tried.values())))
    rows = {c: [by_seed[seed] for seed in shared] for c, by_seed in tried.items()}
    return tuple(shared), {
        configuration: row
        for configuration, row in rows.items()
        if row and all(record.status == "finished" for record in row)
    }


def _predictions(
    run: RunDirectory,
    task: Task,
    rows: list[list[TrialRecord]],
    labels: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Predictions [C, S, n] of the labelled splits that every trial predicted."""
    read = {r.trial.id: run.predictions(r.trial.id) for row in rows for r in row}
    splits = [
        s for s in labels if read and all(s in arrays for arrays in read.values())
    ]
    stacked = {}
    for split in splits:
        scored_as = task_of_split(task, split)
        by_id = {
            trial_id: predictions_from_logits(scored_as, arrays[split])
            for trial_id, arrays in read.items()
        }
        for row in rows:
            for record in row:
                _check_scores(run, record, split, by_id[record.trial.id], labels[split])
        stacked[split] = np.array([[by_id[r.trial.id] for r in row] for row in rows])
    return stacked, {split: labels[split] for split in stacked}


def _check_scores(
    run: RunDirectory,
    record: TrialRecord,
    split: str,
    predictions: np.ndarray,
    labels: np.ndarray,
) -> None:
    """The record's scores must be those of its predictions and the run's labels."""
    where = f"{run.path}, trial {record.trial.id}, {split}"
    if predictions.shape != labels.shape:
        raise InputError(
            f"{where}: expected {labels.size} predictions, one a label, found "
            f"{predictions.size}; labels.npz and the predictions are of different data"
        )
    task = task_of_split(task_named(record.trial.task), split)
    for metric, value in scores(task, predictions, labels).items():
        recorded = record.scores.get(split, {}).get(metric)
        if recorded is not None and abs(recorded - value) > _SCORE_TOLERANCE:
            raise InputError(
                f"{where}: expected the recorded {metric} {recorded:.6f}, its "
                f"predictions give {value:.6f}; the record, its predictions or "
                "labels.npz was changed"
            )
