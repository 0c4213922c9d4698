"""The plan of a sweep in a table, and how long it may take; nothing is written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from suite import environment
from suite.duration import spoken
from suite.markdown import counted
from suite.plan import Entry, Grid
from suite.recorded_rates import Rates, recorded_rates
from suite.recorded_sweep import Execution
from suite.run_description import other_lists
from suite.sweep import Sweep
from suite.trials import Stack


@dataclass(frozen=True)
class Row:
    """What is to be run of one checkpoint on one task; no batch size, no stacks yet."""

    entry: Entry
    batch_size: int | None
    trials: int
    stacks: int
    steps: int
    examples: int


def planned_rows(work: Sweep, grid: Grid) -> list[Row]:
    """By checkpoint, task and batch size, then what is still to be selected."""
    groups: dict[tuple[Entry, int], list[Stack]] = {}
    for stack, entry in work.stacks().items():
        groups.setdefault((entry, stack.trials[0].batch_size), []).append(stack)
    rows = [_row(entry, size, stacks) for (entry, size), stacks in groups.items()]
    repeats = len(grid.fresh_seeds)
    return rows + [
        Row(entry, None, repeats, 0, 0, repeats * entry.train_rows * grid.epochs)
        for entry in work.waiting
        if repeats
    ]


def _row(entry: Entry, batch_size: int, stacks: Sequence[Stack]) -> Row:
    epochs = stacks[0].trials[0].epochs
    steps = int(entry.train_rows / batch_size * epochs)
    trials = sum(len(stack.trials) for stack in stacks)
    examples = trials * steps * batch_size
    return Row(entry, batch_size, trials, len(stacks), len(stacks) * steps, examples)


def plan_table(rows: Iterable[Row]) -> Table:
    """Checkpoints of one task and batch size are added up."""
    table = Table(box=None, header_style="bold", show_footer=True)
    rows = list(rows)
    sums: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        size = str(row.batch_size) if row.batch_size else "selected"
        own = sums.setdefault((row.entry.task.name, size), [0, 0, 0, 0])
        for place, value in enumerate(_numbers(row)):
            own[place] += value
    total = [sum(own[place] for own in sums.values()) for place in range(4)]
    table.add_column("Task", footer="All")
    table.add_column("Batch size", justify="right")
    names = ("Trials", "Stacks", "Steps", "Examples")
    for name, value in zip(names, total, strict=True):
        table.add_column(name, justify="right", footer=f"{value:,}")
    for (task, size), own in sums.items():
        table.add_row(task, size, *(f"{value:,}" if value else "–" for value in own))
    return table


def _numbers(row: Row) -> tuple[int, ...]:
    return row.trials, row.stacks, row.steps, row.examples


def estimate_of_time(rows: Sequence[Row], workers: int, runs: Sequence[Path]) -> str:
    """In words, from rates that were recorded; where there are none it says so."""
    rates: dict[str, Rates | None] = {}
    for row in rows:
        model = row.entry.model
        if model not in rates:
            rates[model] = recorded_rates(runs, model)
        if rates[model] is None:
            return (
                f"No estimate of time: no run of {model} on a machine and backend like "
                "these is recorded."
            )
    seconds = sum(
        row.examples / rates[row.entry.model].rate(row.entry.task.name, row.batch_size)
        for row in rows
    )
    # Starting takes time of its own: seconds would be a promise.
    duration = spoken(max(seconds / workers, 60))
    names = ", ".join(dict.fromkeys(rate.run for rate in rates.values()))
    return (
        f"About {duration} with {counted(workers, 'worker')}, at the rates that were "
        f"recorded in {names}."
    )


def show(
    work: Sweep,
    grid: Grid,
    execution: Execution,
    runs: Sequence[Path],
    console: Console,
) -> None:
    """The table and the estimate; `runs` are where rates may be recorded."""
    for name, values in other_lists(vars(grid)).items():
        listed = ", ".join(f"{value:g}" for value in values)
        console.print(
            f"{name.replace('_', ' ').capitalize()} {listed}: not as documented."
        )
    rows = planned_rows(work, grid)
    if not rows:
        console.print(f"Nothing to run: all {work.total} trials are recorded.")
        return
    console.print(plan_table(rows))
    if execution.may_accelerate and execution.stack is None:
        console.print(
            "Stacks are shown as on a processor; on an accelerator their size is "
            "measured first."
        )
    if any(row.entry.sources.test_predictions for row in rows):
        console.print("Predicting test splits without labels comes on top of it all.")
    workers = execution.workers or environment.cores()
    console.print(estimate_of_time(rows, workers, runs))
