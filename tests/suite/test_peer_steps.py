"""Our steps as they are measured and profiled, at a small size, and their process."""

import importlib.util

import pytest

from suite.peer_steps import PRODUCT_SIZE, WAYS, Workload, our_step, random_batch
from suite.step_process import StepProcess
from suite.step_profile import (
    VOCABULARY_PRODUCTS,
    WORD_UPDATE,
    time_by_operation,
    time_by_part,
)
from suite.step_rates import PRODUCT
from suite.step_trace import trace_steps

SMALL = Workload("BERT-Tiny", batch=3, length=16, predictions=2)


def test_a_batch_is_what_its_workload_says():
    found = random_batch(SMALL)
    assert found["input_ids"].shape == (3, 16)
    assert found["masked_lm_positions"].shape == (3, 2)
    assert all(len(set(row)) == 2 for row in found["masked_lm_positions"].tolist())
    assert "masked_lm_ids" not in random_batch(Workload("BERT-Tiny", 3, 16))


def test_our_step_trains_and_its_trace_adds_up(tmp_path):
    """The first loss is an untrained model's; then it falls on the one batch."""
    step = our_step(SMALL, trials=1)
    losses = [step() for _ in range(5)]
    assert losses[0] == pytest.approx(SMALL.untrained_loss(), abs=0.5)
    assert losses[-1] < losses[0]
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow's definitions read the trace")
    traced = trace_steps(step, 2, tmp_path)
    assert len(traced.steps) == 2
    assert {event.name for event in traced.events} <= set(traced.operations)
    by_operation = time_by_operation(traced.events, traced.steps)
    parts = time_by_part(by_operation, traced.operations, SMALL.shape)
    mean = sum(end - begin for begin, end in traced.steps) / 2
    assert sum(parts.values()) == pytest.approx(mean)
    assert {VOCABULARY_PRODUCTS, WORD_UPDATE} <= set(parts)


def test_a_process_that_fails_says_so():
    with pytest.raises(RuntimeError, match="ended with 1"):
        StepProcess("nobody's", SMALL)


@pytest.mark.slow
def test_a_process_makes_steps_on_demand():
    process = StepProcess(PRODUCT, SMALL)
    # The largest of so many sums of squares: at the least, of one row.
    assert process.first_loss > PRODUCT_SIZE / 2
    assert process.step() == process.first_loss
    process.close()
    assert not process._process.is_alive()


def test_every_way_that_is_no_package_of_ours_names_its_own():
    needed = {name: way.packages for name, way in WAYS.items()}
    assert needed["KerasHub"] == ("keras_hub",)
    assert needed["transformers"] == needed["transformers, compiled"]
    assert not any(needed[name] for name in needed if name.startswith("ours"))
