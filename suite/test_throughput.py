"""Throughput of training on this machine: `pytest suite/ --benchmark`.

Inputs are of the published shapes. Each rate is a median; what it is measured on is in
the benchmark's machine info.
"""

import dataclasses

import numpy as np
import pytest

from reference.configuration import NAMED_SIZES
from reference.features import Features
from reference.finetuning import FineTuner, Recipe, TaskData
from reference.heads import PreTrainingModel, pre_training_losses
from reference.training import Trainer, whole_batch
from reference.weights import initial_weights, weight_shapes

TINY = NAMED_SIZES["BERT-Tiny"]


def test_pretraining_step(benchmark):
    """BERT-Tiny, 30,522 pieces, batch 32 × 128, 20 predictions, with dropout."""
    rng = np.random.default_rng(0)
    batch, length, predictions = 32, 128, 20
    shape, masked = (1, batch, length), (1, batch, predictions)
    inputs = {
        "input_ids": rng.integers(5, TINY.vocab_size, shape).astype(np.int32),
        "input_mask": np.ones(shape, np.int32),
        "segment_ids": np.zeros(shape, np.int32),
        "masked_lm_positions": rng.integers(1, length, masked).astype(np.int32),
        "masked_lm_ids": rng.integers(5, TINY.vocab_size, masked).astype(np.int32),
        "masked_lm_weights": np.ones(masked, np.float32),
        "next_sentence_labels": rng.integers(0, 2, (1, batch)).astype(np.int32),
    }
    model = PreTrainingModel(TINY)
    model(inputs)
    trainer = Trainer(
        model, lambda model, batch, mask: sum(_losses(model, batch, mask))
    )
    trainer.start([initial_weights(weight_shapes(model), 0.02, 0)])
    benchmark.pedantic(
        lambda: trainer.step(whole_batch(inputs, 1, batch), [1e-4], [0], 1),
        rounds=10,
        warmup_rounds=2,
    )
    benchmark.extra_info.update(amount=batch * length, unit="tokens")


@pytest.mark.parametrize("trials", [1, 4])
def test_finetuning(benchmark, trials):
    """BERT-Tiny on pairs of 64 pieces, batch 8: one trial, and four in a stack."""
    rng, rows = np.random.default_rng(0), 400
    ids = rng.integers(5, 4000, (rows, 64)).astype(np.int32)
    features = Features(ids, np.zeros_like(ids), np.full(rows, 64, np.int32))
    labels = rng.integers(0, 2, rows).astype(np.int32)
    data = TaskData(features, labels, {}, outputs=2)
    config = dataclasses.replace(TINY, vocab_size=4096)
    tuner = FineTuner(config, 2, trials)
    weights = initial_weights(weight_shapes(tuner.model), 0.02, 0)
    rates, seeds = [1e-4] * trials, [1] * trials
    benchmark.pedantic(
        lambda: tuner.run(weights, data, Recipe(8, epochs=1), rates, seeds),
        rounds=3,
        warmup_rounds=1,
    )
    benchmark.extra_info.update(amount=rows * trials, unit="examples")


def _losses(model, batch, mask):
    return pre_training_losses(model(batch, dropout=mask), batch)
