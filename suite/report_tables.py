"""The tables of a report, from verdicts, grids and run.json to Markdown."""

import json
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from suite.cells import Cell
from suite.estimates import Choice
from suite.grids import Configuration, Grid, configuration_of, dev_score
from suite.markdown import (
    NOTHING,
    bounds,
    counted,
    percent,
    points,
    signed,
    table,
    trials,
)
from suite.masking_effect import MaskingDifference
from suite.published import SCORE
from suite.records import TrialRecord
from suite.statistics import interval

_RUN_KEYS = ("command", "commit", "device", "seeds", "started", "finished")
_TOLD_ELSEWHERE = ("checkpoints", "skipped", "partial", "sample")


def verdict_rows(cells: Sequence[Cell], *, sample: bool) -> str:
    """Published beside ours, with a verdict in every row."""
    header = (
        "Task",
        "Metric",
        "Published (test)",
        "Ours",
        "Ours - published, 95 %",
        "Compared",
        "Verdict",
        "Why",
        "What would change it",
        "Trials",
    )
    return table(header, [_verdict_row(cell) for cell in cells], sample=sample)


def _verdict_row(cell: Cell) -> list[str]:
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


def checkpoint_rows(checkpoints: Sequence[Mapping], *, sample: bool) -> str:
    """What was fine-tuned, and which published model it stands for."""
    rows = [
        [
            checkpoint["name"],
            checkpoint["masking"] or NOTHING,
            checkpoint["published_as"] or "none",
            checkpoint.get("description", NOTHING),
            f"`{checkpoint['sha256'][:12]}`",
        ]
        for checkpoint in checkpoints
    ]
    header = ("Model", "Masking", "Compared with", "What it is", "Content")
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


def grid_rows(grid: Grid, choice: Choice | None, *, sample: bool) -> str:
    """Batch sizes by learning rates: mean dev score over seeds, the chosen one bold.

    A dagger marks degenerate trials; a failed trial is named instead of a score.
    """
    selected = choice.configuration if choice else None
    return _by_configuration(
        grid, lambda c, own: _grid_cell(own, c == selected), sample=sample
    )


def grid_trial_rows(grid: Grid, *, sample: bool) -> str:
    """The trial ids behind `grid_rows`, in the same places."""
    return _by_configuration(
        grid, lambda _, own: trials(r.trial.id for r in own), sample=sample
    )


def _by_configuration(
    grid: Grid,
    shown: Callable[[Configuration, list[TrialRecord]], str],
    *,
    sample: bool,
) -> str:
    cells: dict[Configuration, list[TrialRecord]] = {}
    for record in sorted(grid.of_grid, key=lambda r: r.trial.seed):
        cells.setdefault(configuration_of(record.trial), []).append(record)
    batches = sorted({c.batch_size for c in cells})
    rates = sorted({c.learning_rate for c in cells}, reverse=True)
    rows = []
    for batch in batches:
        row = [Configuration(batch, rate) for rate in rates]
        rows.append([str(batch), *(shown(c, cells.get(c, [])) for c in row)])
    header = ["Batch size", *(f"lr {rate:g}" for rate in rates)]
    return table(header, rows, sample=sample)


def _grid_cell(records: Sequence[TrialRecord], selected: bool) -> str:
    scores = [score for r in records if (score := dev_score(r)) is not None]
    failed = sum(r.status == "failed" for r in records)
    text = percent(sum(scores) / len(scores)) if scores else ""
    if any(r.degenerate for r in records):
        text += " †"
    if failed:
        count = f" ({failed} of {len(records)})" if len(records) > 1 else ""
        text = f"{text} failed{count}".strip()
    text = text.strip() or NOTHING
    return f"**{text}**" if selected else text


def choice_rows(choices: Mapping[str, Choice], *, sample: bool) -> str:
    """Naive best of n against the cross-fitted estimate, per task.

    Where a choice was repeated on fresh seeds, also what that gave.
    """
    rows, any_repeated = [], any(c.repeated is not None for c in choices.values())
    for task, choice in choices.items():
        estimate = choice.cross_fitted
        low, high = _interval_of(choice)
        metrics = ", ".join(
            f"{name} {percent(estimate.scores[name])}" for name in estimate.task.metrics
        )
        rows.append(
            [
                task,
                str(choice.configuration),
                percent(choice.naive["main"]),
                f"{percent(estimate.scores['main'])} [{low}, {high}]",
                signed(100 * choice.optimism),
                metrics,
                str(estimate.examples),
                trials(choice.trial_ids),
                *([_repeated(choice.repeated)] if any_repeated else []),
            ]
        )
    header = (
        "Task",
        "Chosen on dev",
        "Best of the grid (naive)",
        "Cross-fitted, 95 %",
        "Optimism",
        "Cross-fitted metrics",
        "Dev examples",
        "Trials",
        *(["On fresh seeds"] if any_repeated else []),
    )
    return table(header, rows, sample=sample)


def _repeated(scores: np.ndarray | None) -> str:
    """Mean of main scores, their standard deviation, and over how many seeds."""
    if scores is None:
        return NOTHING
    over = counted(scores.size, "seed")
    if scores.size == 1:
        return f"{percent(scores[0])} ({over})"
    spread = 100 * np.std(scores, ddof=1)
    return f"{percent(np.mean(scores))} ± {spread:.1f} ({over})"


def _interval_of(choice: Choice) -> tuple[str, str]:
    low, high = interval(choice.cross_fitted.draws["main"])
    return percent(low), percent(high)


def masking_rows(rows: Sequence[MaskingDifference], *, sample: bool) -> str:
    """WordPiece beside whole word, per task and metric."""
    header = (
        "Model",
        "Task",
        "Metric",
        "WordPiece",
        "Whole word",
        "Whole word - WordPiece, 95 %",
        "Configurations",
        "Dev examples",
        "Pre-training pairs",
        "Sign-flip p (smallest possible)",
    )
    body = [
        [
            row.model,
            row.task,
            row.metric,
            percent(row.wordpiece),
            percent(row.whole_word),
            f"{signed(100 * row.difference)} {bounds(100 * row.low, 100 * row.high)}",
            str(row.configurations),
            f"{row.examples:,}",
            str(row.pairs),
            f"{row.sign_flip.p:.2g} ({row.sign_flip.smallest:.2g})",
        ]
        for row in rows
    ]
    return table(header, body, sample=sample)
