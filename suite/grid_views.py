"""The trials of a grid from three sides: configurations tried, seeds, and epochs.

Numbers for the figures of suite/figures/ and the rows of the tables that stand beside
them. Scores are main scores on dev, as recorded, in points.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from suite.grids import Configuration, Grid, configuration_of, dev_score
from suite.markdown import NOTHING, points, table, trials
from suite.records import TrialRecord
from suite.statistics import expected_best

# So many configurations tried are shown in the table of the expected best.
TRIED = (1, 2, 3, 5, 10, 20)


@dataclass(frozen=True)
class SeedScores:
    """Scores by seed: of the chosen configuration, and of all of the grid.

    `trial_ids` are those of the chosen configuration.
    """

    configuration: Configuration
    chosen: Mapping[int, float]
    trial_ids: Mapping[int, str]
    grid: Mapping[int, tuple[float, ...]]

    @property
    def seeds(self) -> list[int]:
        return sorted({*self.chosen, *self.grid})


def configuration_scores(grid: Grid) -> np.ndarray:
    """Each finished configuration's score, the mean over the grid's seeds [C]."""
    by_id = {record.trial.id: record for record in grid.records}
    scores = [
        np.mean([dev_score(by_id[trial_id]) for trial_id in ids])
        for ids in grid.trial_ids
    ]
    return 100 * np.array(scores, float)


def best_of_curve(grid: Grid) -> np.ndarray:
    """Expected score of the best of 1 to C configurations drawn from the grid [C]."""
    return expected_best(configuration_scores(grid))


def seed_scores(grid: Grid, chosen: Configuration) -> SeedScores | None:
    """None where the chosen configuration has no two seeds to compare."""
    own = [r for r in _scored(grid.records) if configuration_of(r.trial) == chosen]
    if len(own) < 2:
        return None
    by_seed: dict[int, list[float]] = {}
    for record in _scored(grid.of_grid):
        by_seed.setdefault(record.trial.seed, []).append(100 * dev_score(record))
    own.sort(key=lambda record: record.trial.seed)
    return SeedScores(
        configuration=chosen,
        chosen={r.trial.seed: 100 * dev_score(r) for r in own},
        trial_ids={r.trial.seed: r.trial.id for r in own},
        grid={seed: tuple(by_seed[seed]) for seed in sorted(by_seed)},
    )


def epoch_losses(records: Sequence[TrialRecord]) -> np.ndarray:
    """Mean training losses [trials, epochs]; NaN after a trial diverged."""
    epochs = max((len(record.losses) for record in records), default=0)
    losses = np.full((len(records), epochs), np.nan)
    for row, record in zip(losses, records, strict=True):
        row[: len(record.losses)] = record.losses
    return losses


def best_of_rows(
    curves: Mapping[str, np.ndarray], cross_fitted: Mapping[str, float], *, sample: bool
) -> str:
    """The expected best of so many configurations, beside the cross-fitted score."""
    most = max(curve.size for curve in curves.values())
    tried = sorted({*(n for n in TRIED if n < most), most})
    rows = [
        [
            task,
            str(curve.size),
            *(points(curve[n - 1]) if n <= curve.size else NOTHING for n in tried),
            points(cross_fitted.get(task)),
        ]
        for task, curve in curves.items()
    ]
    header = ("Task", "Configurations", *(f"Best of {n}" for n in tried))
    return table((*header, "Cross-fitted"), rows, sample=sample)


def seed_rows(scores: Mapping[str, SeedScores], *, sample: bool) -> str:
    """The chosen configuration on each of its seeds, and the grid on the same seed."""
    rows = [
        [
            task,
            str(own.configuration),
            str(seed),
            points(own.chosen.get(seed)),
            _range(np.array(own.grid.get(seed, ()))),
            trials([own.trial_ids[seed]] if seed in own.trial_ids else []),
        ]
        for task, own in scores.items()
        for seed in own.seeds
    ]
    header = ("Task", "Chosen", "Seed", "Its score", "The grid, low to high", "Trial")
    return table(header, rows, sample=sample)


def loss_rows(
    grids: Mapping[str, Grid], chosen: Mapping[str, Configuration], *, sample: bool
) -> str:
    """Mean training losses per epoch: of the chosen configuration, and of the grid."""
    epochs = max(
        (len(r.losses) for grid in grids.values() for r in grid.of_grid), default=0
    )
    rows = []
    for task, grid in grids.items():
        own = [r for r in grid.of_grid if configuration_of(r.trial) == chosen.get(task)]
        means = epoch_losses(own).mean(axis=0) if own else []
        of_chosen = [f"{loss:.3f}" for loss in means]
        of_grid = [_range(column, 3) for column in epoch_losses(grid.of_grid).T]
        ids = trials(record.trial.id for record in own)
        everything = f"all {len(grid.of_grid)}, low to high"
        for what, cells, behind in (
            ("chosen", of_chosen, ids),
            ("the grid", of_grid, everything),
        ):
            padded = [*cells, *[NOTHING] * (epochs - len(cells))]
            rows.append([task, what, *padded, behind])
    header = ("Task", "Of", *(f"Epoch {n + 1}" for n in range(epochs)), "Trials")
    return table(header, rows, sample=sample)


def _scored(records: Sequence[TrialRecord]) -> list[TrialRecord]:
    return [record for record in records if dev_score(record) is not None]


def _range(values: np.ndarray, decimals: int = 1) -> str:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return NOTHING
    return f"{points(finite.min(), decimals)} to {points(finite.max(), decimals)}"
