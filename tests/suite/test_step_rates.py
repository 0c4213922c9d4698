"""Speeds, ratios and utilisation from made-up benchmarks."""

import dataclasses
import math

import pytest

from suite.model_flops import StepShape, training_flops
from suite.step_rates import PRODUCT, products, profiles, step_rates

SHAPE = StepShape(2, 4, 8, 7, batch=2, length=5, predictions=1)
WORK = training_flops(SHAPE)


def turn(way, seconds, workload="Tiny", trials=1, amount=10) -> dict:
    about = {
        "step_of": way,
        "workload": workload,
        "shape": dataclasses.asdict(SHAPE),
        "trials": trials,
        "amount": amount,
    }
    return {"extra_info": about, "stats": {"median": seconds}}


BENCHMARKS = [
    *(turn(PRODUCT, seconds, amount=WORK) for seconds in (0.05, 0.1, 9.0)),
    *(turn("ours", seconds) for seconds in (0.2, 0.9, 0.4)),
    *(turn("ours × 4", seconds, trials=4) for seconds in (0.4, 0.4, 0.8)),
    turn("KerasHub", 0.6),
    turn("KerasHub", 0.5, workload="Mini"),
    {"extra_info": {"amount": 3, "unit": "examples"}, "stats": {"median": 1.0}},
    {"extra_info": {"profiled": "Tiny", "parts": {"a": 1.0}}, "stats": {"median": 1.0}},
]


def row(workload, way):
    frame = step_rates(BENCHMARKS).set_index(["workload", "way"])
    return frame.loc[workload, way]


def test_ours():
    """The median turn; as much work a step as a product takes a quarter as long."""
    found = row("Tiny", "ours")
    assert found["milliseconds"] == pytest.approx(400)
    assert (found["fastest"], found["slowest"]) == pytest.approx((200, 900))
    assert found["tokens"] == pytest.approx(2 * 5 / 0.4)
    assert found["ratio"] == 1.0
    assert found["utilisation"] == pytest.approx(0.1 / 0.4)


def test_a_stack_counts_by_trial():
    found = row("Tiny", "ours × 4")
    assert found["milliseconds"] == pytest.approx(100)
    assert found["ratio"] == pytest.approx(0.25)
    assert found["tokens"] == pytest.approx(4 * 2 * 5 / 0.4)


def test_a_peer_that_takes_longer_has_a_ratio_above_one():
    assert row("Tiny", "KerasHub")["ratio"] == pytest.approx(1.5)


def test_what_was_not_measured_beside_it_is_not_a_number():
    found = row("Mini", "KerasHub")
    assert math.isnan(found["ratio"])
    assert math.isnan(found["utilisation"])


def test_the_rest_of_a_record():
    assert products(BENCHMARKS) == pytest.approx([WORK / 0.05, WORK / 0.1, WORK / 9])
    assert profiles(BENCHMARKS) == {"Tiny": {"profiled": "Tiny", "parts": {"a": 1.0}}}
    assert step_rates([]).empty
    assert step_rates(BENCHMARKS[-2:]).empty
