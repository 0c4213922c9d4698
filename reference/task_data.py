"""A tokenised task, as fine-tuning takes it."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from reference.features import Features
from reference.packing import rounded_up

ROW_MULTIPLE = 32


@dataclass(frozen=True)
class TaskData:
    """A tokenised task: what is trained on, and what is predicted.

    `labels` is int32 `[n]` of classes, float32 `[n]` of scores, float32 `[n, C]` of a
    teacher's probabilities, or int32 `[n, 2]` of the first and last token of spans;
    `outputs` is the number of classes, 1 for a score and 2 for a span;
    `counted` how many examples the steps are counted from, where not from the rows;
    `vocabulary` the ids that occur, in the order of the features' ids (or None, when
    the features hold the checkpoint's own ids).
    """

    train: Features
    labels: np.ndarray
    evaluated: dict[str, Features]
    outputs: int
    vocabulary: np.ndarray | None = None
    counted: int | None = None

    def with_features(self, change: Callable[[Features], Features]) -> "TaskData":
        """The same task with every split's features changed."""
        return dataclasses.replace(
            self,
            train=change(self.train),
            evaluated={name: change(split) for name, split in self.evaluated.items()},
        )

    @property
    def row_length(self) -> int:
        """The positions in use, rounded up, so that tasks share programs."""
        splits = [self.train, *self.evaluated.values()]
        longest = max(split.positions for split in splits)
        return rounded_up(longest, ROW_MULTIPLE)


def only_occurring_pieces(data: TaskData) -> TaskData:
    """Renumber word pieces so that those the task never uses need no embedding."""
    splits = [data.train, *data.evaluated.values()]
    vocabulary = np.unique(np.concatenate([np.unique(s.input_ids) for s in splits]))

    def renumbered(features: Features) -> Features:
        ids = np.searchsorted(vocabulary, features.input_ids).astype(np.int32)
        return dataclasses.replace(features, input_ids=ids)

    return dataclasses.replace(data.with_features(renumbered), vocabulary=vocabulary)
