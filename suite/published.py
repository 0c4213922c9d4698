"""The published numbers with their provenance, and which average a GLUE score is.

`results/published/*.csv` hold one number per row. The compact rows are the table of
google-research/bert's README of March 11th 2020; its Score is the mean over GLUE's nine
tasks, where a task's two metrics are averaged first, MNLI is the mean of matched and
mismatched, WNLI is in and AX is out. Devlin et al. 2019, whose rows of BERT-Base and
BERT-Large are here too, average differently, and theirs is no Score: it stands under
`AVERAGE`, whose metric names the formula of suite/score_row/averages.py that it follows
(suite/printed_averages.py holds it to it). Scores here are in points, as printed.
"""

import csv
import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from reference.errors import InputError
from suite.tasks import GLUE_TASKS, TASKS

PUBLISHED_DIR = Path(__file__).parent.parent / "results" / "published"
_HEADER = (
    *("model", "task", "metric", "split", "value", "decimals", "sd", "runs"),
    *("selection", "source", "locator"),
)
_MARGIN_HEADER = ("task", "metric", "margin", "reason")
# Of which no number says anything (suite/comparability.py).
_WITHOUT_MARGIN = {("WNLI", "accuracy")}
_FILES = (
    "compact_glue_test.csv",
    "devlin_glue_test.csv",
    "whole_word.csv",
    "third_party_dev.csv",
)


class TableColumn(NamedTuple):
    """One number of a model's row in the published table."""

    task: str
    metric: str
    split: str


SCORE = TableColumn("Score", "score", "test")
AVERAGE = TableColumn("Average", "Devlin et al.", "test")


def _columns() -> Iterator[TableColumn]:
    for task in TASKS.values():
        for split in task.splits:
            if split.startswith("test"):
                for metric in task.metrics:
                    yield TableColumn(task.name, metric, split)
    yield SCORE


TABLE_COLUMNS: tuple[TableColumn, ...] = tuple(_columns())  # nine tasks, AX, Score

# An average as a mean of means: what is averaged first makes up one term.
Terms = tuple[tuple[TableColumn, ...], ...]
SCORE_TERMS: Terms = tuple(
    tuple(column for column in TABLE_COLUMNS if column.task == name)
    for name in GLUE_TASKS
)


@dataclass(frozen=True)
class PublishedScore:
    """A number in points, as it was printed, and where it was printed."""

    model: str
    column: TableColumn
    value: float
    decimals: int
    sd: float | None  # over runs, where the source gives it
    runs: int | None
    selection: str
    source: str
    locator: str

    @property
    def half_step(self) -> float:
        """How far rounding may have moved the number."""
        return 0.5 * 10.0**-self.decimals


Registry = Mapping[tuple[str, TableColumn], PublishedScore]


def load_published(directory: Path = PUBLISHED_DIR) -> Registry:
    """All published numbers by (model, column); InputError for a row that is no number
    or appears twice."""
    registry: dict[tuple[str, TableColumn], PublishedScore] = {}
    for name in _FILES:
        for where, row in _rows(directory / name, _HEADER):
            score = _published_score(where, row)
            key = (score.model, score.column)
            if key in registry:
                raise InputError(f"{where}: {key} is there twice; remove one row")
            registry[key] = score
    return registry


def load_margins(directory: Path = PUBLISHED_DIR) -> dict[tuple[str, str], float]:
    """Margin in points by (task, metric); a task without one (WNLI) is left out."""
    return {key: margin for key, (margin, _) in _margins(directory).items() if margin}


def margin_reasons(directory: Path = PUBLISHED_DIR) -> dict[tuple[str, str], str]:
    """Why a margin is what it is, or why there is none, by (task, metric)."""
    return {key: reason for key, (_, reason) in _margins(directory).items()}


def _margins(directory: Path) -> dict[tuple[str, str], tuple[float | None, str]]:
    """Margin and reason of every task and metric of the table, each once."""
    found = {}
    wanted = {(column.task, column.metric) for column in TABLE_COLUMNS}
    for where, row in _rows(directory / "margins.csv", _MARGIN_HEADER):
        key = row["task"], row["metric"]
        if key not in wanted or key in found:
            raise InputError(
                f"{where}: expected a task and metric of the table, each once, found "
                f"{', '.join(key)}; correct or remove the row"
            )
        margin = None
        if row["margin"] or key not in _WITHOUT_MARGIN:
            margin = _number(where, "margin", row["margin"])
            if not 0 < margin < math.inf:
                raise InputError(
                    f"{where}: expected a margin above 0, found {margin}; correct it"
                )
        found[key] = margin, row["reason"]
    if missing := sorted(wanted - found.keys()):
        said = "; ".join(map(", ".join, missing))
        raise InputError(
            f"{directory / 'margins.csv'}: expected a margin of {said}, found no such "
            "row; add it"
        )
    return found


class Rounded(Protocol):
    """A number as printed."""

    @property
    def value(self): ...
    @property
    def half_step(self): ...


def mean_of_means(terms: Terms, values: Mapping[TableColumn, Any]):
    """The mean over terms of the mean within each; KeyError if a number is missing.

    In whatever the values are: floats, exact fractions, arrays.
    """
    means = [sum(values[column] for column in term) / len(term) for term in terms]
    return sum(means) / len(terms)


def glue_score(values: Mapping[TableColumn, Any]):
    """The Score of one row: KeyError if any of the nine tasks' numbers is missing."""
    return mean_of_means(SCORE_TERMS, values)


def rounded_average(terms: Terms, row: Mapping[TableColumn, Rounded]):
    """The average of a row's printed numbers, and how far their rounding moved it."""
    values = {column: printed.value for column, printed in row.items()}
    half_steps = {column: printed.half_step for column, printed in row.items()}
    return mean_of_means(terms, values), mean_of_means(terms, half_steps)


def _rows(path: Path, header: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows of a registry file of these columns, each with where it stands."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if tuple(rows.fieldnames or ()) != header:
            raise InputError(
                f"{path}, line 1: expected the header {','.join(header)}, found "
                f"{','.join(rows.fieldnames or ())}; restore it"
            )
        for row, line in zip(rows, itertools.count(2), strict=False):
            where = f"{path}, line {line}"
            if None in row or None in row.values():
                raise InputError(
                    f"{where}: expected one cell per column of the header, found "
                    "another number; quote cells that hold commas"
                )
            yield where, row


def _published_score(where: str, row: Mapping[str, str]) -> PublishedScore:
    return PublishedScore(
        model=row["model"],
        column=TableColumn(row["task"], row["metric"], row["split"]),
        value=_number(where, "value", row["value"]),
        decimals=int(_number(where, "decimals", row["decimals"])),
        sd=_number(where, "sd", row["sd"]) if row["sd"] else None,
        runs=int(_number(where, "runs", row["runs"])) if row["runs"] else None,
        selection=row["selection"],
        source=row["source"],
        locator=row["locator"],
    )


def _number(where: str, column: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(
            f"{where}: expected a number under {column}, found {text!r}; correct it "
            "from the source"
        ) from error
