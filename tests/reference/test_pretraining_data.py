"""Which rows a batch holds, in what order, and what becomes of it in parts."""

import numpy as np
import pytest

from reference.masking import MaskingScheme
from reference.pretraining_data import Batches, divided, rows_of
from reference.pretraining_settings import Trial

pytestmark = pytest.mark.backend


def instances(rows: int) -> dict[str, np.ndarray]:
    """Row n holds n everywhere; the number of its predictions is n modulo 3."""
    numbers = np.arange(rows, dtype=np.uint16)
    wide = np.tile(numbers[:, None], (1, 6))
    return {
        "input_ids": wide,
        "input_mask": np.ones((rows, 6), np.uint8),
        "segment_ids": np.zeros((rows, 6), np.uint8),
        "masked_lm_positions": wide[:, :2] % 6,
        "masked_lm_ids": wide[:, :2],
        "masked_lm_weights": (np.arange(2) < numbers[:, None] % 3).astype(np.float32),
        "next_sentence_labels": wide[:, :1] % 2,
    }


def test_trials_of_one_seed_see_the_same_rows_and_others_do_not():
    trials = [
        Trial(1, MaskingScheme.WORDPIECE),
        Trial(1, MaskingScheme.WHOLE_WORD),
        Trial(2),
    ]
    batches = Batches(instances(50), None, trials, 8)
    for step in (0, 3, 9):
        ids = batches.at(step, step)["input_ids"]
        np.testing.assert_array_equal(ids[0], ids[1])
        assert (ids[0] != ids[2]).any()


def test_the_second_phase_has_an_order_of_its_own():
    first, second = (
        Batches(instances(50), None, [Trial(1)], 8, phase).at(0, 0)["input_ids"]
        for phase in (0, 1)
    )
    assert (first != second).any()


def test_rows_are_widened_and_their_predictions_counted():
    batch = rows_of(instances(9), np.array([[4, 5], [2, 2]]))
    assert batch["input_ids"].dtype == np.int32
    assert batch["masked_lm_weights"].dtype == np.float32
    assert batch["input_ids"][:, :, 0].tolist() == [[4, 5], [2, 2]]
    assert batch["next_sentence_labels"].tolist() == [[0, 1], [0, 0]]
    assert batch["masked_lm_total"].tolist() == [1 + 2, 2 + 2]


@pytest.mark.parametrize(("size", "sizes"), [(None, [7]), (3, [3, 3, 1]), (9, [7])])
def test_parts_hold_the_batch(size, sizes):
    batch = rows_of(instances(9), np.arange(14).reshape(2, 7) % 9)
    parts = divided(batch, size)
    assert [part.rows.shape[1] for part in parts] == sizes
    for name in ("input_ids", "masked_lm_weights", "next_sentence_labels"):
        whole = np.concatenate([part.batch[name] for part in parts], axis=1)
        np.testing.assert_array_equal(whole, batch[name])
    rows = np.concatenate([part.rows for part in parts], axis=1)
    np.testing.assert_array_equal(rows, np.tile(np.arange(7), (2, 1)))
    for part in parts:
        assert (
            part.batch["masked_lm_total"].tolist() == batch["masked_lm_total"].tolist()
        )
