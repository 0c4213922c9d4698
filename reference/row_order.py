"""Which examples make up each batch of a training run.

Upstream: repeat, then shuffle, then batch, so that a batch may straddle epochs, and
the remainder is dropped with the steps. It shuffles within a buffer (`ShuffledWithin`);
the order here is one full shuffle after the other, unless asked for otherwise.
"""

from collections.abc import Sequence

import numpy as np


class RowOrder:
    """Every epoch a full shuffle from the seed; batches straddle epochs as upstream.

    In memory are the epochs that one batch straddles, however long the run.
    """

    def __init__(self, rows: int, batch_size: int, seed: int | Sequence[int]):
        self._rows, self._batch_size, self._seed = rows, batch_size, seed
        self._restart()

    def batch(self, step: int) -> np.ndarray:
        """The rows of the batch of `step`, from 0: int64 `[batch_size]`."""
        places = np.arange(self._batch_size) + step * self._batch_size
        epochs, within = np.divmod(places, self._rows)
        if epochs[0] < min(self._epochs, default=0):
            self._restart()
        for epoch in [e for e in self._epochs if e < epochs[0]]:
            del self._epochs[epoch]
        while self._drawn <= epochs[-1]:
            order = self._rng.permutation(self._rows)
            if self._drawn >= epochs[0]:  # one that goes on passes over the others
                self._epochs[self._drawn] = order
            self._drawn += 1
        chosen = np.empty(self._batch_size, np.int64)
        for epoch in np.unique(epochs):
            chosen[epochs == epoch] = self._epochs[epoch][within[epochs == epoch]]
        return chosen

    def _restart(self) -> None:
        self._rng = np.random.default_rng(self._seed)
        self._epochs: dict[int, np.ndarray] = {}
        self._drawn = 0


class EpochsApart:
    """Every epoch a full shuffle, cut into so many batches; the last may be smaller.

    The shuffles are those of `RowOrder`.
    """

    def __init__(self, rows: int, batch_size: int, steps: int, seed: int):
        self._size, self._steps = batch_size, steps
        self._epochs = RowOrder(rows, rows, seed)

    def batch(self, step: int) -> np.ndarray:
        """The rows of the batch of `step`, from 0: int64 `[batch_size or fewer]`."""
        epoch, number = divmod(step, self._steps)
        first = number * self._size
        return self._epochs.batch(epoch)[first : first + self._size]


class ShuffledWithin:
    """Upstream: the examples in their order, shuffled within a buffer as they pass.

    As `tf.data` does it: the buffer is filled from the repeated examples; each draw
    takes one of it at random and puts the next example in its place. With the
    original's buffer of 100 a file sorted by label stays nearly so.
    """

    def __init__(self, buffer: int, rows: int, batch_size: int, seed: int):
        self._size, self._rows, self._batch_size = buffer, rows, batch_size
        self._seed = seed
        self._restart()

    def batch(self, step: int) -> np.ndarray:
        """The rows of the batch of `step`, from 0: int64 `[batch_size]`."""
        if step < self._made - 1:
            self._restart()
        while self._made <= step:
            self._batch = np.array([self._draw() for _ in range(self._batch_size)])
            self._made += 1
        return self._batch

    def _draw(self) -> int:
        place = self._rng.integers(self._size)
        drawn = self._buffer[place]
        self._buffer[place] = self._next % self._rows
        self._next += 1
        return int(drawn)

    def _restart(self) -> None:
        self._rng = np.random.default_rng(self._seed)
        self._buffer = np.arange(self._size) % self._rows
        self._next, self._made = self._size, 0
