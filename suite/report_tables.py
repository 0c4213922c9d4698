"""The tables of a report that are of its verdicts and of the run, in Markdown.

Those of the grids are in suite/grid_tables.py, those of the maskings in
suite/masking_tables.py.
"""

import json
import math
from collections.abc import Mapping, Sequence

from suite.cells import Cell
from suite.checkpoint_words import named
from suite.markdown import NOTHING, bounds, points, signed, table, trials
from suite.origin import evidence
from suite.power import degrees
from suite.printed_averages import PrintedAverage
from suite.published import SCORE
from suite.table_verdict import COMPARED, TableVerdict

_RUN_KEYS = ("command", "commit", "device", "seeds", "started", "finished")
_TOLD_ELSEWHERE = ("checkpoints", "skipped", "partial", "sample")


def verdict_rows(cells: Sequence[Cell], *, sample: bool) -> str:
    """Published beside ours, with a verdict in every row.

    What a constant answer scores has a column where it is known of any cell: of a test
    set without labels it is not.
    """
    constant = any(cell.constant is not None for cell in cells)
    header = (
        "Task",
        "Metric",
        "Published (test)",
        "Ours",
        *(["A constant answer"] if constant else []),
        "Ours - published, 95 %",
        "Compared",
        "Verdict",
        "Why",
        "What would change it",
        "Trials",
    )
    return table(header, [_verdict_row(c, constant) for c in cells], sample=sample)


def _verdict_row(cell: Cell, constant: bool) -> list[str]:
    difference = signed(cell.difference) if cell.low is not None else NOTHING
    span = f" {bounds(cell.low, cell.high)}" if cell.low is not None else ""
    ids = trials(cell.trial_ids)
    if cell.column == SCORE and cell.trial_ids:
        ids = "those of the nine tasks"
    return [
        cell.name,
        cell.column.metric,
        points(cell.published, cell.decimals),
        points(cell.ours, cell.decimals),
        *([points(cell.constant, cell.decimals)] if constant else []),
        difference + span,
        cell.compared or NOTHING,
        f"**{cell.verdict}**",
        cell.why,
        cell.change,
        ids,
    ]


def seed_notes(cells: Sequence[Cell]) -> str:
    """How the seed spread in the intervals was found, and for which tasks."""
    tasks: dict[str, list[str]] = {}
    for cell in cells:
        if cell.seed_note and cell.column.task not in tasks.get(cell.seed_note, []):
            tasks.setdefault(cell.seed_note, []).append(cell.column.task)
    notes = [f"{', '.join(names)}: {note}" for note, names in tasks.items()]
    return f"Seed spread in the intervals. {'; '.join(notes)}." if notes else ""


def source_rows(cells: Sequence[Cell], *, sample: bool) -> str:
    """What the intervals of the open cells are made of; "" where no cell is open."""
    rows = [_source_row(cell) for cell in cells if cell.spread]
    header = (
        "Task",
        "Metric",
        "Our examples",
        "Our seeds",
        "Choosing",
        "Published test sampling, from ours",
        "Published seed, as ours",
        "Rounding",
        "Together",
        "Seeds known to",
        "Optimism taken off",
        "Of ours",
    )
    return table(header, rows, sample=sample) if rows else ""


def _source_row(cell: Cell) -> list[str]:
    spread = cell.spread
    chosen_elsewhere = not cell.selection and cell.optimism is None
    deviations = (
        spread.our_examples,
        spread.our_seeds,
        None if chosen_elsewhere else cell.selection,
        spread.published_examples,
        spread.published_seeds,
        spread.rounding / math.sqrt(3),  # of a uniform error, from its half width
        math.hypot(spread.total, cell.selection),
    )
    ours = [f"{cell.examples:,} examples"] if cell.examples else []
    ours += [f"{cell.seeds} seed{'s' * (cell.seeds > 1)}"] if cell.seeds else []
    return [
        cell.name,
        cell.column.metric,
        *(points(sd, 2) for sd in deviations),
        _freedom(spread.seed_freedom),
        signed(cell.optimism),
        ", ".join(ours) or NOTHING,
    ]


def _freedom(freedom: float) -> str:
    """How well a standard deviation over seeds is known."""
    if math.isinf(freedom):
        return NOTHING
    return degrees(freedom)


def row_verdict_rows(verdict: TableVerdict, *, sample: bool) -> str:
    """A line for each checkpoint: its cells counted, and what follows for the row."""
    rows = []
    for row in verdict.rows:
        about = row.checkpoint
        counts = [str(row.counts.get(name, 0)) for name in COMPARED]
        others = sum(row.counts.values()) - row.compared
        rows.append(
            [
                named(about),
                about["published_as"] or "none",
                *counts,
                str(others),
                row.score,
                row.verdict,
                row.why,
            ]
        )
    header = (
        "Checkpoint",
        "Beside",
        *(name.capitalize() for name in COMPARED),
        "Not compared",
        "Score",
        "The published row",
        "Why",
    )
    return table(header, rows, sample=sample)


def average_rows(averages: Sequence[PrintedAverage], *, sample: bool = False) -> str:
    """Printed averages, the formula each is said to follow, and whether it can be."""
    rows = []
    for one in averages:
        low, high = one.said.bounds
        rows.append(
            [
                one.printed.model,
                points(one.printed.value, one.printed.decimals),
                one.said.formula.name,
                one.said.formula.says,
                points(float(one.said.computed), 3),
                f"{points(float(low), 3)} to {points(float(high), 3)}",
                "yes" if one.said.matches else "no",
                ", ".join(one.others) or "none",
            ]
        )
    header = (
        "Model",
        "Printed",
        "Follows",
        "It averages",
        "Computed",
        "Rounding allows",
        "Agrees",
        "Would fit as well",
    )
    return table(header, rows, sample=sample)


def checkpoint_rows(checkpoints: Sequence[Mapping], *, sample: bool) -> str:
    """What was fine-tuned, and which published model it stands for."""
    rows = [
        [
            checkpoint["name"],
            checkpoint["masking"] or NOTHING,
            checkpoint["published_as"] or "none",
            checkpoint.get("description", NOTHING),
            evidence(checkpoint),
            f"`{checkpoint['sha256'][:12]}`",
        ]
        for checkpoint in checkpoints
    ]
    header = ("Model", "Masking", "Compared with", "What it is", "Known by", "Content")
    return table(header, rows, sample=sample)


def run_rows(run: Mapping, *, sample: bool) -> str:
    """Everything that run.json says about how the run was made."""
    keys = [key for key in _RUN_KEYS if key in run]
    keys += [key for key in run if key not in (*_RUN_KEYS, *_TOLD_ELSEWHERE)]
    rows = [[key, _plain(run[key])] for key in keys]
    return table(("What", "Value"), rows, sample=sample)


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return value if isinstance(value, str) else json.dumps(value)
