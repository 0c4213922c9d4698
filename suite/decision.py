"""What the draws of ours - published decide: the verdict of each open cell of a row.

reproduced    the interval lies inside the margin (two one-sided tests at 0.05)
differs       the difference is more than its sources of error explain, after Holm's
              correction over the row, and the interval is not inside the margin
inconclusive  neither

And what would change it: suite/power.py says what would settle an open one. Everything
is in points.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

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


@dataclass(frozen=True)
class Corrected:
    """A cell's p of no difference after Holm's correction, and its own before it.

    `tests` are the cells among which he corrects.
    """

    p: float
    own: float
    tests: int

    @property
    def level(self) -> float:
        """What the cell's own p was held against."""
        return LEVEL * self.own / self.p


def decide_all(
    evidence: list[Evidence], margins: Mapping[tuple[str, str], float]
) -> list[Cell]:
    """The cells of one row, each column once; Holm's correction runs over them."""
    open_cells = [e for e in evidence if e.draws is not None]
    plain = np.array([difference_p(e.draws) for e in open_cells])
    tests = [
        Corrected(float(p), float(own), len(open_cells))
        for p, own in zip(holm(plain), plain, strict=True)
    ]
    by_column = {e.cell.column: t for e, t in zip(open_cells, tests, strict=True)}
    return [
        e.cell
        if e.draws is None
        else _decide(e, by_column[e.cell.column], margins[_margin_key(e.cell)])
        for e in evidence
    ]


def _margin_key(cell: Cell) -> tuple[str, str]:
    return cell.column.task, cell.column.metric


def _decide(evidence: Evidence, test: Corrected, margin: float) -> Cell:
    draws = evidence.draws
    low, high = interval(draws)
    note = evidence.estimate.seed_note if evidence.estimate else ""
    cell = replace(
        evidence.cell, low=low, high=high, seed_note=note, spread=evidence.spread
    )
    if equivalence_p(draws, margin) <= LEVEL:
        why = f"within ±{margin:.1f} points by two one-sided tests"
        room = margin - max(map(abs, interval(draws, 1 - 2 * LEVEL)))
        change = f"a difference {at_least(room)} points further from zero"
        return replace(cell, verdict="reproduced", why=why, change=change)
    if test.p <= LEVEL:
        why = f"more than the sources of error explain, {_holm_said(test, draws.size)}"
        room = at_least(_room(draws, test.level))
        change = f"an error of {room} points in either number"
        return replace(cell, verdict="differs", why=why, change=change)
    why = f"neither within ±{margin:.1f} points nor surely different"
    needed = _half_width(draws, cell.difference, LEVEL / test.tests)
    one = Comparison(
        cell.difference, margin, cell.spread, cell.selection, test.tests, needed
    )
    change = what_settles(one, cell.seeds, cell.examples)
    return replace(cell, verdict="inconclusive", why=why, change=change)


def _room(draws: np.ndarray, level: float) -> float:
    """How far the interval of this level's test ends from zero; 0 if it holds zero."""
    low, high = interval(draws, 1 - level)
    return max(0.0, low, -high)


def _half_width(draws: np.ndarray, difference: float, level: float) -> float:
    """How far from zero a difference with these draws' error has to be to differ."""
    low, high = interval(draws, 1 - level)
    return max(difference - low, high - difference)


def _holm_said(test: Corrected, draws: int) -> str:
    """The corrected p, or the least that so many draws can show."""
    least = smallest_p(draws)
    if test.own <= least:
        return f"Holm p < {_digits(test.p)}"
    return f"Holm p = {_digits(test.p)}"


def _digits(p: float) -> str:
    return f"{p:.2g}"
