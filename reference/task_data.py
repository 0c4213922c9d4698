"""A tokenised task, as fine-tuning takes it."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from reference.features import Features
from reference.packing import rounded_up

ROW_MULTIPLE = 32


@dataclass(frozen=True)
class TaskData:
    """A tokenised task: what is trained on, and what is predicted.

    `labels` is int32 or float32 `[n]`; `outputs` the number of classes, 1 for a score;
    `vocabulary` the ids that occur, in the order of the features' ids (or None, when
    the features hold the checkpoint's own ids).
    """

    train: Features
    labels: np.ndarray
    evaluated: dict[str, Features]
    outputs: int
    vocabulary: np.ndarray | None = None

    @property
    def row_length(self) -> int:
        """The longest example, rounded up, so that tasks share programs."""
        splits = [self.train, *self.evaluated.values()]
        longest = max(int(split.lengths.max()) for split in splits)
        return rounded_up(longest, ROW_MULTIPLE)


def only_occurring_pieces(data: TaskData) -> TaskData:
    """Renumber word pieces so that those the task never uses need no embedding."""
    splits = [data.train, *data.evaluated.values()]
    vocabulary = np.unique(np.concatenate([np.unique(s.input_ids) for s in splits]))

    def renumbered(features: Features) -> Features:
        ids = np.searchsorted(vocabulary, features.input_ids).astype(np.int32)
        return dataclasses.replace(features, input_ids=ids)

    return dataclasses.replace(
        data,
        train=renumbered(data.train),
        evaluated={name: renumbered(s) for name, s in data.evaluated.items()},
        vocabulary=vocabulary,
    )
