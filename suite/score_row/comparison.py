"""Somebody's row of scores beside published ones, with what is known of the errors.

The verdicts are those of suite/verdicts.py and decided by its rules, but on less: with
no predictions of theirs the sampling errors are approximations (errors.py), and the
spread over seeds is what others measured. Errors of
two scores on one test set are taken as independent, which can only widen an interval.
Scores that were selected on dev are optimistic by an amount that a row does not tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from reference.errors import InputError
from suite.cells import Cell, Evidence
from suite.decision import decide_all
from suite.estimates import generator_for
from suite.published import (
    SCORE,
    SCORE_TERMS,
    TABLE_COLUMNS,
    PublishedScore,
    Registry,
    TableColumn,
)
from suite.score_cell import score_evidence
from suite.score_row.errors import printed_draws, sampling_sd
from suite.score_row.published import (
    DEV,
    NOT_STATED,
    TEST,
    SeedSpread,
    numbers_of,
    rows_of,
    seed_spread,
)
from suite.score_row.rows import PrintedScore, ScoreRow
from suite.statistics import Spread, gap_draws, published_sampling_sd
from suite.task_rulings import ruling_on_qqp, ruling_on_wnli, ruling_on_zero

_DRAWS = 100_000  # the ends of an interval then vary by some hundredths of its width


@dataclass(frozen=True)
class Origin:
    """What is known of where the row is from.

    `split` is "dev" or "test", None when it may be either. `doubts` say by task why its
    scores cannot be what they are headed as.
    """

    split: str | None = None
    runs: int = 1
    doubts: Mapping[str, str] = field(default_factory=dict)

    def rows(self, column: TableColumn) -> int:
        """Examples of a column's split; of two possible ones the fewer."""
        return min(rows_of(column, split) for split in self.splits(column))

    def splits(self, column: TableColumn) -> tuple[str, ...]:
        """The splits that a column may be of; AX has but one."""
        if column.task == "AX":
            return (TEST,)
        return (self.split,) if self.split else (DEV, TEST)


@dataclass(frozen=True)
class ComparedCell:
    """A cell with its verdict; `seeds` is None where nobody measured a spread."""

    cell: Cell
    seeds: SeedSpread | None


@dataclass(frozen=True)
class Comparison:
    """The row against one model's numbers of one split."""

    model: str
    split: str
    sources: tuple[str, ...]
    cells: tuple[ComparedCell, ...]


def comparisons(
    row: ScoreRow,
    origin: Origin,
    model: str,
    registry: Registry,
    margins: Mapping[tuple[str, str], float],
) -> list[Comparison]:
    """The row against all that is published of a model: its test scores, and others'
    dev scores unless the row is of test; InputError for an unknown model."""
    if model not in {name for name, _ in registry}:
        names = ", ".join(dict.fromkeys(repr(name) for name, _ in registry))
        raise InputError(f"--model: nothing published of {model!r}; known: {names}")
    found = []
    for split in (TEST, DEV, NOT_STATED):
        theirs = numbers_of(registry, model, split)
        shared = set(theirs) & set(row.scores)
        if shared and not (split == DEV and origin.split == TEST):
            found.append(_Comparing(row, origin, model, split, registry, margins)())
    return found


@dataclass(frozen=True)
class _Comparing:
    """The row against a model's numbers of a split."""

    row: ScoreRow
    origin: Origin
    model: str
    split: str
    registry: Registry
    margins: Mapping[tuple[str, str], float]

    def __call__(self) -> Comparison:
        theirs = numbers_of(self.registry, self.model, self.split)
        evidence = [
            self._evidence(column, self.row.scores[column], theirs)
            for column in TABLE_COLUMNS
            if column in theirs and column in self.row.scores
        ]
        whole = {column for term in SCORE_TERMS for column in term}
        if SCORE in theirs and whole <= set(self.row.scores):
            evidence.append(self._score(evidence, theirs[SCORE]))
        cells = decide_all(evidence, self.margins)
        return Comparison(
            self.model,
            self.split,
            tuple(dict.fromkeys(score.source for score in theirs.values())),
            tuple(ComparedCell(cell, self._seeds(cell.column)) for cell in cells),
        )

    def _evidence(
        self,
        column: TableColumn,
        ours: PrintedScore,
        theirs: Mapping[TableColumn, PublishedScore],
    ) -> Evidence:
        """The cell closed by what forbids a claim, or open with its draws."""
        published = theirs[column]
        cell = Cell(
            checkpoint="",
            model=self.model,
            masking=None,
            column=column,
            published=published.value,
            decimals=published.decimals,
            ours=float(ours.value),
            compared=self._compared(column),
        )
        if closed := self._closed(cell):
            verdict, why = closed
            cell = replace(cell, verdict=verdict, why=why)
            is_counted = verdict == "uninformative"
            return Evidence(
                cell, for_score=self._gap(cell, theirs) if is_counted else None
            )
        gap = self._gap(cell, theirs)
        if gap is None:
            why = "F1 without its accuracy does not tell its sampling error"
            return Evidence(replace(cell, verdict="inconclusive", why=why))
        return Evidence(cell, None, *gap)

    def _gap(
        self, cell: Cell, theirs: Mapping[TableColumn, PublishedScore]
    ) -> tuple[np.ndarray, Spread] | None:
        """Draws of ours - published; None when no sampling error can be had."""
        column, ours = cell.column, self.row.scores[cell.column]
        spread = self._spread(column, theirs)
        if spread is None:
            return None
        # By task: what moves one metric of a run moves its others with it.
        rng = generator_for("compare", self.model, self.split, column.task)
        own = printed_draws(ours, spread.our_examples, rng, _DRAWS)
        return gap_draws(own, cell.published, spread, rng), spread

    def _compared(self, column: TableColumn) -> str:
        return f"{' or '.join(self.origin.splits(column))} vs {self.split}"

    def _closed(self, cell: Cell) -> tuple[str, str] | None:
        """Verdict and why, where there is nothing to compute."""
        task, splits = cell.column.task, self.origin.splits(cell.column)
        if self.split == NOT_STATED:
            return "not comparable", "the source does not state its split"
        if closed := ruling_on_wnli(cell.column):
            return closed
        if task in self.origin.doubts:
            return "not comparable", self.origin.doubts[task]
        if closed := ruling_on_qqp(cell.column, splits == (self.split,)):
            return closed
        if closed := ruling_on_zero(cell.column, cell.ours):
            return closed
        if self._seeds(cell.column) is None:
            return "inconclusive", "nobody measured its spread over seeds"
        return None

    def _spread(
        self, column: TableColumn, theirs: Mapping[TableColumn, PublishedScore]
    ) -> Spread | None:
        """The sources of error; None when no sampling error can be had."""
        our_rows, their_rows = self.origin.rows(column), rows_of(column, self.split)
        our_sd = sampling_sd(column, self.row.scores, our_rows)
        their_sd = sampling_sd(column, theirs, their_rows)
        if our_sd is None and their_sd is None:
            return None
        if our_sd is None:
            our_sd = published_sampling_sd(their_sd, their_rows, our_rows)
        if their_sd is None:
            their_sd = published_sampling_sd(our_sd, our_rows, their_rows)
        seeds = self._seeds(column) or SeedSpread(0.0, "", 2)  # of WNLI nobody did
        return Spread(
            our_examples=our_sd,
            our_seeds=seeds.sd / np.sqrt(self.origin.runs),
            published_examples=their_sd,
            published_seeds=seeds.sd / np.sqrt(theirs[column].runs or 1),
            rounding=theirs[column].half_step,
            seed_freedom=seeds.runs - 1,
        )

    def _seeds(self, column: TableColumn) -> SeedSpread | None:
        return seed_spread(self.registry, self.model, column)

    def _score(self, evidence: list[Evidence], published: PublishedScore) -> Evidence:
        """The row's Score by the published formula, whatever average it prints."""
        named = {"sha256": "", "name": self.model, "masking": None}
        found = score_evidence(evidence, named, published)
        compared = self._compared(evidence[0].cell.column)
        return replace(found, cell=replace(found.cell, compared=compared))
