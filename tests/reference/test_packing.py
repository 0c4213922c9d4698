"""Packed rows hold every example once, whole, and nothing else."""

import numpy as np
import pytest

from reference.features import Features, padded_in_front
from reference.packing import NO_EXAMPLE, PartShape, best_fit, packed_parts


def features(rng, rows: int, longest: int) -> Features:
    lengths = rng.integers(2, longest + 1, rows).astype(np.int32)
    filled = np.arange(longest) < lengths[:, None]
    ids, segments = rng.integers(1, 1000, (2, rows, longest))
    return Features(
        (ids * filled).astype(np.int32),
        (segments % 2 * filled).astype(np.int32),
        lengths,
    )


@pytest.mark.parametrize("seed", range(40))
def test_parts_hold_the_batch_and_nothing_else(seed):
    rng = np.random.default_rng(seed)
    length = int(rng.choice([16, 32, 64]))
    split = features(rng, 50, int(rng.integers(2, length + 1)))
    if seed % 2:
        split = padded_in_front(split, length)
    shape = PartShape(int(rng.integers(1, 5)), length)
    chosen = rng.integers(0, 50, (int(rng.integers(1, 4)), int(rng.integers(1, 40))))
    parts = packed_parts(split, chosen, shape)
    count = len(parts["input_ids"])
    assert parts["input_ids"].shape == (count, len(chosen), shape.rows, length)
    assert parts["starts"].shape == (count, len(chosen), shape.examples)
    for trial, batch in enumerate(chosen):
        own = {name: array[:, trial] for name, array in parts.items()}
        flat = {name: own[name].reshape(count, -1) for name in own}
        assert sorted(own["rows"][own["rows"] != NO_EXAMPLE]) == list(range(len(batch)))
        for part, slot in np.argwhere(own["rows"] != NO_EXAMPLE):
            row = own["rows"][part, slot]
            size, start = split.lengths[batch[row]], own["starts"][part, slot]
            # It does not run over the end of its row.
            assert start // length == (start + size - 1) // length
            at = slice(start, start + size)
            for name in ("input_ids", "segment_ids"):
                expected = getattr(split, name)[batch[row], :size]
                np.testing.assert_array_equal(flat[name][part, at], expected)
            positions = np.arange(size)
            if split.first_positions is not None:
                positions += split.first_positions[batch[row]]
            np.testing.assert_array_equal(flat["positions"][part, at], positions)
            np.testing.assert_array_equal(flat["examples"][part, at], row)
        tokens = own["examples"] != NO_EXAMPLE
        assert tokens.sum() == split.lengths[batch].sum()
        assert not own["input_ids"][~tokens].any()
        assert own["weights"].sum() == pytest.approx(1.0)
        np.testing.assert_array_equal(own["weights"] > 0, own["rows"] != NO_EXAMPLE)


def test_the_best_fit_is_taken():
    """14 and 12 begin rows of 24; 9 leaves less of the first, 3 fits the second."""
    at = best_fit(np.array([9, 14, 3, 12]), PartShape(1, 24))
    assert at.rows == 2
    np.testing.assert_array_equal(at.row, [0, 0, 1, 1])
    np.testing.assert_array_equal(at.offset, [14, 0, 12, 0])


def test_little_is_padding():
    """Of batches of 32 with lengths as GLUE's pairs have: under a tenth."""
    rng, shape = np.random.default_rng(0), PartShape(1, 128)
    lengths = [rng.integers(20, 90, 32) for _ in range(100)]
    rows = sum(best_fit(own, shape).rows for own in lengths)
    assert np.sum(lengths) > 0.9 * rows * 128


def test_a_row_has_room_for_so_many_examples():
    at = best_fit(np.full(20, 2), PartShape(1, 32))
    assert at.rows == 5  # four in each, though there is room for sixteen
    assert np.bincount(at.row).max() == at.slot.max() + 1 == 4
