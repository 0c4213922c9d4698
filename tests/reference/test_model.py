"""The encoder and its heads against the original's outputs and a float64 oracle."""

import numpy as np
import pytest
from keras import ops

from reference.backend import gradients
from reference.configuration import NAMED_SIZES
from reference.heads import PreTrainingModel, pre_training_losses
from reference.weights import initial_weights, set_weights, variable_name, weight_shapes
from tests.reference import numpy_bert
from tests.reference.float32 import tolerance

pytestmark = pytest.mark.backend


def built(config, inputs, weights):
    """A pre-training model of as many trials as there are weights."""
    model = PreTrainingModel(config, len(weights))
    model(stacked(inputs, len(weights)))
    set_weights(model, weights)
    return model


def stacked(inputs: dict, trials: int) -> dict:
    return {name: np.repeat(value, trials, axis=0) for name, value in inputs.items()}


def relative_error(found, expected) -> float:
    found = np.asarray(found, np.float64)
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@pytest.fixture(scope="module")
def model(original):
    return built(original.config, original.inputs, [original.weights])


@pytest.fixture(scope="module")
def outputs(original, model):
    found = model(original.inputs)
    losses = pre_training_losses(found, original.inputs)
    found["masked_lm_loss"], found["next_sentence_loss"] = losses
    found["loss"] = sum(losses)
    return found


@pytest.mark.parametrize(
    "name",
    [
        "embedding_output",
        "sequence_output",
        "pooled_output",
        "masked_lm_loss",
        "next_sentence_loss",
        "loss",
    ],
)
def test_outputs_are_the_originals(original, outputs, name):
    error = relative_error(outputs[name][0], original.outputs[name])
    assert error < tolerance(original.config)


def test_every_layer_is_the_originals(original, outputs):
    assert len(outputs["encoder_layers"]) == original.config.num_hidden_layers
    for index, layer in enumerate(outputs["encoder_layers"]):
        expected = original.outputs[f"encoder_layer_{index}"]
        assert relative_error(layer[0], expected) < tolerance(original.config)


@pytest.mark.parametrize("kind", ["masked_lm", "next_sentence"])
def test_log_probabilities_are_the_originals(original, outputs, kind):
    logits = ops.log_softmax(outputs[f"{kind}_logits"], axis=-1)
    expected = original.outputs[f"{kind}_log_probs"]
    found = np.asarray(logits).reshape(expected.shape)
    assert relative_error(found, expected) < tolerance(original.config)


def test_every_gradient_is_the_originals(original, model):
    def losses(inputs):
        return sum(pre_training_losses(model(inputs), inputs))

    found = gradients(model.trainable_variables, losses, original.inputs)
    named = {
        variable_name(model, variable): gradient[0]
        for variable, gradient in zip(model.trainable_variables, found, strict=True)
    }
    assert named.keys() == original.gradients.keys()
    # Backwards is twice the depth. A key's bias has gradient zero, softmax being what
    # it is, so errors are measured against the largest gradient of the model.
    largest = max(np.abs(value).max() for value in original.gradients.values())
    for name, expected in original.gradients.items():
        error = np.abs(named[name] - expected).max() / largest
        assert error < 2 * tolerance(original.config), name


@pytest.mark.parametrize("seed", range(3))
def test_outputs_are_the_oracles(golden, seed):
    """Other weights, lengths and biases than the golden's, in float64 NumPy."""
    rng = np.random.default_rng(seed)
    weights = {
        name: rng.normal(0.0, 0.1, value.shape).astype(np.float32)
        for name, value in golden.weights.items()
    }
    inputs = dict(golden.inputs)
    lengths = rng.integers(2, 49, size=(1, 8, 1))
    inputs["input_mask"] = (np.arange(48) < lengths).astype(np.int32)
    found = built(golden.config, inputs, [weights])(inputs)
    expected = numpy_bert.forward(golden.config, weights, inputs)
    for name in ("sequence_output", "pooled_output", "masked_lm_logits"):
        error = relative_error(found[name][0], expected[name])
        assert error < tolerance(golden.config), name


def test_a_stack_computes_what_its_trials_do_alone(golden):
    shapes = {name: value.shape for name, value in golden.weights.items()}
    weights = [initial_weights(shapes, 0.1, seed) for seed in range(3)]
    together = built(golden.config, golden.inputs, weights)(stacked(golden.inputs, 3))
    for trial, own in enumerate(weights):
        alone = built(golden.config, golden.inputs, [own])(golden.inputs)
        error = relative_error(
            together["masked_lm_logits"][trial],
            np.asarray(alone["masked_lm_logits"][0], np.float64),
        )
        assert error < tolerance(golden.config)


def test_padding_changes_nothing(golden):
    """What stands behind the mask, and how much of it, is of no consequence."""
    model = built(golden.config, golden.inputs, [golden.weights])
    short = {name: value.copy() for name, value in golden.inputs.items()}
    short["input_mask"][..., 32:] = 0
    for name in ("input_ids", "segment_ids", "input_mask"):
        short[name] = short[name][..., :32]
    long = dict(golden.inputs)
    long["input_mask"] = (np.arange(48) < 32) * golden.inputs["input_mask"]
    for batch in (short, long):
        batch["input_mask"] = batch["input_mask"].astype(np.int32)
    found = [np.asarray(model(batch)["pooled_output"]) for batch in (short, long)]
    assert relative_error(found[0], found[1]) < tolerance(golden.config)


def test_released_sizes_have_the_released_number_of_parameters():
    """Tiny with its pooler has 4,385,920 parameters, as published."""
    model = PreTrainingModel(NAMED_SIZES["BERT-Tiny"])
    blank = np.zeros((1, 1, 8), np.int32)
    names = ("input_ids", "input_mask", "segment_ids", "masked_lm_positions")
    model(dict.fromkeys(names, blank))
    encoder = {n: s for n, s in weight_shapes(model).items() if n.startswith("bert/")}
    assert sum(int(np.prod(shape)) for shape in encoder.values()) == 4_385_920
