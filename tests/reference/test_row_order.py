"""Which rows a batch holds: whole shuffles, one after the other."""

import tracemalloc

import numpy as np
import pytest

from reference.row_order import EpochsApart, RowOrder, ShuffledWithin


def batches(rows: int, size: int, steps: int, seed) -> np.ndarray:
    order = RowOrder(rows, size, seed)
    return np.stack([order.batch(step) for step in range(steps)])


@pytest.mark.parametrize("seed", range(20))
def test_batches_are_cut_from_one_shuffle_after_the_other(seed):
    rng = np.random.default_rng(seed)
    rows, size, steps = int(rng.integers(1, 30)), int(rng.integers(1, 40)), 25
    rng = np.random.default_rng(seed)
    shuffles = [rng.permutation(rows) for _ in range(1 + steps * size // rows)]
    stream = np.concatenate(shuffles)[: steps * size]
    expected = stream.reshape(steps, size)
    np.testing.assert_array_equal(batches(rows, size, steps, seed), expected)
    # Gone on with in the middle, and asked for what has gone by.
    order = RowOrder(rows, size, seed)
    for step in (17, 18, 3, 0):
        np.testing.assert_array_equal(order.batch(step), expected[step])


def test_every_epoch_sees_every_example_once():
    stream = batches(rows=37, size=8, steps=18, seed=1).ravel()
    for epoch in range(3):
        assert sorted(stream[epoch * 37 : (epoch + 1) * 37]) == list(range(37))


def test_order_depends_on_the_seed_alone():
    one, same, other = (batches(100, 10, 20, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    assert (batches(100, 10, 20, [1, 1]) != one).any()


def test_no_more_than_two_epochs_are_in_memory():
    order = RowOrder(10, 7, 1)
    for step in range(100):
        order.batch(step)
        assert len(order._epochs) <= 2


def test_a_run_that_goes_on_holds_no_more():
    """At epoch 100 of 10,000 rows, 80 kB each."""
    tracemalloc.start()
    RowOrder(10_000, 32, 1).batch(100 * 10_000 // 32)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 80_000


def test_epochs_apart_are_the_same_shuffles():
    """Ten examples in batches of four: two a batch of the last, or none."""
    shuffles = batches(rows=10, size=10, steps=3, seed=1)
    kept, dropped = (EpochsApart(10, 4, steps, 1) for steps in (3, 2))
    for epoch, shuffle in enumerate(shuffles):
        for number in range(3):
            expected = shuffle[4 * number : 4 * number + 4]
            np.testing.assert_array_equal(kept.batch(3 * epoch + number), expected)
            if number < 2:
                found = dropped.batch(2 * epoch + number)
                np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("seed", range(10))
def test_a_buffer_gives_out_what_it_was_given(seed):
    """Whatever has been drawn or is in the buffer is the stream's beginning."""
    order, drawn = ShuffledWithin(10, 23, 4, seed), []
    for step in range(30):
        drawn.extend(order.batch(step))
    stream = np.arange(30 * 4 + 10) % 23
    left = list(stream)
    for row in drawn:
        left.remove(row)
    assert len(left) == 10
    # An example cannot come out before it went in.
    first = {row: drawn.index(row) for row in range(23)}
    assert all(first[row] >= row - 9 for row in range(23))


def test_a_buffer_goes_on_from_any_step():
    order, again = ShuffledWithin(10, 23, 4, 1), ShuffledWithin(10, 23, 4, 1)
    expected = [order.batch(step) for step in range(9)]
    for step in (8, 8, 2, 5):
        np.testing.assert_array_equal(again.batch(step), expected[step])


def test_a_small_buffer_leaves_a_sorted_file_nearly_sorted():
    """Why the buffer is a switch: with a hundred, labels of one kind stay together."""
    rows, labels = 2000, np.repeat([0, 1], 1000)
    within = [ShuffledWithin(100, rows, 32, s).batch(3) for s in range(20)]
    whole = [RowOrder(rows, 32, s).batch(3) for s in range(20)]
    assert labels[np.concatenate(within)].mean() == 0
    assert 0.3 < labels[np.concatenate(whole)].mean() < 0.7
