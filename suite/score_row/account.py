"""All that can be said of somebody's row of scores, as one object and as JSON.

Which formula its average can be (suite/score_row/averages.py), which split it can be of
(suite/score_row/granularity.py), and where it stands against the published rows
(suite/score_row/comparison.py). In words it is put by suite/score_row/report.py.
"""

from dataclasses import dataclass, replace
from typing import Any

from suite.published import load_margins, load_published
from suite.score_row.averages import Average, averages
from suite.score_row.comparison import ComparedCell, Comparison, Origin, comparisons
from suite.score_row.granularity import (
    Granularity,
    granularities,
    majority_splits,
    possible_splits,
    swapped_pairs,
)
from suite.score_row.headings import shown
from suite.score_row.published import Distance, distances
from suite.score_row.rows import ScoreRow


@dataclass(frozen=True)
class RowAccount:
    """What is said of a row. `said` is the split its owner names, None if none."""

    row: ScoreRow
    said: str | None
    runs: int
    averages: tuple[Average, ...]
    granularities: tuple[Granularity, ...]
    swapped: tuple[str, ...]  # tasks
    majority: tuple[str, ...]
    distances: tuple[Distance, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def telling(self) -> tuple[Granularity, ...]:
        """The scores that tell something of the split."""
        return tuple(g for g in self.granularities if g.column.task not in self.swapped)

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that no score excludes."""
        return possible_splits(self.telling)

    @property
    def split(self) -> str | None:
        """The split it is taken to be of: what is said, or the only one possible."""
        return self.said or (self.splits[0] if len(self.splits) == 1 else None)

    @property
    def contradicted(self) -> bool:
        """Whether a score excludes the split that is said."""
        return self.said is not None and self.said not in self.splits

    @property
    def matching(self) -> tuple[Average, ...]:
        return tuple(average for average in self.averages if average.matches)


def account(
    row: ScoreRow, said: str | None = None, runs: int = 1, model: str | None = None
) -> RowAccount:
    """Of a row; against `model`, or the nearest one. InputError for no such model."""
    registry = load_published()
    near = distances(row, registry)
    found = RowAccount(
        row=row,
        said=said,
        runs=runs,
        averages=tuple(averages(row)),
        granularities=tuple(granularities(row, runs)),
        swapped=tuple(swapped_pairs(row, runs)),
        majority=tuple(majority_splits(row)),
        distances=tuple(near),
        comparisons=(),
    )
    model = model or (near[0].model if near else None)
    if model is None:
        return found
    origin = Origin(found.split, runs, _doubts(found))
    compared = comparisons(row, origin, model, registry, load_margins())
    return replace(found, comparisons=tuple(compared))


def _doubts(account: RowAccount) -> dict[str, str]:
    doubts = dict.fromkeys(account.swapped, "its F1 and accuracy seem to be swapped")
    if any(g.only_v1 for g in account.granularities):
        doubts["QNLI"] = "it can only be of QNLI's first version"
    return doubts


def as_json(account: RowAccount) -> dict[str, Any]:
    """For scripts; numbers in points."""
    row = account.row
    return {
        "model": row.model,
        "scale": row.scale,
        "notes": list(row.notes),
        "scores": {shown(c): float(p.value) for c, p in row.scores.items()},
        "average": row.average and float(row.average.value),
        "matching_formulas": [a.formula.name for a in account.matching],
        "formulas": [_formula_json(a) for a in account.averages],
        "split": account.split,
        "split_said": account.said,
        "split_contradicted": account.contradicted,
        "possible_splits": list(account.splits),
        "granularity": [_granularity_json(g) for g in account.granularities],
        "swapped_pairs": list(account.swapped),
        "wnli_majority_of": list(account.majority),
        "distances": [
            {"model": d.model, "mean": d.mean, "cells": d.cells}
            for d in account.distances
        ],
        "comparisons": [
            {
                "model": c.model,
                "split": c.split,
                "sources": list(c.sources),
                "cells": [_cell_json(cell) for cell in c.cells],
            }
            for c in account.comparisons
        ],
    }


def _formula_json(average: Average) -> dict[str, Any]:
    computed = average.computed is not None
    return {
        "formula": average.formula.name,
        "computed": float(average.computed) if computed else None,
        "bounds": [float(bound) for bound in average.bounds] if computed else None,
        "matches": average.matches,
        "missing": list(average.missing),
    }


def _granularity_json(granularity: Granularity) -> dict[str, Any]:
    return {
        "score": shown(granularity.column),
        "printed": float(granularity.printed.value),
        "splits": {
            split: {"rows": fit.rows, "right": fit.right, "by_chance": fit.luck}
            for split, fit in granularity.fits.items()
        },
    }


def _cell_json(compared: ComparedCell) -> dict[str, Any]:
    cell, seeds = compared.cell, compared.seeds
    return {
        "score": shown(cell.column),
        "row": cell.ours,
        "published": cell.published,
        "difference": cell.difference,
        "interval": None if cell.low is None else [cell.low, cell.high],
        "compared": cell.compared,
        "seed_sd": seeds and seeds.sd,
        "seed_sd_of": seeds and seeds.model,
        "verdict": cell.verdict,
        "why": cell.why,
    }
