"""What the draws of ours - published decide: the verdict of each open cell of a row.

reproduced    the interval lies inside the margin (two one-sided tests at 0.05)
differs       the difference is more than its sources of error explain, after Holm's
              correction over the row, and the interval is not inside the margin
inconclusive  neither

And what would change it: suite/power.py says what would settle an open one. Everything
is in points.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from suite.cells import Cell, Evidence
from suite.power import LEVEL, Comparison, at_least, what_settles
from suite.statistics import (
    difference_p,
    equivalence_p,
    holm,
    interval,
    smallest_p,
)


def decide_all(
    evidence: list[Evidence], margins: Mapping[tuple[str, str], float]
) -> list[Cell]:
    """The cells of one row, each column once; Holm's correction runs over them."""
    row = _Row([e for e in evidence if e.draws is not None], margins)
    decided = iter(row.cells())
    return [e.cell if e.draws is None else next(decided) for e in evidence]


class _Row:
    """The open cells of a row, which one correction has in common."""

    def __init__(
        self, cells: Sequence[Evidence], margins: Mapping[tuple[str, str], float]
    ):
        self._open = cells
        self._margins = [
            margins[e.cell.column.task, e.cell.column.metric] for e in cells
        ]
        self._p = np.array([difference_p(e.draws) for e in cells])

    def cells(self) -> list[Cell]:
        return [self._decided(number) for number in range(len(self._open))]

    def _decided(self, number: int) -> Cell:
        one = self._open[number]
        verdict = self._verdict(number)
        low, high = interval(one.draws)
        return replace(
            one.cell,
            low=low,
            high=high,
            spread=one.spread,
            seed_note=one.estimate.seed_note if one.estimate else "",
            verdict=verdict,
            why=self._why(number, verdict) + _caution(one.cell),
            change=self._change(number, verdict),
        )

    def _verdict(self, number: int, shift: float = 0.0) -> str:
        """Of one cell, had its difference been nearer to zero by so many points."""
        draws = self._open[number].draws
        draws = draws - shift * np.sign(self._open[number].cell.difference)
        if equivalence_p(draws, self._margins[number]) <= LEVEL:
            return "reproduced"
        p = self._p.copy()
        p[number] = difference_p(draws)
        return "differs" if holm(p)[number] <= LEVEL else "inconclusive"

    def _why(self, number: int, verdict: str) -> str:
        margin = self._margins[number]
        if verdict == "reproduced":
            return f"within ±{margin:.1f} points by two one-sided tests"
        if verdict == "differs":
            p, draws = holm(self._p)[number], self._open[number].draws
            least = self._p[number] <= smallest_p(draws.size)
            said = f"Holm p {'<' if least else '='} {p:.2g}"
            return f"more than the sources of error explain, {said}"
        return f"neither within ±{margin:.1f} points nor surely different"

    def _change(self, number: int, verdict: str) -> str:
        if verdict == "inconclusive":
            cell = self._open[number].cell
            return what_settles(self._comparison(number), cell.seeds, cell.examples)
        if verdict == "differs":
            error = at_least(self._turns(number))
            return f"an error of {error} points in either number"
        widest = max(map(abs, interval(self._open[number].draws, 1 - 2 * LEVEL)))
        room = self._margins[number] - widest
        return f"a difference {at_least(room)} points further from zero"

    def _turns(self, number: int) -> float:
        """How much nearer to zero a cell that differs is something else.

        At zero it cannot differ; between, what it is not any more it stays not.
        """
        differs, turned = 0.0, abs(self._open[number].cell.difference)
        while turned - differs > 0.01:
            middle = (differs + turned) / 2
            if self._verdict(number, middle) == "differs":
                differs = middle
            else:
                turned = middle
        return turned

    def _comparison(self, number: int) -> Comparison:
        one, tests = self._open[number], len(self._open)
        low, high = interval(one.draws, 1 - LEVEL / tests)
        difference = one.cell.difference
        return Comparison(
            difference=difference,
            margin=self._margins[number],
            spread=one.spread,
            selection=one.cell.selection,
            tests=tests,
            needed=max(difference - low, high - difference),
        )


def _caution(cell: Cell) -> str:
    """What a published number that any constant answer scores leaves open."""
    if cell.column.metric == "matthews" and cell.published == 0:
        return "; the published 0.0 is what a constant answer scores, too"
    return ""
