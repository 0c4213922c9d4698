"""The tables of a report that are of its grids: from records to Markdown."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from suite.estimates import Choice
from suite.grids import Configuration, Grid, configuration_of, dev_score
from suite.markdown import NOTHING, counted, percent, signed, table, trials
from suite.records import TrialRecord
from suite.statistics import interval


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
