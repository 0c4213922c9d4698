"""The word embeddings of a task, of which few steps need but a few.

AdamWeightDecay changes every row of the table at every step, whether the batch has its
piece or not: it decays, and goes on moving by what its moments remember. Over a table
of thousands of rows this takes longer than a small batch. But rows without a gradient
change by a rule of their own, so they may wait: some steps train the rows that they
need in a small table, and then the others make all of these steps in one pass over
memory. Each row has gone through the same arithmetic as if it had not waited.
"""

from collections.abc import Iterable, Sequence

import keras
import numpy as np
from keras import ops

from reference.backend import compile_stateful, fetched
from reference.model import take_rows
from reference.optimization import WEIGHT_DECAY, adam_weight_decay

# Steps that a row makes while it is in the processor.
STEPS_AT_ONCE = 16


class WordTable:
    """K tables of `rows` rows with their moments, and a small one that is trained.

    `trained` are the Keras variables of the small table and of its moments, each
    `[K, U, H]`; U is at most `rows`.
    """

    def __init__(self, rows: int, trained: Sequence[keras.Variable]):
        trials, self.size, width = trained[0].shape
        blank = np.zeros((trials, rows, width), np.float32)
        self._whole = [
            keras.Variable(blank, trainable=False, name=f"all_{one.name}")
            for one in trained
        ]
        state = [*self._whole, *trained]
        self._take = compile_stateful(state, _taken)
        self._put = compile_stateful(state, _put_back)

    @property
    def rows(self) -> int:
        return self._whole[0].shape[1]

    def start(self, tables: Iterable[np.ndarray]) -> None:
        """Begin anew with each trial's table, float32 `[rows or fewer, H]`."""
        filled = np.zeros(self._whole[0].shape, np.float32)
        for trial, table in zip(filled, tables, strict=True):
            trial[: len(table)] = table
        self._whole[0].assign(filled)
        for moment in self._whole[1:]:
            moment.assign(np.zeros_like(filled))

    def tables(self) -> np.ndarray:
        """Each trial's table as it is now, float32 `[K, rows, H]`."""
        return fetched(self._whole[0].value)

    def take(self, pieces: np.ndarray) -> None:
        """Copy the rows `pieces`, int32 `[K, U]`, distinct, to the small table."""
        self._take({"pieces": pieces})

    def put(
        self,
        pieces: np.ndarray,
        learning_rates: np.ndarray,
        corrections: np.ndarray,
        count: int,
    ) -> None:
        """Take the rows back after `count` steps, which all other rows now make.

        `learning_rates` is float32 `[N, K]` and `corrections` of m and v float32
        `[N, 2]`, N a multiple of STEPS_AT_ONCE.
        """
        self._put(
            {
                "pieces": pieces,
                "learning_rates": learning_rates,
                "corrections": corrections,
                "count": np.int32(count),
            }
        )


def _taken(state: list, inputs: dict):
    whole = state[: len(state) // 2]
    return [*whole, *(take_rows(one, inputs["pieces"]) for one in whole)], ()


def _put_back(state: list, inputs: dict):
    half = len(state) // 2
    whole, trained = state[:half], state[half:]
    paces = inputs["learning_rates"], inputs["corrections"]
    waited = steps_without_gradient(whole, *paces, inputs["count"])
    put = [
        _with_rows(table, inputs["pieces"], rows)
        for table, rows in zip(waited, trained, strict=True)
    ]
    return [*put, *trained], ()


def steps_without_gradient(state, learning_rates, corrections, count):
    """Weight, m and v, `[K, R, H]`, after `count` steps whose gradient is zero.

    `learning_rates` and `corrections` as for `WordTable.put`; `count` an int32 scalar.
    """
    learning_rates = ops.convert_to_tensor(learning_rates)
    corrections = ops.convert_to_tensor(corrections)

    def some(first, *state):
        for number in range(STEPS_AT_ONCE):
            step = first + number
            moved = adam_weight_decay(
                state, 0.0, learning_rates[step], WEIGHT_DECAY, corrections[step]
            )
            state = [
                ops.where(step < count, new, old)
                for new, old in zip(moved, state, strict=True)
            ]
        return first + STEPS_AT_ONCE, *state

    _, *state = ops.while_loop(
        lambda first, *_: first < count,
        some,
        (ops.zeros((), "int32"), *state),
    )
    return state


def _with_rows(table, rows, values):
    """Replace rows of each trial's table: int `[K, U]`, values `[K, U, H]`."""
    trials, count, width = table.shape
    first = ops.arange(trials, dtype="int32")[:, None] * count
    places = ops.reshape(rows + first, (-1, 1))
    flat = ops.reshape(table, (trials * count, width))
    put = ops.scatter_update(flat, places, ops.reshape(values, (-1, width)))
    return ops.reshape(put, table.shape)
