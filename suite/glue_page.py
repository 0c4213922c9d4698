"""glue.md: the grid of each task, the chosen configuration and what it is worth.

Tables are of suite/grid_tables.py and suite/grid_views.py, each beside its figure.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from suite.checkpoint_words import slug, title
from suite.estimates import Choice
from suite.figures import best_of_figure, heat_map_figure, loss_figure, seed_figure
from suite.grid_tables import choice_rows, grid_rows, grid_trial_rows
from suite.grid_views import (
    best_of_curve,
    best_of_rows,
    loss_rows,
    seed_rows,
    seed_scores,
)
from suite.grids import Configuration, Grid, configuration_of
from suite.markdown import counted, trials
from suite.pages import Figures, folded
from suite.records import TrialRecord
from suite.reported_run import ReportedRun

INTRODUCTION = (
    "Scores are the task's main score on dev (the mean of its metrics), in points, "
    "averaged over seeds. The chosen configuration is bold; † marks degenerate "
    "trials. *Best of the grid* is what choosing and scoring on the same dev set "
    "gives, and is optimistic; *cross-fitted* chooses on one half of dev and "
    "scores on the other."
)
_ON_FRESH_SEEDS = (
    "*On fresh seeds*: the chosen configuration once more on seeds that had no part in "
    "the choice, mean and standard deviation of its main score on dev. The tables of "
    "the grid hold the seeds of the grid alone."
)
_BEST_OF = (
    "What the best of so many configurations is expected to score on dev, if they are "
    "drawn from the grid (Dodge et al. 2019, without replacement): how much of a score "
    "is owed to trying more. The dashed line is the cross-fitted score, in which "
    "choosing has no part. Configurations of which a trial failed are left out."
)
_SEEDS = (
    "The chosen configuration on each of its seeds, the dashed line its mean. Small "
    "and grey, all configurations of the grid on the seeds that it was run on."
)
_LOSSES = "Mean training loss of each epoch; a line is a trial of the grid."


@dataclass(frozen=True, eq=False)
class _Shown:
    """A checkpoint's grids as its part of the page needs them."""

    name: str  # for the files of its figures
    grids: Mapping[str, Grid]
    choices: Mapping[str, Choice]
    sample: bool

    @property
    def chosen(self) -> dict[str, Configuration]:
        return {task: choice.configuration for task, choice in self.choices.items()}

    @property
    def cross_fitted(self) -> dict[str, float]:
        return {
            task: 100 * choice.cross_fitted.scores["main"]
            for task, choice in self.choices.items()
        }


def glue_parts(run: ReportedRun, figures: Figures) -> list[str]:
    """A run's part of the page; its figures are drawn on the way."""
    parts = []
    for number, checkpoint in enumerate(run.checkpoints):
        grids, choices = run.grids_of(checkpoint), run.choices_of(checkpoint)
        shown = _Shown(slug(checkpoint, number), grids, choices, run.sample)
        parts.append(f"## {title(checkpoint)}")
        if not grids:
            parts.append("No trials.")
            continue
        parts += _choices(shown, figures)
        parts += _best_of(shown, figures)
        parts += _seeds(shown, figures)
        parts += _losses(shown, figures)
        for task, grid in grids.items():
            parts += _task(task, grid, choices.get(task), sample=run.sample)
    return parts


def _choices(shown: _Shown, figures: Figures) -> list[str]:
    name = f"grid_{shown.name}"
    parts = [
        figures.image(
            "Dev scores of the grid; the tables of the tasks have the same numbers",
            name,
            heat_map_figure,
            shown.grids,
        )
    ]
    if shown.choices:
        parts.append(choice_rows(shown.choices, sample=shown.sample))
    if any(choice.repeated is not None for choice in shown.choices.values()):
        parts.append(_ON_FRESH_SEEDS)
    return parts


def _best_of(shown: _Shown, figures: Figures) -> list[str]:
    curves = {
        task: best_of_curve(grid)
        for task, grid in shown.grids.items()
        if len(grid.configurations) > 1
    }
    if not curves:
        return []
    what = (curves, shown.cross_fitted)
    return [
        "### Best of n",
        _BEST_OF,
        figures.image(
            "Expected best over configurations tried; the table has numbers along it",
            f"best-of_{shown.name}",
            best_of_figure,
            *what,
        ),
        best_of_rows(*what, sample=shown.sample),
    ]


def _seeds(shown: _Shown, figures: Figures) -> list[str]:
    found = {
        task: seed_scores(shown.grids[task], configuration)
        for task, configuration in shown.chosen.items()
    }
    scores = {task: own for task, own in found.items() if own}
    if not shown.chosen:
        return []
    if not scores:
        return ["### Seeds", "One seed a configuration: nothing to lay side by side."]
    name = f"seeds_{shown.name}"
    return [
        "### Seeds",
        _SEEDS,
        figures.image(
            "Scores by seed; the table has those of the chosen, and the grid's range",
            name,
            seed_figure,
            scores,
        ),
        seed_rows(scores, sample=shown.sample),
    ]


def _losses(shown: _Shown, figures: Figures) -> list[str]:
    if not any(record.losses for g in shown.grids.values() for record in g.of_grid):
        return []
    what, name = (shown.grids, shown.chosen), f"losses_{shown.name}"
    return [
        "### Training loss",
        _LOSSES,
        figures.image(
            "Training loss by epoch; the table has the chosen, and the grid's range",
            name,
            loss_figure,
            *what,
        ),
        loss_rows(*what, sample=shown.sample),
    ]


def _task(task: str, grid: Grid, choice: Choice | None, *, sample: bool) -> list[str]:
    seeds = choice.cross_fitted.seed_note if choice else "no configuration to choose"
    further = len(grid.records) - len(grid.of_grid)
    on_fresh = f", {further} of them on fresh seeds" if further else ""
    fates = [_fate(record, record.reason, "failed") for record in grid.failed]
    fates += [_fate(r, r.degenerate, "degenerate") for r in grid.degenerate]
    return [
        f"### {task}",
        grid_rows(grid, choice, sample=sample),
        f"{counted(len(grid.records), 'trial')}{on_fresh}, {len(grid.failed)} failed, "
        f"{len(grid.degenerate)} degenerate. Seed spread: {seeds}.",
        "\n".join(fates),
        *folded("Trial ids", grid_trial_rows(grid, sample=sample), _repeats(grid)),
    ]


def _repeats(grid: Grid) -> str:
    """Trials beyond the grid's table: those on fresh seeds, chosen or not."""
    ids = [r.trial.id for r in grid.records if r not in grid.of_grid]
    return f"On fresh seeds: {trials(ids)}." if ids else ""


def _fate(record: TrialRecord, reason: str | None, what: str) -> str:
    where = f"{configuration_of(record.trial)}, seed {record.trial.seed}"
    return f"- {trials([record.trial.id])} ({where}) {what}: {reason}"
