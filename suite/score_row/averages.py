"""Which formula an average of GLUE scores can have been made by.

A formula is a mean of means over the columns of the published table. All of them are
edits of the published Score (suite/published.py), by the four things on which authors
differ: a task's two metrics, MNLI's two halves, WNLI, and AX. Devlin et al. is the
average of BERT's paper (2019, table 1); the others are what a row of the table invites.
Computed in exact fractions, so that a number on the edge of its rounding falls on
neither side by accident.

A row may hold a task's number without saying which of the task's two it is; such a
number stands for whichever a formula asks for. Not here: reading rows
(suite/score_row/rows.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from suite.published import (
    SCORE_TERMS,
    TABLE_COLUMNS,
    TableColumn,
    Terms,
    rounded_average,
)
from suite.score_row.headings import shown, unnamed
from suite.score_row.rows import PrintedScore, ScoreRow


@dataclass(frozen=True)
class Formula:
    """A way to average a row; the defaults are the published Score.

    `pairs`: of MRPC's, QQP's and STS-B's two metrics the mean, or one (F1 or accuracy,
    with Spearman), or each as if it were a task. `mnli`: of matched and mismatched the
    mean, or matched alone, or each as if it were a task.
    """

    name: str
    pairs: Literal["mean", "f1", "accuracy", "apart"] = "mean"
    mnli: Literal["mean", "matched", "apart"] = "mean"
    wnli: bool = True
    ax: bool = False

    @property
    def terms(self) -> Terms:
        """What is averaged, each term a mean of its own."""
        terms = [part for term in SCORE_TERMS for part in self._edited(term)]
        if self.ax:
            terms.append(tuple(c for c in TABLE_COLUMNS if c.task == "AX"))
        return tuple(terms)

    @property
    def says(self) -> str:
        """What is averaged, in words."""
        words = [_PAIRS[self.pairs], _MNLI[self.mnli]]
        words += ["WNLI"] * self.wnli + ["AX"] * self.ax
        return "; ".join(words)

    def _edited(self, term: tuple[TableColumn, ...]) -> Iterator[tuple]:
        task = term[0].task
        if task == "WNLI" and not self.wnli:
            return
        rule = self.mnli if task == "MNLI" else self.pairs
        if len(term) == 1 or rule == "mean":
            yield term
        elif rule == "apart":
            yield from ((column,) for column in term)
        elif rule == "matched":
            yield term[:1]
        else:
            yield tuple(c for c in term if c.metric in (rule, "spearman"))


FORMULAS = (
    Formula("published Score"),
    Formula("Devlin et al.", "f1", "apart", wnli=False),
    Formula("Devlin et al. with WNLI", "f1", "apart"),
    Formula("Score without WNLI", wnli=False),
    Formula("Score without MNLI-mm", mnli="matched"),
    Formula("Score without WNLI and MNLI-mm", mnli="matched", wnli=False),
    Formula("Score with AX", ax=True),
    Formula("Score of F1", "f1"),
    Formula("Score of F1 without WNLI", "f1", wnli=False),
    Formula("Score of accuracy", "accuracy"),
    Formula("Score of accuracy without WNLI", "accuracy", wnli=False),
    Formula("Score of accuracy without WNLI and MNLI-mm", "accuracy", "matched", False),
    Formula("every number once", "apart", "apart"),
    Formula("every number once without WNLI", "apart", "apart", wnli=False),
    Formula("every number once with AX", "apart", "apart", ax=True),
)

_PAIRS = {
    "mean": "pairs averaged",
    "f1": "F1, Spearman",
    "accuracy": "accuracy, Spearman",
    "apart": "both of a pair",
}
_MNLI = {"mean": "MNLI averaged", "matched": "MNLI-m", "apart": "MNLI-m, MNLI-mm"}


@dataclass(frozen=True)
class Average:
    """What a formula makes of a row, in points.

    The unrounded average lies within `slack` of `computed`. `matches` says whether the
    printed one can be it: None where there is none, or where the row lacks `missing`.
    """

    formula: Formula
    computed: Fraction | None = None
    slack: Fraction | None = None
    matches: bool | None = None
    missing: tuple[str, ...] = ()

    @property
    def bounds(self) -> tuple[Fraction, Fraction]:
        return self.computed - self.slack, self.computed + self.slack


def averages(row: ScoreRow) -> list[Average]:
    """The row under every formula."""
    return [_average(formula, row) for formula in FORMULAS]


def _average(formula: Formula, row: ScoreRow) -> Average:
    terms = formula.terms
    numbers, missing = _numbers(terms, row.scores)
    if missing:
        return Average(formula, missing=missing)
    computed, slack = rounded_average(terms, numbers)
    matches = None
    if row.average:
        reach = slack + row.average.half_step
        matches = abs(computed - row.average.value) <= reach
    return Average(formula, computed, slack, matches)


def _numbers(
    terms: Terms, scores: Mapping[TableColumn, PrintedScore]
) -> tuple[dict[TableColumn, PrintedScore], tuple[str, ...]]:
    """The number for every column of the terms, and the names of those not there.

    A number that is not said to be one of two serves one term, not two.
    """
    numbers, missing, served = {}, [], {}
    for term in terms:
        for column in term:
            stand_in = unnamed(column.task)
            if column in scores:
                numbers[column] = scores[column]
            elif served.setdefault(stand_in, term) == term and stand_in in scores:
                numbers[column] = scores[stand_in]
            else:
                missing.append(shown(column))
    return numbers, tuple(missing)
