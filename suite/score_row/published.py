"""What the registry holds of a model: its numbers of a split, its spread over seeds,
and how far a row of scores is from it.

Numbers of any split are given by the columns of the published table, so that rows of
dev and of test can be laid beside each other.
"""

from dataclasses import dataclass

from suite.published import (
    SCORE,
    TABLE_COLUMNS,
    PublishedScore,
    Registry,
    TableColumn,
)
from suite.score_row.rows import ScoreRow
from suite.tasks import TASKS

DEV, TEST, NOT_STATED = "dev", "test", "not stated"


@dataclass(frozen=True)
class SeedSpread:
    """The standard deviation over seeds that somebody measured on dev, in points.

    `runs` are the seeds that it was measured on.
    """

    sd: float
    model: str
    runs: int


@dataclass(frozen=True)
class Distance:
    """How far a model is: the mean absolute difference over the shared cells."""

    model: str
    mean: float
    cells: int


def of_split(column: TableColumn, split: str) -> TableColumn:
    """The column's counterpart; a source that does not state its split has one MNLI."""
    if split == NOT_STATED:
        return column._replace(split=split)
    return column._replace(split=column.split.replace(TEST, split))


def rows_of(column: TableColumn, split: str) -> int:
    """Examples of a column's official split."""
    return TASKS[column.task].rows[of_split(column, split).split]


def numbers_of(
    registry: Registry, model: str, split: str
) -> dict[TableColumn, PublishedScore]:
    """A model's numbers of a split, by the columns of the published table."""
    found = {c: registry.get((model, of_split(c, split))) for c in TABLE_COLUMNS}
    return {column: score for column, score in found.items() if score}


def table_models(registry: Registry) -> tuple[str, ...]:
    """The models of the published table: those that have a Score."""
    return tuple(model for model, column in registry if column == SCORE)


def distances(row: ScoreRow, registry: Registry) -> list[Distance]:
    """The models of the published table that share a cell with the row, nearest first.

    The Score is no cell: it says again what the others say.
    """
    found = []
    for model in table_models(registry):
        gaps = [
            abs(float(printed.value) - registry[model, column].value)
            for column, printed in row.scores.items()
            if (model, column) in registry
        ]
        if gaps:
            found.append(Distance(model, sum(gaps) / len(gaps), len(gaps)))
    return sorted(found, key=lambda distance: distance.mean)


def seed_spread(
    registry: Registry, model: str, column: TableColumn
) -> SeedSpread | None:
    """The model's own spread where somebody measured it; else the largest of a model of
    the published table, or else of any; None where nobody measured any."""
    dev = of_split(column, DEV)
    known = {
        m: SeedSpread(s.sd, m, s.runs)
        for (m, c), s in registry.items()
        if c == dev and s.sd is not None and s.runs
    }
    table = {m: spread for m, spread in known.items() if m in table_models(registry)}
    among = {model: known[model]} if model in known else table or known
    return max(among.values(), key=lambda spread: spread.sd, default=None)
