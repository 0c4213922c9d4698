"""A row of GLUE scores as somebody printed it: numbers by column, and their scale.

Numbers keep the decimals they were printed with, and are exact. A file may hold a
table's row, pairs like 81.1/71.1 among its cells, or a number a line; how it is cut
into cells is in files.py, what a heading means in headings.py.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from reference.errors import InputError
from suite.published import SCORE, TABLE_COLUMNS, TableColumn
from suite.score_row.files import HeadedCell, read_cells
from suite.score_row.headings import NOT_NAMED, columns_named, numbers_of, shown

# Beyond these, decimals are noise of binary fractions rather than print.
_MOST_DECIMALS = 8
_SIGNED = {"matthews", "pearson", "spearman", NOT_NAMED}
_NO_NUMBER = {"", "-", "--", "–", "—", "n/a", "na", "nan", "none", "null"}


@dataclass(frozen=True)
class PrintedScore:
    """A number in points, and the decimals it has in points."""

    value: Fraction
    decimals: int

    @property
    def half_step(self) -> Fraction:
        """How far rounding may have moved it."""
        return Fraction(1, 2) / Fraction(10) ** self.decimals

    def __str__(self) -> str:
        return f"{float(self.value):.{min(max(self.decimals, 0), 3)}f}"


@dataclass(frozen=True)
class ScoreRow:
    """Somebody's scores by column of the published table, whichever split they are of.

    Under `unnamed(task)` stands a number that is not said to be one of its task's two.
    `notes` say how the file was understood, where it could be understood otherwise.
    """

    scores: Mapping[TableColumn, PrintedScore]
    average: PrintedScore | None = None
    model: str = ""
    scale: str = "points"
    notes: tuple[str, ...] = ()


def read_row(path: Path) -> ScoreRow:
    """The row in a file; InputError names the file, the line and what is wrong."""
    model, cells = read_cells(path)
    return _row(path, model, cells)


@dataclass
class _Found:
    """What the cells read so far hold, as printed."""

    numbers: dict[TableColumn, tuple[HeadedCell, Decimal]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def _row(path: Path, model: str, cells: Sequence[HeadedCell]) -> ScoreRow:
    found = _Found()
    for cell in cells:
        if cell.text.lower() not in _NO_NUMBER:
            _add(found, cell)
    _name_the_other(found)
    if not set(found.numbers) - {SCORE}:
        raise InputError(
            f"{path}: expected scores of GLUE's tasks, found none; head them as in the "
            "published table: CoLA, SST-2, MRPC, STS-B, QQP, MNLI-m, MNLI-mm, QNLI, "
            "RTE, WNLI, AX"
        )
    scale = _scale(found)
    scores = {column: _printed(found, column, scale) for column in found.numbers}
    average = scores.pop(SCORE, None)
    order = [*TABLE_COLUMNS, *(c for c in scores if c.metric == NOT_NAMED)]
    ordered = {column: scores[column] for column in order if column in scores}
    return ScoreRow(ordered, average, model, scale, tuple(found.notes))


def _add(found: _Found, cell: HeadedCell) -> None:
    """Each number of a cell under its column."""
    numbers = numbers_of(cell.where, cell.text)
    columns, note = columns_named(cell.where, cell.heading, len(numbers))
    found.notes.extend([note] if note else [])
    for column, text in zip(columns, numbers, strict=True):
        if column in found.numbers:
            raise InputError(
                f"{cell.where}: {shown(column)} is there twice "
                f"({found.numbers[column][0].heading!r} and {cell.heading!r}); "
                "remove one"
            )
        found.numbers[column] = cell, _number(cell, text)


def _number(cell: HeadedCell, text: str) -> Decimal:
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d\d?)?", text):
        raise InputError(
            f"{cell.where}: expected a number under {cell.heading!r}, found {text!r}; "
            "write 81.1, with a point, or 81.1/71.1 for two"
        )
    return Decimal(text)


def _name_the_other(found: _Found) -> None:
    """Of two numbers of a task, of which one is named, the other is the other."""
    alone = []
    for column in [c for c in found.numbers if c.metric == NOT_NAMED]:
        own = [c for c in TABLE_COLUMNS if c.task == column.task]
        left = [c for c in own if c not in found.numbers]
        if len(left) == len(own):
            alone.append(column.task)
            continue
        cell, number = found.numbers.pop(column)
        if left:
            found.numbers[left[0]] = cell, number
            found.notes.append(f"{cell.heading} is read as {shown(left[0])}.")
        else:
            found.notes.append(f"{cell.heading} is left out: both numbers are named.")
    if alone:
        found.notes.append(
            f"Of {', '.join(alone)} there is one number, not said of which of two, or "
            "their mean: each formula takes it for what it needs, and it is compared "
            "with nothing."
        )


def _scale(found: _Found) -> str:
    """ "fractions" when no number is above 1, else "points"; InputError for both."""
    numbers = {column: number for column, (_, number) in found.numbers.items()}
    if all(abs(number) <= 1 for number in numbers.values()):
        found.notes.append("The numbers are between 0 and 1: read as fractions of 1.")
        return "fractions"
    for column, number in numbers.items():
        cell = found.numbers[column][0]
        if not 0 < abs(number) < 1:
            continue
        if column.metric != "matthews":
            raise InputError(
                f"{cell.where}: expected one scale, found {number} under "
                f"{cell.heading!r} beside numbers above 1; write all in points"
            )
        found.notes.append(
            f"{cell.heading} {number} is read as points, as the others are; were it a "
            f"fraction, it would be {100 * number}."
        )
    return "points"


def _printed(found: _Found, column: TableColumn, scale: str) -> PrintedScore:
    cell, number = found.numbers[column]
    shift = 2 if scale == "fractions" else 0
    value, decimals = Fraction(number) * 10**shift, _decimals(number)
    least = -100 if column.metric in _SIGNED else 0
    if not least <= value <= 100:
        raise InputError(
            f"{cell.where}: expected a score from {least} to 100 under "
            f"{cell.heading!r}, found {number}; correct it"
        )
    if scale == "fractions" and number == int(number):
        # Programs write 0.0 for 0.0000; it has no fewer decimals than the others.
        others = [_decimals(n) for _, n in found.numbers.values() if n != int(n)]
        decimals = max(decimals, min(others, default=decimals))
    return PrintedScore(value, min(decimals - shift, _MOST_DECIMALS))


def _decimals(number: Decimal) -> int:
    return -number.as_tuple().exponent
