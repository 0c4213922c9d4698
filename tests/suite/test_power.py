"""What would settle a cell, checked by settling it; what pairs can see, by trying."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from suite.power import (
    Comparison,
    chance_to_see,
    examples_needed,
    growth_needed,
    seeds_needed,
    smallest_effect,
    what_settles,
)
from suite.statistics import Spread

SPREAD = Spread(
    our_examples=2.0,
    our_seeds=1.0,
    published_examples=0.5,
    published_seeds=0.3,
    rounding=0.05,
)
TOWARDS = "towards reproduced, if the difference stays"
CLOSE = Comparison(0.5, 4.0, SPREAD, selection=0.5)
FAR = Comparison(-4.0, 3.0, SPREAD, selection=0.5)


def grown(one: Comparison, seeds: float = 1.0, examples: float = 1.0) -> Comparison:
    """With so many times our seeds and examples."""
    fewer = replace(
        one.spread,
        our_seeds=one.spread.our_seeds / math.sqrt(seeds),
        our_examples=one.spread.our_examples / math.sqrt(examples),
    )
    return replace(one, spread=fewer, selection=one.selection / math.sqrt(examples))


def settled_by(one: Comparison) -> tuple[float, float]:
    """Two numbers that are equal where the comparison is just settled."""
    total = math.hypot(one.spread.total, one.selection)
    gap = abs(one.difference)
    if gap < one.margin:
        return gap + stats.norm.ppf(0.95) * total, one.margin
    return stats.norm.ppf(1 - 0.025 / one.tests) * total, gap


@pytest.mark.parametrize("one", [CLOSE, FAR, replace(FAR, difference=-4.6, tests=6)])
def test_so_much_just_settles_it(one):
    reached, wanted = settled_by(one)
    assert reached > wanted, "settled already: the test would show nothing"
    times = growth_needed(one)
    ways = [
        grown(one, times, times),
        grown(one, examples=examples_needed(one)),
    ]
    for way in ways:
        reached, wanted = settled_by(way)
        assert reached == pytest.approx(wanted)


def test_seeds_alone_may_be_enough_or_not():
    noisy = replace(CLOSE, spread=replace(SPREAD, our_seeds=3.0, our_examples=1.0))
    reached, wanted = settled_by(grown(noisy, seeds=seeds_needed(noisy)))
    assert reached == pytest.approx(wanted)
    assert seeds_needed(CLOSE) is None  # the examples alone allow too little
    assert "examples" in what_settles(CLOSE, 1, 100)
    assert "seed" not in what_settles(CLOSE, 1, 100)


def test_more_cells_ask_for_more_to_differ_and_not_to_agree():
    assert growth_needed(replace(FAR, tests=6)) > growth_needed(FAR)
    assert growth_needed(replace(CLOSE, tests=6)) == growth_needed(CLOSE)


def test_the_published_number_may_be_too_uncertain():
    one = Comparison(0.0, 0.5, SPREAD)
    assert growth_needed(one) is None
    assert seeds_needed(one) is None
    assert examples_needed(one) is None
    # 1.645 times the root of 0.5² + 0.3² + 0.05²/3.
    said = (
        "a difference beyond ±4.8 would differ; reproduced is out of reach: the "
        "published number alone is uncertain by ±1.0, more than the margin"
    )
    assert what_settles(replace(one, needed=4.71)) == said


def test_the_difference_may_be_too_near_the_margin():
    """Of that published number a smaller one could be shown, with enough of ours."""
    one = Comparison(1.2, 1.5, SPREAD, needed=4.0)
    assert growth_needed(one) is None
    assert what_settles(one).endswith(
        "would differ; with seeds and examples without end one within ±0.5 would be "
        "reproduced"
    )
    # 1.5 - 0.96 is 0.54: there it is settled by enough of ours, and beyond it is not.
    assert growth_needed(replace(one, difference=0.53)) is not None
    assert growth_needed(replace(one, difference=0.55)) is None


def test_without_end_there_is_no_doubt_about_the_seeds_spread():
    """Of few seeds, too, what could be shown is what many of them would show."""
    one = Comparison(1.2, 1.5, SPREAD, needed=4.0)
    few = replace(one, spread=replace(SPREAD, seed_freedom=3))
    assert what_settles(few) == what_settles(one)
    near = replace(few, difference=0.0, margin=0.5)
    assert "the published number alone is uncertain by ±1.0" in what_settles(near)


def test_words_are_totals_where_they_are_known():
    noisy = replace(CLOSE, spread=replace(SPREAD, our_seeds=3.0, our_examples=1.0))
    seeds = math.ceil(5 * seeds_needed(noisy))
    on = f"the grid on about {seeds} seeds instead of 5"
    assert what_settles(noisy, 5, 277) == f"{on}, {TOWARDS}"
    times = seeds_needed(noisy)
    assert what_settles(noisy) == f"about {times:.1f} times our seeds, {TOWARDS}"
    both = replace(CLOSE, spread=replace(SPREAD, our_seeds=1.7, our_examples=1.7))
    both = replace(both, selection=0.0, margin=2.0)
    assert seeds_needed(both) is None
    assert examples_needed(both) is None
    assert 10 < growth_needed(both) < 12.5
    said = f"{growth_needed(both):.0f} times our examples and seeds, neither alone"
    assert what_settles(both) == f"about {said}, {TOWARDS}"


def test_seeds_that_are_hardly_known_want_more_fresh_ones():
    """Two fresh seeds: Student's t of one degree of freedom."""
    few = Spread(0.3, 0.3, 0.3, 0.3, 0.05, seed_freedom=1)
    one = Comparison(0.0, 1.5, few)
    assert growth_needed(one) is None
    said = what_settles(one, 1, 277)
    assert said.startswith(
        "more fresh seeds, towards reproduced, if their spread stays"
    )
    assert "known to 1 degree of freedom only" in said
    assert what_settles(replace(one, spread=replace(few, seed_freedom=50))) == (
        "little: it is on the edge of reproduced"
    )


def test_either_alone():
    either = replace(CLOSE, spread=replace(SPREAD, our_seeds=1.7, our_examples=1.7))
    said = what_settles(either, 1, 1000)
    assert " seeds instead of 1 or " in said
    assert said.endswith(f" examples instead of 1,000, {TOWARDS}")


def test_what_is_settled_but_for_chance_is_on_the_edge():
    sure = replace(CLOSE, spread=Spread(0.1, 0.1, 0.1, 0.1, 0.05), selection=0.0)
    assert what_settles(sure) == "little: it is on the edge of reproduced"


@pytest.mark.parametrize("pairs", [2, 3, 6, 10])
@pytest.mark.parametrize("effect", [None, 0.5, 3.0])
def test_an_effect_is_seen_as_often_as_is_said(pairs, effect):
    """A t test of so many normal differences, tried 20,000 times."""
    tries, error = 20_000, 2.0 / math.sqrt(pairs)
    if effect is None:
        effect, said = smallest_effect(error, pairs - 1), 0.8
    else:
        said = chance_to_see(effect, error, pairs - 1)
    rng = np.random.default_rng(pairs)
    drawn = rng.normal(effect, 2.0, (tries, pairs))
    found = stats.ttest_1samp(drawn, 0.0, axis=1)
    seen = np.sum((found.pvalue <= 0.05) & (found.statistic > 0))
    low, high = stats.binom.interval(1 - 1e-4, tries, said)
    assert low <= seen <= high


@pytest.mark.parametrize("pairs", [2, 4, 6])
@pytest.mark.parametrize("examples", [0.5, 2.0])
def test_examples_as_students_t_are_rather_too_cautious(pairs, examples):
    """The effect said to be seen four times in five is seen so by the interval that
    adds examples (normal) and pairs (Student's t), or more often."""
    tries, rng = 2000, np.random.default_rng(pairs)
    of_pairs = 1.0 / math.sqrt(pairs)
    effect = smallest_effect(math.hypot(of_pairs, examples), pairs - 1)
    drawn = rng.normal(effect, 1.0, (tries, pairs)) + rng.normal(
        0, examples, (tries, 1)
    )
    means, errors = drawn.mean(axis=1), stats.sem(drawn, axis=1)
    normal, t = rng.normal(size=10_000), rng.standard_t(pairs - 1, 10_000)
    tried = np.linspace(0, errors.max(), 50)
    halves = [np.quantile(np.abs(examples * normal + one * t), 0.95) for one in tried]
    seen = np.sum(means > np.interp(errors, tried, halves))
    assert seen >= stats.binom.ppf(1e-4, tries, 0.8)


def test_power_at_the_ends():
    assert smallest_effect(0.0, 2) == 0.0
    assert chance_to_see(0.0, 0.0, 2) == 0.0
    assert chance_to_see(-0.1, 0.0, 2) == 1.0
    assert chance_to_see(-0.1, 1.0, 2) == chance_to_see(0.1, 1.0, 2)
    assert chance_to_see(0.0, 1.0, 5) == pytest.approx(0.025)
    # A known error: the effect is 1.96 + 0.84 of it.
    seen = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert smallest_effect(3.0, math.inf) == pytest.approx(3 * seen)
