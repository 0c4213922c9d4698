"""A cell of the verdict table, and what a cell still open has going for it."""

from dataclasses import dataclass

import numpy as np

from suite.estimates import Estimate
from suite.published import TableColumn
from suite.statistics import Spread


@dataclass(frozen=True)
class Cell:
    """One cell of the verdict table, in points.

    `low` and `high` bound ours - published at 95 %, where that is meaningful; `spread`
    are the sources of error that they hold. `selection` is one more of them: the
    standard deviation of a cross-fitted score over the draws of its halves; 0 where the
    choice was made on another split. `optimism` is what cross-fitting took off the best
    of the grid. `constant` is what an answer scores on our examples that does not look
    at the text, and `above_constant` whether ours surely is better, on more examples
    like these. `compared` is "dev vs test", "test vs test" or "" where nothing was
    scored. `seeds` and `examples` are those of our number.
    """

    checkpoint: str  # SHA-256, as in the records
    model: str
    masking: str | None
    column: TableColumn
    published: float | None
    decimals: int
    ours: float | None = None
    low: float | None = None
    high: float | None = None
    compared: str = ""
    verdict: str = ""
    why: str = ""
    change: str = ""
    trial_ids: tuple[str, ...] = ()
    seed_note: str = ""  # how our seed spread was found, where it was needed
    spread: Spread | None = None
    selection: float = 0.0
    optimism: float | None = None
    constant: float | None = None
    above_constant: bool | None = None
    seeds: int | None = None
    examples: int | None = None

    @property
    def name(self) -> str:
        """The task as the published table heads it."""
        if self.column.task != "MNLI":
            return self.column.task
        return "MNLI-mm" if self.column.split == "test_mismatched" else "MNLI-m"

    @property
    def difference(self) -> float | None:
        if self.ours is None or self.published is None:
            return None
        return self.ours - self.published


@dataclass(frozen=True, eq=False)
class Evidence:
    """A cell that is still open, with the draws of ours - published.

    `for_score` are draws and spread of a cell that is closed and yet a part of the
    Score: WNLI.
    """

    cell: Cell
    estimate: Estimate | None = None
    draws: np.ndarray | None = None
    spread: Spread | None = None
    for_score: tuple[np.ndarray, Spread] | None = None
