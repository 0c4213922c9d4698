"""Every gradient against differences of the float64 oracle's losses.

The oracle has no gradients, so nothing of how they are found is shared with it. Along
a direction d of length 1, (loss(w + h·d) − loss(w − h·d)) / 2h is the derivative but
for h² times a third derivative and for float64's rounding of the loss over h: with
h = 1e-5 both are far below what float32 makes of a gradient.
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
    pre_training_losses,
)
from reference.weights import set_weights, variable_name, weight_shapes
from tests.reference import numpy_bert
from tests.reference.float32 import tolerance

pytestmark = pytest.mark.backend

STEP = 1e-5
DIRECTIONS = 3
CONFIG = BertConfig(
    vocab_size=50,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=24,
    max_position_embeddings=20,
    type_vocab_size=2,
)


def random_batch(rng, rows=3, length=12, predictions=4) -> dict[str, np.ndarray]:
    """Padded sequences; some predictions are padding too, and weigh nothing."""

    def below(high, *shape):
        return rng.integers(high, size=(1, rows, *shape)).astype(np.int32)

    lengths = rng.integers(predictions, length + 1, size=(1, rows, 1))
    return {
        "input_ids": below(CONFIG.vocab_size, length),
        "input_mask": (np.arange(length) < lengths).astype(np.int32),
        "segment_ids": below(2, length),
        "masked_lm_positions": below(predictions, predictions),
        "masked_lm_ids": below(CONFIG.vocab_size, predictions),
        "masked_lm_weights": below(2, predictions).astype(np.float32),
        "next_sentence_labels": below(2),
    }


def random_weights(rng, model) -> dict[str, np.ndarray]:
    return {
        name: rng.normal(1.0 if name.endswith("gamma") else 0.0, 0.3, shape).astype(
            np.float32
        )
        for name, shape in weight_shapes(model).items()
    }


def assert_gradients_are_the_oracles(rng, model, losses, loss, batch):
    """Along random directions in each variable by itself."""
    weights = random_weights(rng, model)
    set_weights(model, [weights])
    found = {
        variable_name(model, variable): np.asarray(gradient[0], np.float64)
        for variable, gradient in zip(
            model.trainable_variables,
            gradients(model.trainable_variables, losses, batch),
            strict=True,
        )
    }
    assert found.keys() == weights.keys()
    # There and back is two passes; a direction has length 1, so an error is at most
    # that of the gradients' elements, which is relative to the largest of them.
    largest = max(np.abs(gradient).max() for gradient in found.values())
    allowed = 2 * tolerance(CONFIG) * largest
    for name, gradient in found.items():
        for _ in range(DIRECTIONS):
            direction = rng.standard_normal(gradient.shape)
            direction /= np.linalg.norm(direction)
            ahead, behind = (
                loss(CONFIG, weights | {name: weights[name] + h * direction}, batch)
                for h in (STEP, -STEP)
            )
            slope = (ahead - behind) / (2 * STEP)
            assert abs((gradient * direction).sum() - slope) < allowed, name


@pytest.fixture(scope="module")
def pre_training_model():
    model = PreTrainingModel(CONFIG)
    model(random_batch(np.random.default_rng(0)))
    return model


@pytest.mark.parametrize("seed", range(4))
def test_pre_training_gradients_are_the_oracles(pre_training_model, seed):
    def losses(inputs):
        return sum(pre_training_losses(pre_training_model(inputs), inputs))

    rng = np.random.default_rng(seed)
    loss = numpy_bert.pre_training_loss
    batch = random_batch(rng)
    assert_gradients_are_the_oracles(rng, pre_training_model, losses, loss, batch)


@pytest.mark.parametrize("outputs", [1, 3], ids=["score", "classes"])
@pytest.mark.parametrize("seed", range(2))
def test_fine_tuning_gradients_are_the_oracles(outputs, seed):
    rng = np.random.default_rng(seed)
    batch, rows = random_batch(rng), 3
    labels = rng.integers(outputs, size=(1, rows)).astype(np.int32)
    if outputs == 1:
        labels = rng.uniform(0.0, 5.0, size=(1, rows)).astype(np.float32)
    batch["labels"] = labels
    model = FineTuningModel(CONFIG, outputs)
    model(batch)

    def losses(inputs):
        return fine_tuning_losses(model(inputs), inputs["labels"])

    loss = numpy_bert.fine_tuning_loss
    assert_gradients_are_the_oracles(rng, model, losses, loss, batch)


def test_a_wrong_gradient_is_told_from_a_right_one(pre_training_model):
    """The comparison has teeth: other heads than the model.s do not pass."""
    rng = np.random.default_rng(0)
    batch = random_batch(rng)
    other = dataclasses.replace(CONFIG, num_attention_heads=2)

    def losses(inputs):
        return sum(pre_training_losses(pre_training_model(inputs), inputs))

    def loss(_, weights, inputs):
        return numpy_bert.pre_training_loss(other, weights, inputs)

    with pytest.raises(AssertionError):
        assert_gradients_are_the_oracles(rng, pre_training_model, losses, loss, batch)
