"""Draws equal to those of random.Random."""

import random

import numpy as np
import pytest

from reference import fast_instances
from reference.fast_instances import WordStream
from reference.instance_kernels import below, draws_from, shuffled, uniform


@pytest.fixture(params=[64, 2**16], ids=["retried", "enough"])
def words_at_once(request, monkeypatch):
    """Few words drawn ahead, so that functions are called again; and many."""
    monkeypatch.setattr(fast_instances, "WORDS_AT_ONCE", request.param)


def drawn(words, count, limit):
    draws = draws_from(words)
    numbers = [(uniform(draws), below(draws, limit)) for _ in range(count)]
    return numbers, draws.used[0]


@pytest.mark.usefixtures("words_at_once")
@pytest.mark.parametrize("limit", [1, 2, 3, 100, 30_522, 2**31 + 1])
def test_draws_are_those_of_python(limit):
    rng = random.Random(limit)
    rng.random()  # begins in the middle of a state
    stream = WordStream(rng)
    for count in (10, 300, 1000):
        numbers = stream.run(1, drawn, count, limit)
        assert numbers == [(rng.random(), rng.randrange(limit)) for _ in range(count)]


def test_words_of_which_none_will_do_are_not_drawn_for_ever():
    """Of two bits all four are ones, and 3 is never less than 3."""
    draws = draws_from(np.full(4, 2**32 - 1, np.uint32))
    assert below(draws, 3) == 0
    assert draws.used[0] > 4  # so that it is called again with more words


@pytest.mark.usefixtures("words_at_once")
@pytest.mark.parametrize("count", [0, 1, 2, 1000])
def test_shuffles_are_those_of_python(count):
    stream, order = WordStream(random.Random(1)), list(range(count))
    random.Random(1).shuffle(order)
    assert stream.run(1, shuffled, count).tolist() == order
