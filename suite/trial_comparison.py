"""One trial in two runs: how far apart the predictions and scores are.

A trial's id is of all that can change its result but the rounding, which is another on
another kind of processor and beside other trials, and which training amplifies.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from suite.records import RunDirectory, TrialRecord


@dataclass(frozen=True)
class Kept:
    """A finished trial as a run keeps it."""

    run: RunDirectory
    record: TrialRecord

    @property
    def predictions(self) -> dict[str, np.ndarray]:
        return self.run.predictions(self.record.trial.id)


@dataclass(frozen=True)
class SplitComparison:
    """Predictions of a split from two runs: [n, ...] each.

    `moved` is the largest difference of a number, `changed` how many of the n rows have
    another winner, None where there are no classes.
    """

    split: str
    rows: int
    same_bits: bool
    moved: float
    changed: int | None
    recorded: Mapping[str, float]
    repeated: Mapping[str, float]


def split_comparisons(first: Kept, second: Kept) -> list[SplitComparison]:
    """Split by split, those that both have."""
    before, after = first.predictions, second.predictions
    return [
        _compared(
            split,
            (before[split], after[split]),
            _scores(first.record, split),
            _scores(second.record, split),
        )
        for split in before
        if split in after
    ]


def _scores(record: TrialRecord, split: str) -> Mapping[str, float]:
    """Of a split by metric; of SQuAD, which keeps a metric of each question, that one.

    There "split" is the metric, and dev the only split.
    """
    dev = record.scores.get("dev", {})
    of_metric = {split: dev[split]} if split in dev else {}
    return record.scores.get(split, of_metric)


def _compared(split, predictions, recorded, repeated) -> SplitComparison:
    before, after = predictions
    differences = np.abs(before.astype(np.float64) - after.astype(np.float64))
    changed = None
    if before.ndim > 1 and before.shape[-1] > 1:
        changed = int(np.sum(before.argmax(axis=-1) != after.argmax(axis=-1)))
    return SplitComparison(
        split=split,
        rows=len(before),
        same_bits=before.tobytes() == after.tobytes() and recorded == repeated,
        moved=float(differences.max(initial=0)),
        changed=changed,
        recorded=recorded,
        repeated=repeated,
    )
