"""How a trial is trained, beside its learning rate and seed.

Source: the original's run_classifier.py and its defaults. What other implementations
do otherwise has a switch here, and the defaults are the original's, but for one: it
shuffles within a buffer of 100 examples, and the default here is the whole split.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from reference.optimization import (
    Clipping,
    Schedule,
    bias_corrections,
    learning_rate_factor,
)
from reference.row_order import EpochsApart, RowOrder, ShuffledWithin

NO_CORRECTIONS = (1.0, 1.0)


class Remainder(StrEnum):
    """What becomes of the examples that are left when an epoch is cut in batches.

    Upstream: they begin the next batch, with the first of the next epoch; only at the
    end of the run are some left out. Elsewhere they are dropped at each epoch's end, or
    are a smaller batch, as Hugging Face's Trainer has it.
    """

    STRADDLES = "straddles"
    DROPPED = "dropped"
    KEPT = "kept"


@dataclass(frozen=True)
class Recipe:
    """What the trials of a stack have in common.

    Every epoch is a full shuffle. Upstream: examples are shuffled within a buffer of
    100 only, `shuffle_buffer=100`; the remainder then straddles.
    """

    batch_size: int
    epochs: int = 4
    warmup_proportion: float = 0.1
    clipping: Clipping = Clipping.ONE_HOT
    shuffle_buffer: int | None = None
    schedule: Schedule = Schedule.FROM_START
    bias_correction: bool = False
    remainder: Remainder = Remainder.STRADDLES

    def num_train_steps(self, rows: int) -> int:
        if self.remainder == Remainder.KEPT:
            return math.ceil(rows / self.batch_size) * self.epochs
        if self.remainder == Remainder.DROPPED:
            return rows // self.batch_size * self.epochs
        return int(rows / self.batch_size * self.epochs)

    def num_warmup_steps(self, rows: int) -> int:
        return int(self.num_train_steps(rows) * self.warmup_proportion)

    def rate_factor(self, step: int, rows: int) -> float:
        """The share of the learning rate that applies at `step`, from 0."""
        steps, warmup = self.num_train_steps(rows), self.num_warmup_steps(rows)
        return learning_rate_factor(step, steps, warmup, self.schedule)

    def corrections(self, step: int) -> tuple[float, float]:
        """What Adam's moments are multiplied by at `step`, from 0."""
        return bias_corrections(step) if self.bias_correction else NO_CORRECTIONS

    def row_order(
        self, rows: int, seed: int
    ) -> RowOrder | EpochsApart | ShuffledWithin:
        """Which rows each batch of a trial of this seed holds."""
        if self.shuffle_buffer is not None:
            return ShuffledWithin(self.shuffle_buffer, rows, self.batch_size, seed)
        if self.remainder == Remainder.STRADDLES:
            return RowOrder(rows, self.batch_size, seed)
        steps = self.num_train_steps(rows) // self.epochs
        return EpochsApart(rows, self.batch_size, steps, seed)
