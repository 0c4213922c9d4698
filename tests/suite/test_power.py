"""What would settle a cell, checked by settling it."""

import math

import pytest

from suite.power import growth_needed, what_settles
from suite.statistics import Spread

SPREAD = Spread(
    our_examples=2.0,
    our_seeds=1.0,
    published_examples=0.5,
    published_seeds=0.3,
    rounding=0.05,
)


def grown(spread: Spread, times: float) -> Spread:
    root = math.sqrt(times)
    return Spread(
        spread.our_examples / root,
        spread.our_seeds / root,
        spread.published_examples,
        spread.published_seeds,
        spread.rounding,
    )


@pytest.mark.parametrize("difference", [0.5, -0.5, 3.0, -3.0])
def test_so_much_growth_just_settles_it(difference):
    margin = 2.0
    total = grown(SPREAD, growth_needed(difference, margin, SPREAD)).total
    if abs(difference) < margin:
        assert abs(difference) + 1.6449 * total == pytest.approx(margin)
    else:
        assert 1.96 * total == pytest.approx(abs(difference))


def test_the_published_number_may_be_too_uncertain():
    assert growth_needed(0.0, 0.5, SPREAD) is None
    assert what_settles(0.0, 0.5, SPREAD).startswith("nothing of ours")


def test_words():
    assert what_settles(0.5, 2.0, SPREAD).endswith("towards reproduced")
    assert what_settles(3.0, 2.0, SPREAD).endswith("towards differs")
