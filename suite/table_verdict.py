"""What the verdicts of all cells come to: for each row of the table, and for all of it.

A row is "not reproduced" when any of its cells differs: Holm's correction runs over the
row, so that chance calls any cell of a row that agrees different once in twenty rows at
most. It is "reproduced" only when every informative number of it was compared and lies
within its margin; that needs no correction, since all of them must. A row whose
checkpoint is not the published one, or is so by its shape alone (suite/origin.py), has
cells like any other, but they are about that checkpoint, and nothing follows for the
published row.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from suite.cells import Cell
from suite.markdown import counted
from suite.origin import why_not_published
from suite.published import SCORE

COMPARED = ("reproduced", "differs", "inconclusive")
NOT_TESTED = "not tested"
_COMPARED_WITH = "compared with a published number"


@dataclass(frozen=True)
class RowVerdict:
    """One checkpoint's row: how many cells got which verdict, and what follows.

    `score` is the verdict of the Score's own cell. `why` says what `verdict` rests on.
    """

    checkpoint: Mapping
    counts: Mapping[str, int]
    score: str
    verdict: str
    why: str

    @property
    def compared(self) -> int:
        return sum(self.counts.get(verdict, 0) for verdict in COMPARED)


@dataclass(frozen=True)
class TableVerdict:
    """The whole table in one sentence or a few, and its rows."""

    rows: tuple[RowVerdict, ...]
    sentence: str


def table_verdict(
    cells: Sequence[Cell], checkpoints: Sequence[Mapping]
) -> TableVerdict:
    """Of the cells of a run and the checkpoints that its run.json describes."""
    rows = tuple(
        row_verdict(
            [c for c in cells if c.checkpoint == checkpoint["sha256"]], checkpoint
        )
        for checkpoint in checkpoints
    )
    return TableVerdict(
        rows, " ".join([_counts_said(rows, len(cells)), *_models(rows)])
    )


def row_verdict(cells: Sequence[Cell], checkpoint: Mapping) -> RowVerdict:
    """Of one checkpoint's cells."""
    counts = Counter(cell.verdict for cell in cells)
    score = next((c.verdict for c in cells if c.column == SCORE), "not run")
    verdict, why = _ruled(cells, checkpoint)
    return RowVerdict(checkpoint, counts, score, verdict, why)


def _ruled(cells: Sequence[Cell], checkpoint: Mapping) -> tuple[str, str]:
    if why := why_not_published(checkpoint):
        return NOT_TESTED, why
    compared = [cell for cell in cells if cell.verdict in COMPARED]
    different = [cell for cell in compared if cell.verdict == "differs"]
    if different:
        what = ", ".join(f"{cell.name} {cell.column.metric}" for cell in different)
        return "not reproduced", f"{what} {_differ(len(different))}"
    # A published 0 is what a collapsed trial scores, too.
    collapsed = [c for c in cells if c.verdict == "degenerate" and c.published != 0]
    if collapsed:
        names = ", ".join(dict.fromkeys(cell.name for cell in collapsed))
        return "inconclusive", f"our trials collapsed on {names}"
    if not compared:
        return NOT_TESTED, "no cell allows a comparison"
    open_ones = [cell for cell in compared if cell.verdict == "inconclusive"]
    if open_ones:
        return "inconclusive", f"{counted(len(open_ones), 'cell')} not settled"
    left = [c.name for c in cells if c.verdict not in (*COMPARED, "uninformative")]
    if left:
        names = ", ".join(dict.fromkeys(left))
        return "reproduced where compared", f"without {names}"
    return "reproduced", "every informative number is within its margin"


def _differ(number: int) -> str:
    return "differs" if number == 1 else "differ"


def _counts_said(rows: Sequence[RowVerdict], cells: int) -> str:
    total = sum((Counter(row.counts) for row in rows), Counter())
    compared = sum(total[verdict] for verdict in COMPARED)
    if not compared:
        return f"No cell of {cells:,} allows a comparison with a published number."
    left = cells - compared - total["not run"]
    said = [
        f"{number:,} {one if number == 1 else more}"
        for number, one, more in (
            (total["not run"], "was not run", "were not run"),
            (left, "allows no comparison", "allow no comparison"),
            (compared, f"is {_COMPARED_WITH}", f"are {_COMPARED_WITH}"),
        )
        if number
    ]
    return (
        f"Of {counted(cells, 'cell')} {', '.join(said)}: "
        f"{total['reproduced']} reproduced, {total['differs']} "
        f"{_differ(total['differs'])}, {total['inconclusive']} inconclusive."
        f"{_of_others(rows, compared)}"
    )


def _of_others(rows: Sequence[RowVerdict], compared: int) -> str:
    """Which of the comparisons are of checkpoints that are not the published ones."""
    others = sum(r.compared for r in rows if why_not_published(r.checkpoint))
    if not others:
        return ""
    which = "All of them" if others == compared else f"{others:,} of them"
    return (
        f" {which} are of checkpoints that are not known to be the published ones: how "
        "near these come to what was published, and nothing about those."
    )


def _models(rows: Sequence[RowVerdict]) -> list[str]:
    """A sentence for each published model that a row stands beside."""
    found: dict[str, list[RowVerdict]] = {}
    for row in rows:
        if row.checkpoint["published_as"]:
            found.setdefault(row.checkpoint["published_as"], []).append(row)
    said = []
    for model, own in found.items():
        tested = [row for row in own if row.verdict != NOT_TESTED] or own[:1]
        words = "; ".join(f"{row.verdict} ({row.why})" for row in tested)
        said.append(f"{model} as published: {words}.")
    return said
