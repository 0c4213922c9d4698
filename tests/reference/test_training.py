"""Training steps against the original's curves; stacks against trials alone."""

from types import SimpleNamespace

import numpy as np
import pytest

from reference.heads import (
    FineTuningModel,
    PreTrainingModel,
    fine_tuning_losses,
    pre_training_losses,
)
from reference.optimization import Clipping, learning_rate_factor
from reference.training import Trainer, whole_batch
from reference.weights import get_weights, initial_weights
from tests.reference.float32 import curve_tolerance, tolerance, weight_tolerance

pytestmark = pytest.mark.backend


def pre_training(model, batch, dropout):
    return sum(pre_training_losses(model(batch, dropout=dropout), batch))


def fine_tuning(model, batch, dropout):
    return fine_tuning_losses(model(batch, dropout=dropout), batch["labels"])


def whole(batch):
    return whole_batch(batch, *batch["input_ids"].shape[:2])


def stacked(inputs, trials):
    return {name: np.repeat(value, trials, axis=0) for name, value in inputs.items()}


def trainer_for(golden, trials=1, dropping=False):
    model = PreTrainingModel(golden.config, trials)
    model(stacked(golden.inputs, trials))
    return Trainer(model, pre_training, dropping)


@pytest.fixture(scope="module")
def alone(golden):
    """A trainer of one trial with dropout, for any number of runs."""
    return trainer_for(golden, dropping=True)


def curve(trainer, batch, run) -> np.ndarray:
    """The losses of a recorded run's steps."""
    total, warmup = int(run["num_train_steps"]), int(run["num_warmup_steps"])
    losses = []
    for step in run["steps"]:
        factor = learning_rate_factor(step, total, warmup)
        rates = [float(run["learning_rate"]) * factor]
        losses.append(float(trainer.step(whole(batch), rates, [0], step)[0]))
    return np.array(losses)


def final_weights(run) -> dict[str, np.ndarray]:
    prefix = "final/"
    return {n.removeprefix(prefix): v for n, v in run.items() if n.startswith(prefix)}


def assert_final_weights(found, run, config):
    for name, expected in final_weights(run).items():
        allowed = weight_tolerance(config, run, expected)
        assert (np.abs(found[name] - expected) <= allowed).all(), name


def test_pre_training_curve_is_the_originals(original):
    trainer, run = trainer_for(original), original.training
    trainer.start([original.weights])
    losses = curve(trainer, original.inputs, run)
    final = final_weights(run)
    # A normalised row's length is the root of H; a logit is at most a product of two.
    gamma, beta = (
        final[f"cls/predictions/transform/LayerNorm/{name}"]
        for name in ("gamma", "beta")
    )
    row = np.sqrt(len(gamma)) * np.abs(gamma).max() + np.linalg.norm(beta)
    table = np.linalg.norm(final["bert/embeddings/word_embeddings"], axis=1)
    allowed = curve_tolerance(original.config, run, row * table.max())
    assert (np.abs(losses - run["losses"]) <= allowed).all()
    (found,) = get_weights(trainer.model)
    assert found.keys() == final.keys()
    assert_final_weights(found, run, original.config)


@pytest.fixture(scope="module")
def fine_tuned(original):
    """The original's two fine-tuning runs, repeated."""
    model = FineTuningModel(original.config, 3)
    model(original.inputs)
    return {
        clipping: repeated(model, original, run, clipping)
        for clipping, run in original.fine_tuning.items()
    }


def repeated(model, original, run, clipping):
    head = {name: run[f"head/{name}"] for name in ("output_weights", "output_bias")}
    trainer = Trainer(model, fine_tuning, dropping=False, clipping=clipping)
    trainer.start([original.weights | head])
    logits = np.asarray(model(original.inputs))[0]
    batch = original.inputs | {"labels": run["labels"].astype(np.int32)[None]}
    losses = curve(trainer, batch, run)
    (weights,) = get_weights(model)
    return SimpleNamespace(logits=logits, losses=losses, weights=weights)


@pytest.mark.parametrize("clipping", Clipping)
def test_fine_tuning_is_the_originals(original, fine_tuned, clipping):
    run, found = original.fine_tuning[clipping], fine_tuned[clipping]
    largest = np.abs(run["logits"]).max()
    error = np.abs(found.logits - run["logits"]).max()
    assert error < tolerance(original.config) * largest
    # What goes into the output layer comes out of a tanh, so is at most 1.
    largest = np.abs(run["final/output_weights"]).sum(axis=1).max()
    allowed = curve_tolerance(original.config, run, largest)
    assert (np.abs(found.losses - run["losses"]) <= allowed).all()
    # The records leave out one block.
    assert len(final_weights(run)) >= 25
    assert_final_weights(found.weights, run, original.config)


@pytest.mark.parametrize("clipping", Clipping)
def test_fine_tuning_ends_nearest_to_the_graph_it_clips_as(
    original, fine_tuned, clipping
):
    """The two graphs' runs differ by little, but by far more than we from either."""
    distances = {
        kind: np.sqrt(
            sum(
                np.square(fine_tuned[clipping].weights[name] - expected).sum()
                for name, expected in final_weights(run).items()
            )
        )
        for kind, run in original.fine_tuning.items()
    }
    assert min(distances, key=distances.get) is clipping
    assert 2 * min(distances.values()) < max(distances.values())


def test_first_steps_of_a_stack_are_those_of_its_trials(golden, alone):
    """Other weights, rates and seeds side by side, with dropout, as when alone."""
    shapes = {name: value.shape for name, value in golden.weights.items()}
    weights = [initial_weights(shapes, 0.1, seed) for seed in range(3)]
    rates, seeds = [1e-3, 3e-4, 1e-4], [4, 5, 6]
    together = trainer_for(golden, 3, dropping=True)
    together.start(weights)
    batch = stacked(golden.inputs, 3)
    stack = [np.asarray(together.step(whole(batch), rates, seeds, i)) for i in range(5)]
    for trial in range(3):
        alone.start([weights[trial]])
        own = [
            float(
                alone.step(whole(golden.inputs), [rates[trial]], [seeds[trial]], i)[0]
            )
            for i in range(5)
        ]
        error = np.abs(np.array(stack)[:, trial] / own - 1).max()
        assert error < tolerance(golden.config)


def test_a_trainer_restored_goes_on_bit_for_bit(golden, alone):
    def steps(trainer, first, last):
        return [
            float(trainer.step(whole(golden.inputs), [1e-3], [1], i)[0])
            for i in range(first, last)
        ]

    alone.start([golden.weights])
    steps(alone, 0, 5)
    state = alone.state()
    undisturbed = steps(alone, 5, 10)
    resumed = trainer_for(golden, dropping=True)
    resumed.restore(state)
    assert steps(resumed, 5, 10) == undisturbed
    final = alone.state()
    for name, value in resumed.state().items():
        np.testing.assert_array_equal(value, final[name])


def test_starting_anew_forgets_the_run_before(golden, alone):
    curves = []
    for _ in range(2):
        alone.start([golden.weights])
        steps = (alone.step(whole(golden.inputs), [1e-3], [1], i) for i in range(4))
        curves.append([float(losses[0]) for losses in steps])
    assert curves[0] == curves[1]
