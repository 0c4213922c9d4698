"""Progress of long work: bars on a terminal, a plain line now and then elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

SECONDS_BETWEEN_LINES = 15.0


class Bars:
    """Several things under way, each with a total, a rate and the time left."""

    def __init__(self, console: Console):
        self._console = console
        self._live = Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._ids: dict[str, int] = {}
        self._started: dict[str, float] = {}
        self._printed: dict[str, float] = {}

    def update(
        self, what: str, done: int, total: int, unit: str = "", note: str = ""
    ) -> None:
        """Say how far `what` has come; the first call for a name starts its clock."""
        if what not in self._ids:
            self._started[what] = self._printed[what] = time.monotonic()
            self._ids[what] = self._live.add_task(
                what, total=total, completed=done, unit=unit, note=note
            )
        self._live.update(self._ids[what], completed=done, total=total, note=note)
        if not self._console.is_terminal:
            self._print_line(what, done, total, unit, note)

    def _print_line(self, what, done, total, unit, note) -> None:
        now = time.monotonic()
        due = now - self._printed[what] >= SECONDS_BETWEEN_LINES
        if not due and done < total:
            return
        self._printed[what] = now
        elapsed = now - self._started[what]
        left = elapsed / done * (total - done) if done else float("nan")
        rate = done / elapsed if elapsed else float("nan")
        self._console.print(
            f"{what}: {done:,} of {total:,} {unit}, {rate:,.1f}/s, "
            f"{elapsed:.0f} s so far, {left:.0f} s left  {note}",
            highlight=False,
            soft_wrap=True,
        )


@contextmanager
def bars(console: Console) -> Iterator[Bars]:
    """Show progress for as long as the block runs."""
    shown = Bars(console)
    with shown._live:
        yield shown
