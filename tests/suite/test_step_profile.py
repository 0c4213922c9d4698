"""Made-up traces: every moment has its operation, and the parts add up to the step."""

import random

import pytest

from suite import step_profile
from suite.model_flops import StepShape
from suite.step_profile import (
    OUTSIDE,
    PARTS,
    WAITING,
    Event,
    Operation,
    part_of,
    time_by_operation,
    time_by_part,
)

TINY = StepShape(2, 128, 512, 30522, batch=32, length=128, predictions=20)


def operation(opcodes: str, *shapes, scope: str = "") -> Operation:
    return Operation(frozenset(opcodes.split()), shapes, scope)


# What XLA makes of BERT-Tiny, on TensorFlow and on JAX.
TOLD_APART = {
    "LOOK_UP": [
        operation("fusion gather", (4096, 1, 128), (1, 32, 128), (1, 30522, 128)),
        operation("fusion broadcast", (30522, 128), (), scope="bert/embeddings/take"),
    ],
    "WORD_UPDATE": [
        operation("fusion multiply", (1, 30522, 128), (1, 30522, 128)),
        operation("fusion reduce-window", (1, 954, 4), (1, 30522, 128)),
    ],
    "OTHER_UPDATE": [operation("fusion multiply", (1, 128, 512), (1, 128, 512))],
    "ENCODER_PRODUCTS": [
        operation("dot", (4096, 512), (4096, 128), (128, 512)),
        operation("fusion dot", (128, 512), (4096, 128), (4096, 512)),
    ],
    "VOCABULARY_PRODUCTS": [
        operation("dot", (640, 30522), (640, 128), (128, 30522)),
        operation("fusion copy", (128, 30522), (1, 30522, 128), scope="predictions/T"),
    ],
    "VOCABULARY_LOSS": [
        operation("fusion exponential", (1, 32, 20, 30522), (640, 30522)),
        operation("fusion reduce", (1, 30522), (1, 32, 20, 30522)),
    ],
    "ATTENTION_PRODUCTS": [
        operation("dot", (32, 2, 128, 128), (32, 2, 128, 64), (32, 2, 64, 128)),
    ],
    "ATTENTION_REST": [
        operation("fusion divide", (1, 32, 2, 128, 128), (1, 32, 2, 128)),
    ],
    "ELEMENT_WISE": [
        operation("fusion tanh", (1, 4096, 512), (1, 512), (4096, 512)),
        operation("fusion reduce", (1, 128), (1, 4096, 128)),
        operation("fusion gather", (640, 128), (1, 32, 20), (1, 4096, 128)),
    ],
}


@pytest.mark.parametrize("part", TOLD_APART)
def test_operations_are_told_apart_by_shape(part):
    for one in TOLD_APART[part]:
        assert part_of(one, TINY) == getattr(step_profile, part)


def test_one_thread():
    events = [Event(0, 2, 5, "a"), Event(0, 6, 7, "b")]
    found = time_by_operation(events, [(0, 10)])
    assert found == {OUTSIDE: 5.0, "a": 3.0, WAITING: 1.0, "b": 1.0}


def test_threads_share_a_moment_and_the_inner_operation_has_it():
    events = [
        Event(0, 0, 8, "loop"),
        Event(0, 2, 4, "body"),
        Event(1, 3, 6, "other"),
        Event(1, 6, 6, "empty"),
    ]
    found = time_by_operation(events, [(0, 8)])
    # loop: 0 to 2, half of 4 to 6, 6 to 8; body: 2 to 3, half of 3 to 4.
    assert found == {OUTSIDE: 0.0, "loop": 5.0, "body": 1.5, "other": 1.5}


def test_the_mean_over_steps_without_what_is_between_them():
    events = [Event(0, 0, 4, "a"), Event(0, 5, 9, "a"), Event(0, 10, 16, "a")]
    found = time_by_operation(events, [(0, 4), (10, 16)])
    assert found == {OUTSIDE: 0.0, "a": 5.0}


def test_a_step_without_operations_is_outside():
    assert time_by_operation([], [(0, 7)]) == {OUTSIDE: 7.0}


@pytest.mark.parametrize("seed", range(100))
def test_the_parts_add_up_to_the_step(seed):
    rng = random.Random(seed)
    names = {
        f"{part}-{n}": one
        for part in TOLD_APART
        for n, one in enumerate(TOLD_APART[part])
    }
    events = []
    for thread in range(3):
        now = rng.randrange(20)
        while now < 100:
            end = now + rng.randrange(9)
            events.append(Event(thread, now, end, rng.choice(list(names))))
            now = end + rng.randrange(5)
    # Operations that end after their step are cut off.
    found = time_by_operation(events, [(0, 100)])
    parts = time_by_part(found, names, TINY)
    assert sum(parts.values()) == pytest.approx(100.0)
    assert list(parts) == [part for part in PARTS if part in parts]
