"""Tests by reshuffling and Holm's correction keep their level.

With few values p takes few values; the largest of them up to 0.05 is then the rate at
which the test errs, exactly, whatever the distribution. Skewed values test that of two
samples, symmetric ones with heavy tails that of sign flips.
"""

import functools
import math

import numpy as np

from suite.statistics import holm, mean_difference_test, sign_flip_test
from tests.simulations.simulation import Simulation

LEVEL = 0.05


def attained(patterns: int) -> float:
    """The largest p up to the level of a two-sided test over so many patterns."""
    return math.floor(LEVEL * patterns / 2) * 2 / patterns


def simulate_sign_flips(pairs, rng, repetitions):
    values = rng.standard_t(2, (repetitions, pairs))
    return sum(sign_flip_test(own).p <= LEVEL for own in values)


def simulate_random_flips(pairs, rng, repetitions):
    values = rng.standard_t(2, (repetitions, pairs))
    return sum(sign_flip_test(own, rng).p <= LEVEL for own in values)


def simulate_two_samples(first, second, rng, repetitions):
    values = rng.exponential(size=(repetitions, first + second))
    return sum(
        mean_difference_test(own[:first], own[first:]).p <= LEVEL for own in values
    )


def simulate_holm(tests, rng, repetitions):
    p_values = rng.uniform(size=(repetitions, tests))
    return sum(bool(np.any(holm(row) <= LEVEL)) for row in p_values)


SIMULATIONS = [
    *(
        Simulation(
            "sign flips, exact",
            f"{pairs} pairs",
            attained(2**pairs),
            functools.partial(simulate_sign_flips, pairs),
            few=400,
            many=4000,
        )
        for pairs in (5, 7, 10)
    ),
    Simulation(
        "sign flips, random",
        "30 pairs",
        LEVEL,
        functools.partial(simulate_random_flips, 30),
        few=20,
        many=600,
    ),
    *(
        Simulation(
            "two samples, exact",
            f"{first} and {second}",
            attained(math.comb(first + second, first)),
            functools.partial(simulate_two_samples, first, second),
            few=200,
            many=4000,
        )
        for first, second in ((5, 5), (3, 7))
    ),
    Simulation(
        "Holm, any of all",
        "11 independent tests",
        1 - (1 - LEVEL / 11) ** 11,
        functools.partial(simulate_holm, 11),
        few=2000,
        many=20_000,
    ),
]
