"""Progress of long work: bars on a terminal, a plain line now and then elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

from suite.duration import spoken

SECONDS_BETWEEN_LINES = 15.0
# Of what is to be done; before that most of the time went into getting under way.
SHARE_TO_TELL_A_RATE = 0.005


@dataclass
class _Clock:
    """When something was begun and last spoken of, and how far it had come then."""

    bar: TaskID
    first: float
    started: float
    printed: float

    def rate(self, done: float, total: int) -> float:
        """Per second, 0.0 while it cannot be told.

        What an earlier run had done says nothing of this one's rate.
        """
        elapsed, came = time.monotonic() - self.started, done - self.first
        told = came >= SHARE_TO_TELL_A_RATE * (total - self.first)
        return came / elapsed if elapsed and told else 0.0


class _WithWords(Progress):
    """Bars, and under them a line of words if there are any."""

    words = ""

    def get_renderables(self) -> Iterator[RenderableType]:
        yield from super().get_renderables()
        if self.words:
            yield Text(self.words)


class Bars:
    """Several things under way, each with a total, a rate and the time left."""

    def __init__(self, console: Console):
        self._console = console
        self._live = _WithWords(
            TextColumn("{task.description}"),
            # Takes what the words leave of the width.
            BarColumn(bar_width=None, table_column=Column(ratio=1)),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} {task.fields[unit]}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("left"),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=not console.is_terminal,
            expand=True,
        )
        self._clocks: dict[str, _Clock] = {}

    def say(self, words: str) -> None:
        """Words to stand under the bars, or at the end of the next line of a log."""
        self._live.words = words

    def update(
        self, what: str, done: float, total: int, unit: str = "", note: str = ""
    ) -> None:
        """Say how far `what` has come; the first call for a name starts its clock."""
        if what not in self._clocks:
            bar = self._live.add_task(what, total=total, unit=unit, rate="", note="")
            now = time.monotonic()
            self._clocks[what] = _Clock(bar, done, now, now)
        clock = self._clocks[what]
        rate = _per_second(clock.rate(done, total))
        self._live.update(clock.bar, completed=done, total=total, rate=rate, note=note)
        if not self._console.is_terminal:
            self._print_line(what, done, total, unit, note)

    def _print_line(self, what, done, total, unit, note) -> None:
        clock, now = self._clocks[what], time.monotonic()
        due = now - clock.printed >= SECONDS_BETWEEN_LINES
        if not due and done < total:
            return
        clock.printed = now
        rate = clock.rate(done, total)
        left = f"{spoken((total - done) / rate)} left" if rate else "time left unknown"
        parts = [
            f"{what}: {done:,.0f} of {total:,} {unit}".rstrip(),
            _per_second(rate),
            f"{spoken(now - clock.started)} so far",
            left if done < total else "",
            note,
            self._live.words,
        ]
        line = ", ".join(part for part in parts if part)
        self._console.print(line, highlight=False, soft_wrap=True)


@contextmanager
def bars(console: Console) -> Iterator[Bars]:
    """Show progress for as long as the block runs."""
    shown = Bars(console)
    with shown._live:
        yield shown


def _per_second(rate: float) -> str:
    """Whole numbers, or two digits where it is slow; nothing before it is known."""
    if not rate:
        return ""
    return f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s"
