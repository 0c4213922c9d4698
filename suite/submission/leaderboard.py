"""Scores from GLUE's server beside a published row: test with test.

Both are one submission on the same hidden test set. The interval of theirs holds the
sampling error of both (suite/score_row/errors.py; that the examples are the same can
only bring the two closer), the seed spread of both, and the rounding of both. The
spread is that recorded on dev in the run which was submitted, else what others
measured on dev of a compact model; where there is neither, nothing is claimed. Verdicts
are those of suite/verdicts.py. Not here: reading scores (suite/score_row/rows.py).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from reference.errors import InputError
from suite.cells import Cell, Evidence
from suite.decision import decide_all
from suite.estimates import RESAMPLES, generator_for
from suite.grid_seeds import seed_errors
from suite.grids import Grid
from suite.published import (
    SCORE,
    SCORE_TERMS,
    TABLE_COLUMNS,
    PublishedScore,
    TableColumn,
    load_margins,
    load_published,
    rounded_average,
)
from suite.score_cell import score_evidence
from suite.score_row.errors import printed_draws, sampling_sd
from suite.score_row.published import rows_of, seed_spread, table_models
from suite.score_row.rows import ScoreRow
from suite.seed_error import SeedError, in_points
from suite.statistics import Spread, gap_draws, interval
from suite.submission.trials import Submission
from suite.task_rulings import ruling_on_wnli, ruling_on_zero
from suite.tasks import trained_on


@dataclass(frozen=True)
class Submitted:
    """What is known of what was submitted; all but a name may be left out.

    `seed_error` is in points, `trials` are ids; `partial` says of a task why it was
    trained on a part only.
    """

    model: str
    masking: str | None = None
    sha256: str = ""
    seed_error: Mapping[TableColumn, SeedError] = field(default_factory=dict)
    trials: Mapping[TableColumn, str] = field(default_factory=dict)
    partial: Mapping[str, str] = field(default_factory=dict)


def submitted_from(submission: Submission) -> Submitted:
    """What a run says of what was submitted from it."""
    checkpoint, run = submission.checkpoint, submission.run.run()
    return Submitted(
        model=checkpoint["name"],
        masking=checkpoint["masking"],
        sha256=checkpoint["sha256"],
        seed_error=_recorded_errors(submission.grids.values()),
        trials={
            column: predicted.record.trial.id
            for predicted in submission.files
            for column in predicted.file.columns
        },
        partial=run.get("partial", {}),
    )


def compare(row: ScoreRow, published: str, submitted: Submitted) -> list[Cell]:
    """A cell for each column of the published table, with a verdict.

    InputError for a model without a published row of test scores.
    """
    return _Comparing(row, published, submitted)()


def check_score(path: Path, row: ScoreRow) -> None:
    """InputError unless the server's Score is the mean of the tasks' scores."""
    needed = {column for term in SCORE_TERMS for column in term}
    if row.average is None or not needed <= set(row.scores):
        return
    mean, slack = rounded_average(SCORE_TERMS, row.scores)
    if abs(mean - row.average.value) > slack + row.average.half_step:
        raise InputError(
            f"{path}: expected the Score {float(mean):.1f}, GLUE's mean over nine "
            f"tasks, found {row.average}; one of the numbers is of another submission"
        )


class _Comparing:
    """A row of returned scores against one published row."""

    def __init__(self, row: ScoreRow, published: str, submitted: Submitted):
        self._registry = load_published()
        self._known = table_models(self._registry)
        if published not in self._known:
            raise InputError(
                "--published: expected a row of test scores, found "
                f"{published!r}; name one of {', '.join(self._known)}"
            )
        self._row, self._model, self._submitted = row, published, submitted
        self._theirs: dict[TableColumn, PublishedScore] = {
            column: self._registry[published, column] for column in TABLE_COLUMNS
        }

    def __call__(self) -> list[Cell]:
        evidence = [self._evidence(column) for column in TABLE_COLUMNS[:-1]]
        named = {
            "name": self._submitted.model,
            "masking": self._submitted.masking,
            "sha256": self._submitted.sha256,
        }
        score = score_evidence(evidence, named, self._theirs[SCORE])
        if score.cell.ours is None:
            change = "a row for each of their metrics"
            score = replace(score, cell=replace(score.cell, change=change))
        evidence.append(score)
        cells = decide_all(evidence, load_margins())
        return [
            cell if one.draws is None else _final(cell, one.cell.seed_note)
            for one, cell in zip(evidence, cells, strict=True)
        ]

    def _evidence(self, column: TableColumn) -> Evidence:
        """The cell closed without statistics, or open with its draws."""
        cell = self._cell(column)
        if closed := self._ruling(cell):
            verdict, why, change = closed
            cell = replace(cell, verdict=verdict, why=why, change=change)
            is_counted = verdict == "uninformative"
            return Evidence(cell, for_score=self._gap(cell) if is_counted else None)
        seeds = self._seeds(column)
        draws, spread = self._gap(cell)
        if seeds.sd is None:
            return Evidence(_without_seeds(cell, draws, seeds.how))
        return Evidence(replace(cell, seed_note=seeds.how), None, draws, spread)

    def _gap(self, cell: Cell) -> tuple[np.ndarray, Spread]:
        """Draws of ours - published; without the seeds where nobody knows them."""
        column = cell.column
        ours, seeds = self._row.scores[column], self._seeds(column)
        rows = rows_of(column, "test")
        spread = Spread(
            our_examples=sampling_sd(column, self._row.scores, rows),
            our_seeds=seeds.sd or 0.0,
            published_examples=sampling_sd(column, self._theirs, rows),
            published_seeds=seeds.sd or 0.0,
            rounding=self._theirs[column].half_step,
            seed_freedom=seeds.freedom,
        )
        # By task: what moves one metric of a run moves its others with it.
        rng = generator_for("leaderboard", self._model, column.task)
        own = printed_draws(ours, spread.our_examples, rng, RESAMPLES)
        return gap_draws(own, cell.published, spread, rng), spread

    def _cell(self, column: TableColumn) -> Cell:
        ours = self._row.scores.get(column)
        return Cell(
            checkpoint=self._submitted.sha256,
            model=self._submitted.model,
            masking=self._submitted.masking,
            column=column,
            published=self._theirs[column].value,
            decimals=self._theirs[column].decimals,
            ours=ours and float(ours.value),
            compared="test vs test" if ours else "",
            trial_ids=tuple(filter(None, [self._submitted.trials.get(column)])),
        )

    def _ruling(self, cell: Cell) -> tuple[str, str, str] | None:
        """Verdict, why and what would change it, where no statistics are needed."""
        task, metric, _ = cell.column
        if cell.ours is None:
            return "not scored", "no score was given", f"a row {cell.name} {metric}"
        if why := self._submitted.partial.get(trained_on(task)):
            return "not comparable", why, "the complete train split"
        if closed := ruling_on_wnli(cell.column):
            return *closed, "nothing: the published cell measures nothing"
        if closed := ruling_on_zero(cell.column, cell.ours):
            verdict, why = closed
            same = ", and what is published too" if cell.published == 0 else ""
            return verdict, why + same, "trials that learn"
        rows = rows_of(cell.column, "test")
        if sampling_sd(cell.column, self._row.scores, rows) is None:
            why = "F1 without its accuracy does not tell its sampling error"
            return "inconclusive", why, f"a row {cell.name} accuracy"
        return None

    def _seeds(self, column: TableColumn) -> SeedError:
        """As the run recorded it, else as others measured it on a compact model.

        Of BERT-Large spreads are known too, which are another order of magnitude.
        """
        nothing = SeedError(None, math.inf, "not recorded")
        recorded = self._submitted.seed_error.get(column, nothing)
        others = seed_spread(self._registry, self._model, column)
        if recorded.sd is None and others and others.model in self._known:
            how = f"as others measured it on {others.model}, dev, {others.runs} runs"
            return SeedError(others.sd, others.runs - 1, how)
        return recorded


def _recorded_errors(grids: Iterable[Grid]) -> dict[TableColumn, SeedError]:
    """What seeds move each score by on dev, for the test split that goes with it."""
    found = {}
    for grid in grids:
        for split in grid.predictions:
            if split.startswith("dev"):
                found |= _recorded_error(grid, split)
    return found


def _recorded_error(grid: Grid, split: str) -> dict[TableColumn, SeedError]:
    test, errors = split.replace("dev", "test"), seed_errors(grid, split)
    return {
        TableColumn(grid.task.name, metric, test): in_points(errors[metric])
        for metric in grid.task.metrics
    }


def _without_seeds(cell: Cell, draws: np.ndarray, note: str) -> Cell:
    """An interval that lacks one source of error allows no claim, but tells a lot."""
    low, high = interval(draws)
    much = "no more than" if low <= 0 <= high else "more than"
    change = "the run it was made from: its seeds say how much they move a score"
    if cell.column.task == "AX":
        change = "nothing: AX has no labelled examples to measure it on"
    why = f"{much} test examples and rounding explain; seed spread {note}"
    cell = replace(cell, low=low, high=high, verdict="inconclusive", why=why)
    return replace(cell, change=change)


def _final(cell: Cell, seed_note: str) -> Cell:
    """More examples, which would settle a cell elsewhere, are not to be had here."""
    cell = replace(cell, seed_note=seed_note)
    if cell.verdict != "inconclusive":
        return cell
    half = (cell.high - cell.low) / 2
    change = f"no other submission: one beside one is uncertain by ±{half:.1f}"
    return replace(cell, change=change)
