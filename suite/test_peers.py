"""Speed of a training step beside transformers and KerasHub, and where its time goes.

    tox -e peers    or    pytest suite/test_peers.py --benchmark

Of each workload the ways take turns, so that what else the machine does hits all alike;
beside them runs a large matrix product, of which the utilisation is a share. A way
whose package is not installed is skipped. What all this amounts to is printed at the
end (suite/performance_report.py).
"""

import dataclasses
import importlib.util
import os
import time

import pytest

from reference.accelerator import devices
from suite.model_flops import StepShape
from suite.peer_steps import PRODUCT_SIZE, WAYS, WORKLOADS, Workload, our_step
from suite.step_process import StepProcess
from suite.step_profile import part_of, time_by_operation, time_by_part
from suite.step_rates import PRODUCT

# Everything is on this machine; nothing is to be looked up elsewhere.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

TURNS = 5
SECONDS_A_TURN = 1.0
PROFILED_STEPS, LARGEST = 5, 5


@pytest.fixture(scope="module", params=WORKLOADS, ids=str)
def workload(request) -> Workload:
    return request.param


@pytest.fixture(scope="module")
def processes(workload):
    """Way -> the process of its step, of one workload at a time."""
    started: dict[str, StepProcess] = {}
    yield started
    for process in started.values():
        process.close()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("turn", range(TURNS))
def test_step(benchmark, workload, processes, turn, way):
    """One training step of each way; its first loss shows that it is the same task."""
    about = WAYS[way]
    if not about.on_each and workload.size != "BERT-Tiny":
        pytest.skip("measured on BERT-Tiny")
    if missing := [n for n in about.packages if not importlib.util.find_spec(n)]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    if way not in processes:
        processes[way] = StepProcess(way, workload)
        if way != PRODUCT:
            assert_first_loss(processes[way].first_loss, workload, way)
    step = processes[way].step
    began = time.perf_counter()
    step()
    rounds = int(SECONDS_A_TURN / (time.perf_counter() - began))
    benchmark.pedantic(step, rounds=max(2, min(30, rounds)))
    tokens = about.trials * workload.batch * workload.length
    benchmark.extra_info.update(
        step_of=way,
        workload=str(workload),
        shape=dataclasses.asdict(workload.shape),
        trials=about.trials,
        amount=2 * PRODUCT_SIZE**3 if way == PRODUCT else tokens,
        unit="FLOP" if way == PRODUCT else "tokens",
    )


@pytest.mark.parametrize("profiled", WORKLOADS, ids=str)
def test_profile(benchmark, profiled, tmp_path):
    """The parts of a step, of the operations that a profiler saw."""
    pytest.importorskip("tensorflow", reason="its definitions read the trace")
    from suite.step_trace import trace_steps

    if devices()[0].kind != "cpu":
        pytest.skip("read from a CPU's trace only")
    step = our_step(profiled)
    for _ in range(3):
        step()
    traced = benchmark.pedantic(trace_steps, (step, PROFILED_STEPS, tmp_path), rounds=1)
    by_operation = time_by_operation(traced.events, traced.steps)
    parts = time_by_part(by_operation, traced.operations, profiled.shape)
    assert sum(parts.values()) == pytest.approx(_mean_length(traced.steps), rel=1e-6)
    benchmark.extra_info.update(
        profiled=str(profiled),
        parts={part: length / 1e9 for part, length in parts.items()},
        largest=_largest(by_operation, traced.operations, profiled.shape),
    )


def assert_first_loss(loss: float, workload: Workload, way: str) -> None:
    """Near what an untrained model must lose; another task is off by nats."""
    expected = workload.untrained_loss(next_sentence=way != "KerasHub")
    assert abs(loss - expected) < 0.5


def _mean_length(steps) -> float:
    return sum(end - begin for begin, end in steps) / len(steps)


def _largest(by_operation, operations, shape: StepShape) -> list[dict]:
    named = [(by_operation[name], name) for name in by_operation.keys() & operations]
    return [
        {
            "name": name,
            "shapes": [list(dims) for dims in operations[name].shapes],
            "part": part_of(operations[name], shape),
            "milliseconds": length / 1e9,
        }
        for length, name in sorted(named, reverse=True)[:LARGEST]
    ]
