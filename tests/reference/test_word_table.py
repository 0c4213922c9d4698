"""Rows that wait for their updates end where those end that do not."""

import keras
import numpy as np
import pytest

from reference.optimization import (
    WEIGHT_DECAY,
    adam_weight_decay,
    bias_corrections,
)
from reference.word_table import STEPS_AT_ONCE, WordTable, steps_without_gradient

pytestmark = pytest.mark.backend

TRIALS, ROWS, WIDTH = 2, 12, 4


def arrays(seed: int, rows: int = ROWS) -> list[np.ndarray]:
    """A table and moments such as some steps of training leave."""
    rng = np.random.default_rng(seed)
    weight, m = rng.normal(
        scale=[[[[0.02]]], [[[1e-3]]]], size=(2, TRIALS, rows, WIDTH)
    )
    return [x.astype(np.float32) for x in (weight, m, rng.gamma(0.5, 1e-6, m.shape))]


def rates(count: int, seed: int = 0) -> np.ndarray:
    """`[N, K]`, of which `count` are asked for and the others should not be used."""
    size = -(-max(count, 1) // STEPS_AT_ONCE) * STEPS_AT_ONCE
    found = np.random.default_rng(seed).uniform(1e-5, 3e-4, (size, TRIALS))
    found[count:] = np.nan
    return found.astype(np.float32)


def corrections(count: int, are_made: bool) -> np.ndarray:
    """Those of Adam's moments `[N, 2]` from step 3 on, or none."""
    found = np.ones((len(rates(count)), 2), np.float32)
    for step in range(count if are_made else 0):
        found[step] = bias_corrections(3 + step)
    return found


def one_by_one(state, learning_rates, corrections, count):
    for step in range(count):
        paces = learning_rates[step], WEIGHT_DECAY, corrections[step]
        state = adam_weight_decay(state, np.float32(0), *paces)
    return [np.asarray(x) for x in state]


@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize("count", [0, 1, STEPS_AT_ONCE - 1, STEPS_AT_ONCE, 40])
def test_all_steps_at_once_are_the_steps_one_by_one(count, corrected):
    state, paces = arrays(count), (rates(count), corrections(count, corrected))
    expected = one_by_one(state, *paces, count)
    found = steps_without_gradient(state, *paces, np.int32(count))
    for before, mine, theirs in zip(state, found, expected, strict=True):
        # Of what is left of a number, and of what was taken from it.
        sizes = np.abs(theirs) + np.abs(theirs - before)
        assert (np.abs(mine - theirs) <= count * 2**-22 * sizes).all()


@pytest.fixture(scope="module")
def small():
    """The small table, its moments, and the whole one behind it."""
    blank = np.zeros((TRIALS, 5, WIDTH), np.float32)
    trained = [keras.Variable(blank, name=name) for name in ("word", "m", "v")]
    return trained, WordTable(ROWS, trained)


def test_rows_come_back_trained_and_the_others_have_waited(small):
    trained, words = small
    tables, paces = arrays(1)[0], (rates(20), corrections(20, True))
    words.start(tables)
    pieces = np.array([[0, 3, 4, 9, 11], [2, 3, 5, 6, 7]], np.int32)
    words.take(pieces)
    taken = np.asarray(trained[0].value)
    np.testing.assert_array_equal(taken, tables[np.arange(2)[:, None], pieces])
    new = arrays(2, rows=5)
    for variable, value in zip(trained, new, strict=True):
        variable.assign(value)
    words.put(pieces, *paces, 20)
    waited = one_by_one([tables, *np.zeros((2, *tables.shape))], *paces, 20)
    words.take(np.tile(np.arange(5, dtype=np.int32), (TRIALS, 1)))
    first = np.asarray(trained[0].value)
    expected = waited[0][:, :5].copy()
    expected[0, [0, 3, 4]], expected[1, [2, 3]] = new[0][0, :3], new[0][1, :2]
    np.testing.assert_allclose(first, expected, rtol=20 * 2**-22)


def test_a_new_start_forgets(small):
    trained, words = small
    pieces = np.tile(np.arange(5, dtype=np.int32), (TRIALS, 1))
    words.start(arrays(3)[0][:, :7])  # fewer rows than there is room for
    words.take(pieces)
    np.testing.assert_array_equal(np.asarray(trained[0].value), arrays(3)[0][:, :5])
    for moment in trained[1:]:
        assert not np.asarray(moment.value).any()
