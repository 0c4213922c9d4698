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

All numbers here are in points. How draws come about is in suite/statistics/, what
closes a cell without them in suite/comparability.py, and what would settle an open one
in suite/power.py.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from reference.errors import InputError
from suite.cells import Cell, Evidence
from suite.comparability import Context, ruling_without_statistics
from suite.estimates import Estimate, estimate, generator_for
from suite.grids import Grid, load_grids
from suite.power import LEVEL, Comparison, what_settles
from suite.published import (
    SCORE,
    TABLE_COLUMNS,
    PublishedScore,
    Registry,
    TableColumn,
    load_margins,
    load_published,
)
from suite.records import RunDirectory
from suite.score_cell import score_evidence
from suite.statistics import (
    Spread,
    difference_p,
    equivalence_p,
    gap_draws,
    holm,
    interval,
    published_sampling_sd,
)
from suite.tasks import DIAGNOSTIC_SPLIT, TASKS


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
    estimate, published = context.estimate, context.published
    name = context.column.metric
    spread = _spread(estimate, name, context.column, published.half_step)
    # By task: what moves one metric of a published run moves its others with it.
    rng = generator_for("gap", context.checkpoint["sha256"], context.column.task)
    draws = gap_draws(100 * estimate.draws[name], published.value, spread, rng)
    return Evidence(cell, estimate, draws, spread)


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
        seeds=estimate.seeds,
        examples=estimate.examples,
    )


def _spread(
    estimate: Estimate, name: str, column: TableColumn, half_step: float
) -> Spread:
    """The sources of error of ours - published, in points, but for choosing.

    What choosing adds is in our draws already, and in Cell.selection.
    """
    our_examples = 100 * estimate.examples_sd[name]
    seed_sd = 100 * estimate.seed_sd[name]
    return Spread(
        our_examples=our_examples,
        our_seeds=seed_sd / np.sqrt(estimate.seeds),
        published_examples=published_sampling_sd(
            our_examples, estimate.examples, TASKS[column.task].rows[column.split]
        ),
        published_seeds=seed_sd,  # a submission is one run
        rounding=half_step,
    )


def decide_all(
    evidence: list[Evidence], margins: Mapping[tuple[str, str], float]
) -> list[Cell]:
    """The cells of one row, each column once; Holm's correction runs over them."""
    open_cells = [e for e in evidence if e.draws is not None]
    adjusted = holm(np.array([difference_p(e.draws) for e in open_cells]))
    by_column = {
        e.cell.column: float(p) for e, p in zip(open_cells, adjusted, strict=True)
    }
    return [
        e.cell
        if e.draws is None
        else _decide(e, by_column[e.cell.column], margins, len(open_cells))
        for e in evidence
    ]


def _decide(
    evidence: Evidence,
    adjusted_p: float,
    margins: Mapping[tuple[str, str], float],
    tests: int,
) -> Cell:
    column, draws = evidence.cell.column, evidence.draws
    margin = margins[column.task, column.metric]
    low, high = interval(draws)
    note = evidence.estimate.seed_note if evidence.estimate else ""
    cell = replace(
        evidence.cell, low=low, high=high, seed_note=note, spread=evidence.spread
    )
    if equivalence_p(draws, margin) <= LEVEL:
        why = f"within ±{margin:.1f} points by two one-sided tests"
        room = margin - max(map(abs, interval(draws, 1 - 2 * LEVEL)))
        change = f"a difference {_at_least(room)} further from zero"
        return replace(cell, verdict="reproduced", why=why, change=change)
    if adjusted_p <= LEVEL:
        why = f"more than the sources of error explain, Holm p = {adjusted_p:.2g}"
        gap = min(abs(low), abs(high))
        change = f"an error of {_at_least(gap)} in either number"
        return replace(cell, verdict="differs", why=why, change=change)
    why = f"neither within ±{margin:.1f} points nor surely different"
    one = Comparison(cell.difference, margin, cell.spread, cell.selection, tests)
    change = what_settles(one, cell.seeds, cell.examples)
    return replace(cell, verdict="inconclusive", why=why, change=change)


def _at_least(points: float) -> str:
    """A number of points, rounded up so that it is enough."""
    return f"{max(0.1, math.ceil(10 * points) / 10):.1f} points"
