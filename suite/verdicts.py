"""A verdict for every cell of the published table, and what would change it.

reproduced      the interval of ours - published lies inside the margin (two one-sided
                tests at 0.05)
differs         the difference is more than its sources of error explain, after Holm's
                correction over the row, and the interval is not inside the margin
inconclusive    neither
not comparable  split, task version, completeness or checkpoint forbid the claim
degenerate      the chosen trials collapsed
uninformative   WNLI: every published model scores below the majority class
not run, not scored   there is no number of ours; the reason says why

All numbers here are in points. How draws come about is in suite/published_gap.py, what
closes a cell without them in suite/comparability.py, what draws decide in
suite/decision.py, and what would settle an open one in suite/power.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from reference.errors import InputError
from suite.cells import Cell, Evidence
from suite.comparability import (
    Context,
    counts_in_score,
    ruling_without_statistics,
)
from suite.decision import decide_all
from suite.estimates import Estimate, Estimates, generator_for
from suite.grids import Grid, load_grids
from suite.published import (
    SCORE,
    TABLE_COLUMNS,
    PublishedScore,
    Registry,
    TableColumn,
    load_margins,
    load_published,
)
from suite.published_gap import published_gap
from suite.records import RunDirectory
from suite.score_cell import score_evidence
from suite.statistics import Spread
from suite.tasks import DIAGNOSTIC_SPLIT, trained_on


def verdict_table(run_dir: str | Path) -> list[Cell]:
    """Every checkpoint's row: nine tasks, AX and Score, a verdict in each cell."""
    directory = RunDirectory(run_dir)
    grids = load_grids(directory)
    return verdicts_of(directory, grids, Estimates(grids))


def verdicts_of(
    directory: RunDirectory,
    grids: Mapping[tuple[str, str], Grid],
    estimates: Estimates,
) -> list[Cell]:
    """The same of a run whose grids are read and which others want estimates of."""
    run, checkpoints = directory.run(), run_checkpoints(directory)
    known = {checkpoint["sha256"] for checkpoint in checkpoints}
    for checkpoint, task in grids:
        if checkpoint not in known:
            raise InputError(
                f"{directory.path / 'run.json'}: expected every checkpoint of the "
                f"records, found none for {checkpoint[:12]} (task {task}); describe it "
                'under "checkpoints"'
            )
    row = _Rows(run, grids, estimates, load_published(), load_margins())
    return [cell for checkpoint in checkpoints for cell in row.of(checkpoint)]


def run_checkpoints(directory: RunDirectory) -> list[Mapping]:
    """The checkpoints of run.json; InputError if one lacks what a report needs."""
    checkpoints = directory.run().get("checkpoints", [])
    for checkpoint in checkpoints:
        missing = {"name", "masking", "published_as", "sha256"} - set(checkpoint)
        if missing:
            raise InputError(
                f"{directory.path / 'run.json'}: a checkpoint lacks "
                f"{', '.join(sorted(missing))}; add it"
            )
    return checkpoints


@dataclass(frozen=True, eq=False)
class _Rows:
    """What every checkpoint's row is made of."""

    run: Mapping
    grids: Mapping[tuple[str, str], Grid]
    estimates: Estimates
    registry: Registry
    margins: Mapping[tuple[str, str], float]

    def of(self, checkpoint: Mapping) -> list[Cell]:
        """One checkpoint's cells; Holm's correction runs over these."""
        evidence = [
            _evidence(self._context(checkpoint, column))
            for column in TABLE_COLUMNS
            if column != SCORE
        ]
        published = self._published(checkpoint, SCORE)
        evidence.append(score_evidence(evidence, checkpoint, published))
        return decide_all(evidence, self.margins)

    def _context(self, checkpoint: Mapping, column: TableColumn) -> Context:
        grid = self.grids.get((checkpoint["sha256"], trained_on(column.task)))
        found = self._best_estimate(checkpoint["sha256"], column) if grid else None
        published = self._published(checkpoint, column)
        return Context(self.run, checkpoint, column, grid, found, published)

    def _best_estimate(self, sha256: str, column: TableColumn) -> Estimate | None:
        """On the test split where its labels are there, else on dev; AX has no dev."""
        if column.task == "AX":
            return self.estimates.on(sha256, "MNLI", DIAGNOSTIC_SPLIT)
        dev = column.split.replace("test", "dev")
        splits = (column.split, dev)
        found = (self.estimates.on(sha256, column.task, split) for split in splits)
        return next(filter(None, found), None)

    def _published(
        self, checkpoint: Mapping, column: TableColumn
    ) -> PublishedScore | None:
        """What stands beside ours: of the model it is said to be, or of its size."""
        name = checkpoint["published_as"] or checkpoint["name"]
        return self.registry.get((name, column))


def _evidence(context: Context) -> Evidence:
    """The cell closed by the first rule that applies, or open with its draws."""
    cell = _shown(context)
    ruling = ruling_without_statistics(context)
    if ruling is None:
        draws, spread = _gap(context)
        return Evidence(cell, context.estimate, draws, spread)
    verdict, why, change = ruling
    cell = replace(cell, verdict=verdict, why=why, change=change)
    is_counted = verdict == "uninformative" and counts_in_score(context)
    for_score = _gap(context) if is_counted else None
    return Evidence(cell, context.estimate, for_score=for_score)


def _gap(context: Context) -> tuple[np.ndarray, Spread]:
    # By task: what moves one metric of a published run moves its others with it.
    rng = generator_for("gap", context.checkpoint["sha256"], context.column.task)
    return published_gap(context.estimate, context.column, context.published, rng)


def _shown(context: Context) -> Cell:
    """What can be shown whatever the verdict: both numbers and where ours is from."""
    estimate, published = context.estimate, context.published
    cell = Cell(
        checkpoint=context.checkpoint["sha256"],
        model=context.checkpoint["name"],
        masking=context.checkpoint["masking"],
        column=context.column,
        published=published and published.value,
        decimals=published.decimals if published else 1,
    )
    if estimate is None:
        return cell
    on_dev, name = estimate.split.startswith("dev"), context.column.metric
    optimism = estimate.optimism.get(name)
    return replace(
        cell,
        ours=100 * estimate.scores[name],
        compared="dev vs test" if on_dev else "test vs test",
        trial_ids=estimate.trial_ids,
        selection=100 * estimate.selection_sd[name],
        optimism=None if optimism is None else 100 * optimism,
        constant=100 * estimate.constant[name],
        above_constant=estimate.above_constant[name],
        seeds=estimate.seeds,
        examples=estimate.examples,
    )
