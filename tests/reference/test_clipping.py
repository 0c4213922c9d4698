"""Clipping as the look-up graph does: rows counted one by one, not summed first.

The oracle is a table in which every token has a row of its own. No row is then looked
up twice, so that the table's gradient is that of the rows.
"""

import dataclasses

import numpy as np
import pytest

from reference.backend import gradients
from reference.configuration import BertConfig
from reference.heads import (
    FineTuningModel,
    PreTrainingModel,
    fine_tuning_losses,
)
from reference.optimization import Clipping
from reference.training import Part, Trainer, whole_batch
from reference.weights import initial_weights, set_weights, weight_shapes
from tests.reference.float32 import tolerance

pytestmark = pytest.mark.backend

WORD = "bert/embeddings/word_embeddings"
TRIALS, ROWS, LENGTH = 2, 4, 8
# Of batch and weights whose gradients are long enough to be clipped.
SEED = 2
CONFIG = BertConfig(
    vocab_size=4,
    hidden_size=8,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=16,
    max_position_embeddings=16,
)


def batch(seed=0) -> dict[str, np.ndarray]:
    """Four word pieces in 32 places: every row is looked up several times."""
    rng = np.random.default_rng(seed)
    shape = (TRIALS, ROWS, LENGTH)
    lengths = rng.integers(2, LENGTH + 1, size=(TRIALS, ROWS, 1))
    return {
        "input_ids": rng.integers(CONFIG.vocab_size, size=shape).astype(np.int32),
        "input_mask": (np.arange(LENGTH) < lengths).astype(np.int32),
        "segment_ids": np.zeros(shape, np.int32),
        "labels": rng.integers(3, size=shape[:2]).astype(np.int32),
    }


def fine_tuning(model, inputs, dropout):
    return fine_tuning_losses(model(inputs, dropout=dropout), inputs["labels"])


def fine_tuning_model(config=CONFIG):
    model = FineTuningModel(config, 3, TRIALS)
    model(batch())
    return model


def weights_of(model, seed=0):
    shapes = weight_shapes(model)
    return [initial_weights(shapes, 0.5, seed + trial) for trial in range(TRIALS)]


def gradient_of(model, variable, inputs) -> np.ndarray:
    def losses(inputs):
        return fine_tuning(model, inputs, None)

    (found,) = gradients([variable], losses, inputs)
    return np.asarray(found, np.float64)


def row_by_row(weights, inputs) -> np.ndarray:
    """Σ (gradient of a looked-up row)² of each trial, from a table without repeats."""
    own_rows = np.arange(ROWS * LENGTH, dtype=np.int32).reshape(1, ROWS, LENGTH)
    ids = inputs["input_ids"].reshape(TRIALS, -1)
    expanded = [trial | {WORD: trial[WORD][ids[k]]} for k, trial in enumerate(weights)]
    model = fine_tuning_model(dataclasses.replace(CONFIG, vocab_size=ROWS * LENGTH))
    set_weights(model, expanded)
    inputs = inputs | {"input_ids": np.repeat(own_rows, TRIALS, axis=0)}
    table = gradient_of(model, model.bert.embeddings.word, inputs)
    return np.square(table).sum(axis=(1, 2))


@pytest.mark.parametrize("seed", range(3))
def test_the_probe_counts_looked_up_rows_one_by_one(seed):
    model, inputs = fine_tuning_model(), batch(seed)
    weights = weights_of(model, seed)
    set_weights(model, weights)
    embeddings = model.bert.embeddings
    found = gradient_of(model, embeddings.row_probe(), inputs)
    expected = row_by_row(weights, inputs)
    # There and back is two passes, and a square has twice the error.
    np.testing.assert_allclose(found, expected, rtol=4 * tolerance(CONFIG))
    dense = np.square(gradient_of(model, embeddings.word, inputs)).sum(axis=(1, 2))
    assert (np.abs(found / dense - 1) > 0.01).all()


def test_a_probe_changes_neither_the_model_nor_its_other_gradients():
    model, inputs = fine_tuning_model(), batch()
    set_weights(model, weights_of(model))
    names = list(weight_shapes(model))

    def measured():
        table = gradient_of(model, model.bert.embeddings.word, inputs)
        return np.asarray(model(inputs)), table

    before = measured()
    model.bert.embeddings.row_probe()
    for one, other in zip(before, measured(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert list(weight_shapes(model)) == names


@pytest.fixture(scope="module")
def trainer():
    """Clips as the look-up graph does."""
    model = fine_tuning_model()
    return Trainer(model, fine_tuning, dropping=False, clipping=Clipping.LOOKUP)


def first_moment(trainer, parts) -> np.ndarray:
    """What the first update leaves of the table's gradient: a tenth, clipped."""
    trainer.start(weights_of(trainer.model, SEED))
    trainer.step(parts, [1e-3] * TRIALS, [0, 1], 0)
    return trainer.state()[f"m/{WORD}"]


@pytest.mark.parametrize("clipping", Clipping)
def test_a_step_clips_by_its_norm(trainer, clipping):
    model, inputs = trainer.model, batch(SEED)
    weights = weights_of(model, SEED)
    set_weights(model, weights)
    found = {v.path: gradient_of(model, v, inputs) for v in model.trainable_variables}
    squares = {
        path: np.square(gradient).reshape(TRIALS, -1).sum(axis=1)
        for path, gradient in found.items()
    }
    table, own = model.bert.embeddings.word.path, row_by_row(weights, inputs)
    # By more than rounding, so that one clipping does not pass for the other.
    assert (np.abs(own - squares[table]) > 1e-3 * sum(squares.values())).all()
    if clipping is Clipping.LOOKUP:
        squares[table] = own
    else:
        trainer = Trainer(model, fine_tuning, dropping=False)
    norm = np.sqrt(sum(squares.values()))[:, None, None]
    assert (norm > 1).all()
    expected = 0.1 * found[table] / norm
    error = np.abs(first_moment(trainer, whole_batch(inputs, TRIALS, ROWS)) - expected)
    # There and back, for the gradient and for the norm.
    allowed = 4 * tolerance(CONFIG) * np.abs(expected).max(axis=(1, 2))
    assert (error.max(axis=(1, 2)) < allowed).all()


def test_a_batch_in_parts_is_clipped_as_a_whole(trainer):
    inputs, half = batch(SEED), ROWS // 2
    rows = np.tile(np.arange(ROWS, dtype=np.int32), (TRIALS, 1))
    parts = [
        Part({name: value[:, own] for name, value in inputs.items()}, rows[:, own])
        for own in (slice(0, half), slice(half, ROWS))
    ]
    whole = first_moment(trainer, [Part(inputs, rows)])
    difference = np.abs(first_moment(trainer, parts) - whole).max()
    assert difference < 4 * tolerance(CONFIG) * np.abs(whole).max()


def test_the_probe_is_neither_trained_nor_saved(trainer):
    model = trainer.model
    first_moment(trainer, whole_batch(batch(SEED), TRIALS, ROWS))
    kinds = ("weights", "m", "v")
    names = {f"{kind}/{name}" for name in weight_shapes(model) for kind in kinds}
    assert trainer.state().keys() == names
    assert not np.asarray(model.bert.embeddings.row_probe().value).any()


def test_tied_embeddings_are_clipped_alike_under_either_graph():
    """Their gradient is the table's; without a probe the two programs are one."""
    inputs = batch(SEED) | {"masked_lm_positions": np.ones((TRIALS, ROWS, 1), np.int32)}
    model = PreTrainingModel(CONFIG, TRIALS)
    model(inputs)
    Trainer(model, fine_tuning, clipping=Clipping.LOOKUP)
    assert model.bert.embeddings.probe is None


def test_what_is_no_clipping_is_refused():
    with pytest.raises(ValueError, match="sparse"):
        Trainer(fine_tuning_model(), fine_tuning, clipping="sparse")
