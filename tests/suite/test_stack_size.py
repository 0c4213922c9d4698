"""How many trials are stacked: decided from times that are made up here."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from suite.jobs import Event
from suite.plan import BATCH_SIZES, Grid
from suite.sources import entries
from suite.stack_size import ON_A_CPU, fastest, measured
from suite.trials import device_kind, seconds_per_step


def constant_step(trials: int) -> float:
    """An idle accelerator: a step costs the same however many trials are in it."""
    return 0.01


def saturated_at(full: int):
    return lambda trials: 0.01 * max(1.0, trials / full)


def short_of_memory_beyond(limit: int):
    return lambda trials: 0.01 if trials <= limit else None


@pytest.mark.parametrize(
    ("seconds", "most", "expected"),
    [
        (constant_step, 20, 20),
        (constant_step, 4, 4),
        (constant_step, 1, 1),
        (saturated_at(1), 20, 1),
        (saturated_at(8), 20, 8),
        (short_of_memory_beyond(8), 20, 8),
        (short_of_memory_beyond(5), 20, 4),
        (short_of_memory_beyond(0), 20, 1),
        (lambda trials: 0.01 * trials**0.9, 20, 1),  # 7 % a doubling is not worth it
        (lambda trials: 0.01 * trials**0.8, 16, 16),  # 13 % is
    ],
)
def test_doubled_while_it_pays(seconds, most, expected):
    assert fastest(seconds, most) == expected


def test_no_more_is_tried_than_pays():
    tried = []

    def seconds(trials):
        tried.append(trials)
        return saturated_at(4)(trials)

    assert fastest(seconds, 20) == 4
    assert tried == [1, 2, 4, 8]


class Device:
    """Stands for an executor whose workers have this kind of device."""

    def __init__(self, kind: str, seconds=constant_step, fate: str = "done"):
        self.kind, self.seconds, self.fate = kind, seconds, fate
        self.tried: list[int] = []

    def run(self, jobs) -> Iterator[Event]:
        (job,) = jobs
        if job.function is device_kind:
            yield Event("done", job, self.kind)
            return
        assert job.function is seconds_per_step
        (stack,) = job.arguments
        self.tried.append(len(stack.trials))
        found = self.seconds(len(stack.trials))
        if found is None:
            yield Event("failed", job, "ResourceExhaustedError", short_of_memory=True)
        else:
            yield Event(self.fate, job, found)


@pytest.fixture
def both(miniature):
    """An entry of each of two tasks."""
    found = entries([miniature.checkpoint], miniature.glue)
    return [replace(entry, train_rows=max(BATCH_SIZES)) for entry in found]


def test_a_processor_is_not_measured(both):
    device = Device("cpu")
    assert measured(device, Grid())(both[0], 8, 20) == ON_A_CPU == 4
    assert device.tried == []


def test_an_accelerator_is_measured_once_for_a_batch_size(both):
    device = Device("gpu", short_of_memory_beyond(8))
    size = measured(device, Grid(seeds=(1, 2, 3, 4, 5)))
    assert size(both[0], 8, 20) == 8
    assert device.tried == [1, 2, 4, 8, 16]
    assert size(both[1], 8, 4) == 8
    assert len(device.tried) == 5
    assert size(both[0], 128, 20) == 8
    assert len(device.tried) == 10


def test_an_error_that_is_not_of_memory_is_not_hidden(both):
    device = Device("gpu", lambda trials: "Traceback …\nKeyError: 'x'", "failed")
    with pytest.raises(RuntimeError, match="measuring a step failed: KeyError: 'x'"):
        measured(device, Grid())(both[0], 8, 20)
