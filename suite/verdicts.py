"""A verdict for every cell of the published table, and what would change it.

reproduced      the interval of ours - published lies inside the margin (two one-sided
                tests at 0.05)
differs         the difference is more than its sources of error explain, after Holm's
                correction over the table, and the interval is not inside the margin
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
from dataclasses import replace
from pathlib import Path

import numpy as np

from reference.errors import InputError
from suite.cells import Cell, Evidence
from suite.comparability import Context, ruling_without_statistics
from suite.decision import decide_all
from suite.estimates import Estimate, estimate, generator_for
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
from suite.statistics import interval
from suite.tasks import DIAGNOSTIC_SPLIT


def verdict_table(run_dir: str | Path) -> list[Cell]:
    """Every checkpoint's row: nine tasks, AX and Score, a verdict in each cell."""
    directory = RunDirectory(run_dir)
    run, grids = directory.run(), load_grids(directory)
    checkpoints = run_checkpoints(run)
    known = {checkpoint["sha256"] for checkpoint in checkpoints}
    for checkpoint, task in grids:
        if checkpoint not in known:
            raise InputError(
                f"{directory.path / 'run.json'}: expected every checkpoint of the "
                f"records, found none for {checkpoint[:12]} (task {task}); describe it "
                'under "checkpoints"'
            )
    registry, margins = load_published(), load_margins()
    table = []
    for checkpoint in checkpoints:
        own = {
            task: grid
            for (sha, task), grid in grids.items()
            if sha == checkpoint["sha256"]
        }
        table += _row(run, checkpoint, own, registry, margins)
    return table


def run_checkpoints(run: Mapping) -> list[Mapping]:
    """The checkpoints of run.json; InputError if one lacks what a report needs."""
    checkpoints = run.get("checkpoints", [])
    for checkpoint in checkpoints:
        missing = {"name", "masking", "published_as", "sha256"} - set(checkpoint)
        if missing:
            raise InputError(
                f"run.json: a checkpoint lacks {', '.join(sorted(missing))}; add it"
            )
    return checkpoints


def _row(
    run: Mapping,
    checkpoint: Mapping,
    grids: Mapping[str, Grid],
    registry: Registry,
    margins: Mapping[tuple[str, str], float],
) -> list[Cell]:
    """One checkpoint's cells; Holm's correction runs over these."""
    estimates: dict[tuple[str, str], Estimate | None] = {}
    evidence = []
    for column in TABLE_COLUMNS:
        if column == SCORE:
            continue
        grid = grids.get("MNLI" if column.task == "AX" else column.task)
        key = (column.task, column.split)
        if key not in estimates:
            rng = generator_for("estimate", checkpoint["sha256"], *key)
            estimates[key] = grid and _best_estimate(grid, column, rng)
        published = _published(registry, checkpoint, column)
        context = Context(run, checkpoint, column, grid, estimates[key], published)
        evidence.append(_evidence(context))
    published = _published(registry, checkpoint, SCORE)
    evidence.append(score_evidence(evidence, checkpoint, published))
    return decide_all(evidence, margins)


def _published(
    registry: Registry, checkpoint: Mapping, column: TableColumn
) -> PublishedScore | None:
    """The number to stand beside ours: by the model it is said to be, or by size."""
    name = checkpoint["published_as"] or checkpoint["name"]
    return registry.get((name, column))


def _best_estimate(
    grid: Grid, column: TableColumn, rng: np.random.Generator
) -> Estimate | None:
    """On the test split where its labels are there, else on dev; AX has no dev."""
    if column.task == "AX":
        return estimate(grid, DIAGNOSTIC_SPLIT, rng)
    dev = column.split.replace("test", "dev")
    return estimate(grid, column.split, rng) or estimate(grid, dev, rng)


def _evidence(context: Context) -> Evidence:
    """The cell closed by the first rule that applies, or open with its draws."""
    cell = _shown(context)
    ruling = ruling_without_statistics(context)
    if ruling:
        verdict, why, change = ruling
        cell = replace(cell, verdict=verdict, why=why, change=change)
        return Evidence(cell, context.estimate)
    # By task: what moves one metric of a published run moves its others with it.
    rng = generator_for("gap", context.checkpoint["sha256"], context.column.task)
    draws, spread = published_gap(
        context.estimate, context.column, context.published, rng
    )
    return Evidence(cell, context.estimate, draws, spread)


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
        above_constant=interval(estimate.draws[name])[0] > estimate.constant[name],
        seeds=estimate.seeds,
        examples=estimate.examples,
    )
