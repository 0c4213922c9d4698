"""How a trial is trained, beside its learning rate and seed.

Source: the original's run_classifier.py and its defaults.
"""

from dataclasses import dataclass

from reference.optimization import Clipping
from reference.row_order import RowOrder, ShuffledWithin


@dataclass(frozen=True)
class Recipe:
    """What the trials of a stack have in common.

    Every epoch is a full shuffle. Upstream: examples are shuffled within a buffer of
    100 only, `shuffle_buffer=100`.
    """

    batch_size: int
    epochs: int = 4
    warmup_proportion: float = 0.1
    clipping: Clipping = Clipping.ONE_HOT
    shuffle_buffer: int | None = None

    def num_train_steps(self, rows: int) -> int:
        return int(rows / self.batch_size * self.epochs)

    def num_warmup_steps(self, rows: int) -> int:
        return int(self.num_train_steps(rows) * self.warmup_proportion)

    def row_order(self, rows: int, seed: int) -> RowOrder | ShuffledWithin:
        """Which rows each batch of a trial of this seed holds."""
        if self.shuffle_buffer is None:
            return RowOrder(rows, self.batch_size, seed)
        return ShuffledWithin(self.shuffle_buffer, rows, self.batch_size, seed)
