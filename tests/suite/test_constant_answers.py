"""What an answer scores without looking, and what is better than it."""

import numpy as np
import pytest

from suite.constant_answers import (
    above_constant,
    constant_scores,
)
from suite.metrics import scores
from suite.tasks import TASKS


def test_the_class_that_suits_each_metric():
    labels = np.array([1] * 7 + [0] * 3)
    found = constant_scores(TASKS["MRPC"], labels)
    both = {"accuracy": 0.7, "f1": 2 * 0.7 / 1.7}
    assert found == pytest.approx(both | {"main": sum(both.values()) / 2})
    few = constant_scores(TASKS["MRPC"], 1 - labels)
    # The main score is the mean of one answer's two, never of two answers' best.
    f1 = 2 * 0.3 / 1.3
    assert few == pytest.approx({"accuracy": 0.7, "f1": f1, "main": (0.3 + f1) / 2})
    assert constant_scores(TASKS["CoLA"], labels) == {"matthews": 0, "main": 0}
    assert set(constant_scores(TASKS["STS-B"], labels / 2).values()) == {0}


@pytest.mark.parametrize("name", ["RTE", "CoLA", "STS-B"])
def test_what_knows_nothing_is_above_it_once_in_forty(name):
    """Right by chance only: the upper half of a 95 % interval's misses, of 200 tries.

    Fewer are above where always the commoner class scores more than guessing.
    """
    task, tries, above = TASKS[name], 200, 0
    rng = np.random.default_rng(0)
    for _ in range(tries):
        labels = rng.integers(0, len(task.labels or "01"), 100)
        predictions = rng.permuted(labels)[None, None]
        above += above_constant(task, predictions, labels, rng)[task.metrics[0]]
    assert above <= 16  # a binomial of 200 and 0.025 exceeds it once in 10,000


def test_what_knows_something_is_above_it():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 400)
    predictions = np.where(rng.random((1, 3, 400)) < 0.7, labels, 1 - labels)
    assert above_constant(TASKS["RTE"], predictions, labels, rng) == {"accuracy": True}


def test_the_constant_is_as_uncertain_as_the_model():
    """A dev set like RTE's, ours a little better than the commoner class."""
    labels = np.array([0] * 146 + [1] * 131)
    predictions = np.zeros((1, 277), int)
    predictions[0, 146 - 60 : 146] = 1  # wrong on 60 that the constant has right
    predictions[0, 146 : 146 + 77] = 1  # right on 77 that it has wrong
    ours = scores(TASKS["RTE"], predictions[0], labels)["accuracy"]
    assert ours - constant_scores(TASKS["RTE"], labels)["accuracy"] > 0.06
    rng = np.random.default_rng(0)
    # They disagree on 137 examples, 77 to 60: a sign test's p is 0.17.
    found = above_constant(TASKS["RTE"], predictions[None], labels, rng)
    assert found == {"accuracy": False}


def test_one_lucky_halving_is_not_enough():
    """Of ten ways to halve dev the first alone is far above it."""
    labels = np.array([0, 1] * 200)
    rng = np.random.default_rng(0)
    right = rng.random((10, 1, 400)) < np.array([0.7] + [0.5] * 9)[:, None, None]
    predictions = np.where(right, labels, 1 - labels)
    for ways, above in ((predictions[:1], True), (predictions, False)):
        assert above_constant(TASKS["RTE"], ways, labels, rng) == {"accuracy": above}
