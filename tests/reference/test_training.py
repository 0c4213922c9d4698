"""Training steps against the original's curves; stacks against trials alone."""

from pathlib import Path

import numpy as np
import pytest

from reference.heads import (
    FineTuningModel,
    PreTrainingModel,
    fine_tuning_losses,
    pre_training_losses,
)
from reference.optimization import learning_rate_factor
from reference.training import Trainer, whole_batch
from reference.weights import get_weights, initial_weights
from tests.reference.float32 import tolerance

pytestmark = pytest.mark.backend

FINE_TUNING = Path(__file__).resolve().parent.parent / "data" / "finetune_small"


def pre_training(model, batch, dropout):
    return sum(pre_training_losses(model(batch, dropout=dropout), batch))


def whole(batch):
    return whole_batch(batch, *batch["input_ids"].shape[:2])


def stacked(inputs, trials):
    return {name: np.repeat(value, trials, axis=0) for name, value in inputs.items()}


def trainer_for(golden, trials=1, dropping=False):
    model = PreTrainingModel(golden.config, trials)
    model(stacked(golden.inputs, trials))
    return Trainer(model, pre_training, dropping)


def curve(trainer, batch, recorded) -> list[np.ndarray]:
    """Losses with the recorded run's schedule, which began at step 1 (ORIGIN.md)."""
    trials = trainer.model.trials
    total, warmup = int(recorded["num_train_steps"]), int(recorded["num_warmup_steps"])
    losses = []
    for step in range(1, total + 1):
        factor = learning_rate_factor(step, total, warmup)
        rates = np.full(trials, float(recorded["learning_rate"]) * factor)
        losses.append(np.asarray(trainer.step(whole(batch), rates, [0] * trials, step)))
    return losses


def assert_final_weights(model, recorded, config):
    """Each step may round differently, by the update (about the rate) times a pass."""
    rate, steps = float(recorded["learning_rate"]), int(recorded["num_train_steps"])
    allowed = rate * steps * tolerance(config)
    for name, value in get_weights(model)[0].items():
        expected = recorded.get(f"final/{name}")
        if expected is None:
            expected = recorded[f"final/head/{name}"]
        assert np.abs(value - expected).max() < allowed, name


def test_pre_training_curve_is_the_originals(golden):
    trainer = trainer_for(golden)
    trainer.start([golden.weights])
    losses = curve(trainer, golden.inputs, golden.training)
    expected = golden.training["losses"]
    assert np.abs(np.ravel(losses) / expected - 1).max() < tolerance(golden.config)
    assert_final_weights(trainer.model, golden.training, golden.config)


def test_fine_tuning_curve_is_the_originals(golden):
    recorded = dict(np.load(FINE_TUNING / "one_hot.npz"))
    model = FineTuningModel(golden.config, 3)
    model(golden.inputs)
    head = {
        "output_weights": recorded["head/output_weights"],
        "output_bias": recorded["head/output_bias"],
    }
    trainer = Trainer(
        model,
        lambda model, batch, _: fine_tuning_losses(model(batch), batch["labels"]),
        dropping=False,
    )
    trainer.start([golden.weights | head])
    logits = np.asarray(model(golden.inputs))[0]
    error = np.abs(logits - recorded["logits"]).max() / np.abs(recorded["logits"]).max()
    assert error < tolerance(golden.config)
    batch = golden.inputs | {"labels": recorded["labels"].astype(np.int32)[None]}
    losses = np.ravel(curve(trainer, batch, recorded))
    assert np.abs(losses / recorded["losses"] - 1).max() < tolerance(golden.config)


def test_first_steps_of_a_stack_are_those_of_its_trials(golden):
    """Other weights, rates and seeds side by side, with dropout, as when alone."""
    shapes = {name: value.shape for name, value in golden.weights.items()}
    weights = [initial_weights(shapes, 0.1, seed) for seed in range(3)]
    rates, seeds = [1e-3, 3e-4, 1e-4], [4, 5, 6]
    together = trainer_for(golden, 3, dropping=True)
    together.start(weights)
    batch = stacked(golden.inputs, 3)
    stack = [np.asarray(together.step(whole(batch), rates, seeds, i)) for i in range(5)]
    alone = trainer_for(golden, dropping=True)
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


def test_a_trainer_restored_goes_on_bit_for_bit(golden):
    def steps(trainer, first, last):
        return [
            float(trainer.step(whole(golden.inputs), [1e-3], [1], i)[0])
            for i in range(first, last)
        ]

    trainer = trainer_for(golden, dropping=True)
    trainer.start([golden.weights])
    steps(trainer, 0, 5)
    state = trainer.state()
    undisturbed = steps(trainer, 5, 10)
    resumed = trainer_for(golden, dropping=True)
    resumed.restore(state)
    assert steps(resumed, 5, 10) == undisturbed
    final = trainer.state()
    for name, value in resumed.state().items():
        np.testing.assert_array_equal(value, final[name])


def test_starting_anew_forgets_the_run_before(golden):
    trainer = trainer_for(golden, dropping=True)
    curves = []
    for _ in range(2):
        trainer.start([golden.weights])
        steps = (trainer.step(whole(golden.inputs), [1e-3], [1], i) for i in range(4))
        curves.append([float(losses[0]) for losses in steps])
    assert curves[0] == curves[1]
