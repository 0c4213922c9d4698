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
from reference.heads import classifier
from reference.variables import variable_shapes
from reference.weights import initial_weights
from suite.peer_steps import Workload, our_step

TINY = NAMED_SIZES["BERT-Tiny"]


def test_pretraining_step(benchmark):
    """BERT-Tiny, 30,522 pieces, batch 32 × 128, 20 predictions, with dropout."""
    workload = Workload("BERT-Tiny", 32, 128, predictions=20)
    benchmark.pedantic(our_step(workload), rounds=10, warmup_rounds=2)
    tokens = workload.batch * workload.length
    benchmark.extra_info.update(amount=tokens, unit="tokens")


@pytest.mark.parametrize("trials", [1, 4])
def test_finetuning(benchmark, trials):
    """BERT-Tiny on pairs of 64 pieces, batch 8: one trial, and four in a stack."""
    rng, rows = np.random.default_rng(0), 400
    ids = rng.integers(5, 4000, (rows, 64)).astype(np.int32)
    features = Features(ids, np.zeros_like(ids), np.full(rows, 64, np.int32))
    labels = rng.integers(0, 2, rows).astype(np.int32)
    data = TaskData(features, labels, {}, outputs=2)
    config = dataclasses.replace(TINY, vocab_size=4096)
    tuner = FineTuner(config, classifier(2), trials)
    shapes = variable_shapes(config, ("encoder", "pooler"))
    weights = initial_weights(shapes, 0.02, 0)
    rates, seeds = [1e-4] * trials, [1] * trials
    benchmark.pedantic(
        lambda: tuner.run(weights, data, Recipe(8, epochs=1), rates, seeds),
        rounds=3,
        warmup_rounds=1,
    )
    benchmark.extra_info.update(amount=rows * trials, unit="examples")
