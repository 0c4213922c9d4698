"""Which split a row of scores can be of, from what its rounding leaves possible.

An accuracy on n rows is k / n for a whole k, so a printed accuracy that no k rounds to
was not measured on n rows. An F1 and an accuracy of the same predictions are tied as
well: e errors and t true positives give F1 = 2t / (2t + e), where t is whole and can
exceed neither the right answers nor the positives. A mean over r runs is one accuracy
on r n rows; of F1 nothing is concluded then. All of it takes the official splits
(suite/tasks.py), one classifier's predictions and rounding to nearest for granted;
halves may go either way. QNLI's first version, replaced in 2019, had other rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from suite.doctor.facts import LABEL_COUNTS, QNLI_V1_ROWS
from suite.published import TableColumn
from suite.score_row.published import DEV, TEST, rows_of
from suite.score_row.rows import PrintedScore, ScoreRow
from suite.tasks import TASKS

# Rows of class 1; QQP's test split has other shares than its dev split.
_POSITIVES = {
    ("MRPC", DEV): LABEL_COUNTS["MRPC", DEV]["1"],
    ("MRPC", TEST): 1147,  # by the public labels
}
# Right answers of WNLI's rows for always giving the commoner class; GLUE's server gives
# 65.1 for it on test.
_WNLI_MAJORITY = {
    DEV: (LABEL_COUNTS["WNLI", DEV]["0"], TASKS["WNLI"].rows[DEV]),
    TEST: (95, TASKS["WNLI"].rows[TEST]),
}


@dataclass(frozen=True)
class Fit:
    """Whether a printed score can be of so many rows (a split's, times the runs).

    `right` is a count of right answers that gives it, None where no count does. `luck`
    is the share of numbers with as many decimals that some count gives: where it is 1
    nothing is learned. None of an F1.
    """

    rows: int
    right: int | None
    luck: float | None = None

    @property
    def possible(self) -> bool:
        return self.right is not None


@dataclass(frozen=True)
class Granularity:
    """One printed score against every split it may be of.

    `fits` are by "dev" and "test", for QNLI also by "v1 dev" and "v1 test".
    """

    column: TableColumn
    printed: PrintedScore
    fits: Mapping[str, Fit]

    def allows(self, split: str) -> bool:
        """Whether it can be of the split, in any version of the task."""
        return any(f.possible for name, f in self.fits.items() if name.endswith(split))

    @property
    def only_v1(self) -> bool:
        """Whether only QNLI's first version has a split that it can be of."""
        allowed = [name for name, fit in self.fits.items() if fit.possible]
        return bool(allowed) and all(name.startswith("v1") for name in allowed)


def right_answers(accuracy: PrintedScore, rows: int) -> range:
    """The counts of right answers of so many rows that round to an accuracy."""
    low, high = _bounds(accuracy)
    return range(max(0, ceil(low * rows)), min(rows, floor(high * rows)) + 1)


def right_answers_with_f1(
    accuracy: PrintedScore, f1: PrintedScore, rows: int, positives: int | None = None
) -> list[int]:
    """The counts of right answers that round to an accuracy and allow an F1 beside it.

    `positives` are the rows of class 1, None where they are not known.
    """
    return [
        right
        for right in right_answers(accuracy, rows)
        if _allows_f1(f1, right, rows - right, positives)
    ]


def _allows_f1(
    f1: PrintedScore, right: int, errors: int, positives: int | None
) -> bool:
    """Whether some whole number of true positives t gives F1 = 2t / (2t + errors)."""
    least, most = 0, right
    if positives is not None:  # what is not found is an error, what is found is there
        least, most = max(0, positives - errors), min(right, positives)
    low, high = _bounds(f1)
    if errors == 0:
        return (high == 1 and most > 0) or (low <= 0 and least == 0)
    if low == 1:
        return False
    if low > 0:
        least = max(least, ceil(low * errors / (2 * (1 - low))))
    if high < 1:
        most = min(most, floor(high * errors / (2 * (1 - high))))
    return least <= most


def granularities(row: ScoreRow, runs: int = 1) -> list[Granularity]:
    """Every accuracy of the row, and every F1 beside its accuracy when runs is 1."""
    checked = []
    for column, printed in row.scores.items():
        if column.metric == "accuracy":
            fits = {
                split: _accuracy_fit(printed, rows * runs)
                for split, rows in _candidates(column).items()
            }
        elif column.metric == "f1" and runs == 1 and _partner(column) in row.scores:
            accuracy = row.scores[_partner(column)]
            fits = _pair_fits(column.task, printed, accuracy)
        else:
            continue
        checked.append(Granularity(column, printed, fits))
    return checked


def possible_splits(checked: Iterable[Granularity]) -> tuple[str, ...]:
    """Of "dev" and "test", the splits that no score of the row excludes."""
    checked = list(checked)
    return tuple(s for s in (DEV, TEST) if all(g.allows(s) for g in checked))


def swapped_pairs(row: ScoreRow, runs: int = 1) -> list[str]:
    """Tasks whose F1 and accuracy no predictions give as printed, but do swapped.

    On either split. Well-founded only of one run; QQP's shares of test are not known,
    so of QQP only what holds for any share is used.
    """
    suspects = []
    for task in ("MRPC", "QQP"):
        f1, accuracy = (
            row.scores.get(TableColumn(task, metric, "test"))
            for metric in ("f1", "accuracy")
        )
        if runs > 1 or f1 is None or accuracy is None:
            continue
        as_printed = _pair_fits(task, f1, accuracy).values()
        swapped = _pair_fits(task, accuracy, f1).values()
        if not any(f.possible for f in as_printed) and any(f.possible for f in swapped):
            suspects.append(task)
    return suspects


def majority_splits(row: ScoreRow) -> list[str]:
    """The splits on which the row's WNLI is what the commoner class always scores."""
    printed = row.scores.get(TableColumn("WNLI", "accuracy", "test"))
    return [
        split
        for split, (right, rows) in _WNLI_MAJORITY.items()
        if printed and right in right_answers(printed, rows)
    ]


def _bounds(printed: PrintedScore) -> tuple[Fraction, Fraction]:
    """What was rounded lies between these, as fractions of 1."""
    low = (printed.value - printed.half_step) / 100
    high = (printed.value + printed.half_step) / 100
    return max(low, Fraction(0)), min(high, Fraction(1))


def _partner(column: TableColumn) -> TableColumn:
    return column._replace(metric="accuracy")


def _candidates(column: TableColumn) -> dict[str, int]:
    """Rows of the splits that a column's number may be of."""
    found = {split: rows_of(column, split) for split in (DEV, TEST)}
    if column.task == "QNLI":
        found |= {f"v1 {split}": QNLI_V1_ROWS[split] for split in (DEV, TEST)}
    return found


def _accuracy_fit(printed: PrintedScore, rows: int) -> Fit:
    # Of the 100 * 10^decimals printed scores, no more than one for each row is met.
    luck = min(1.0, rows / (100 * 10.0**printed.decimals))
    return Fit(rows, next(iter(right_answers(printed, rows)), None), luck)


def _pair_fits(task: str, f1: PrintedScore, accuracy: PrintedScore) -> dict[str, Fit]:
    fits = {}
    for split in (DEV, TEST):
        rows, positives = TASKS[task].rows[split], _POSITIVES.get((task, split))
        right = right_answers_with_f1(accuracy, f1, rows, positives)
        fits[split] = Fit(rows, next(iter(right), None))
    return fits
