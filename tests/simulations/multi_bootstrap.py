"""Coverage over seeds × examples: the multi-bootstrap, and Student's t for few seeds.

Two errors of the multi-bootstrap work against each other. What is chance of a single
seed and example together is counted with the seeds and with the examples: too wide,
where there is much of it. The spread of few seeds is too small and not normal: too
narrow, where seeds differ much; those rows stand here to show by how much.
"""

import functools

import numpy as np

from suite.metrics import accuracy
from suite.statistics import (
    bootstrap_draws,
    few_seeds_draws,
    interval,
    multi_bootstrap_differences,
    multi_bootstrap_draws,
)
from suite.tasks import TASKS
from tests.simulations.populations import Trainings
from tests.simulations.simulation import Simulation

TASK, EXAMPLES, RESAMPLES = TASKS["RTE"], 277, 1000
LABELS = np.zeros(EXAMPLES, int)
# Two points of accuracy; 277 examples have 2.6 at 0.76.
POPULATION = Trainings(seed_effect=0.1, levels=(1.0, 1.1))
# Seeds alone: examples hardly differ between sides, seeds very much.
SEEDS_ALONE = Trainings(seed_effect=0.5, levels=(1.0, 1.0), shared=0.0)


def simulate_one_side(population, seeds, rng, repetitions):
    truth, misses = population.truth[0], 0
    for _ in range(repetitions):
        own, _ = population.draw(rng, seeds, EXAMPLES)
        draws = multi_bootstrap_draws(TASK, own, LABELS, rng, RESAMPLES)
        low, high = interval(draws)
        misses += not low <= truth <= high
    return misses


def simulate_difference(population, seeds, paired, rng, repetitions):
    truth, misses = np.diff(population.truth), 0
    for _ in range(repetitions):
        sides = population.draw(rng, seeds, EXAMPLES)
        low, high = interval(
            multi_bootstrap_differences(TASK, sides, LABELS, rng, RESAMPLES, paired)
        )
        misses += not low <= truth <= high
    return misses


def simulate_few_seeds(population, seeds, rng, repetitions):
    """Student's t over paired differences, and the examples resampled."""
    truth, misses = np.diff(population.truth), 0
    for _ in range(repetitions):
        first, second = population.draw(rng, seeds, EXAMPLES)
        by_example = (first - second).mean(axis=0)  # of 0 and 1 = wrong
        drawn = bootstrap_draws(
            lambda weights, own=by_example: weights @ own / EXAMPLES,
            EXAMPLES,
            rng,
            RESAMPLES,
        )
        by_seed = accuracy(second, LABELS) - accuracy(first, LABELS)
        low, high = interval(few_seeds_draws(drawn, by_seed, rng))
        misses += not low <= truth <= high
    return misses


def simulations(procedure, simulate, cases):
    for (setting, *case), expected in cases:
        misses = functools.partial(simulate, *case)
        yield Simulation(procedure, setting, 0.05, misses, expected, 30, 1000)


WIDE = ("holds", "less often")
NARROW = ("more often",)
UNPAIRED = Trainings(seed_effect=0.1, levels=(1.0, 1.1), shared=0.0)
SIMULATIONS = [
    *simulations(
        "multi-bootstrap, one side",
        simulate_one_side,
        [
            (("2 seeds", POPULATION, 2), WIDE),
            (("5 seeds", POPULATION, 5), WIDE),
            (("20 seeds", POPULATION, 20), WIDE),
        ],
    ),
    *simulations(
        "multi-bootstrap, paired",
        simulate_difference,
        [
            (("2 seeds", POPULATION, 2, True), WIDE),
            (("4 seeds", POPULATION, 4, True), WIDE),
            (("8 seeds", POPULATION, 8, True), WIDE),
            (("20 seeds", POPULATION, 20, True), WIDE),
            (("2 seeds that differ much", SEEDS_ALONE, 2, True), NARROW),
            (("4 seeds that differ much", SEEDS_ALONE, 4, True), NARROW),
            (("8 seeds that differ much", SEEDS_ALONE, 8, True), NARROW),
        ],
    ),
    *simulations(
        "multi-bootstrap, unpaired",
        simulate_difference,
        [
            (("2 seeds", UNPAIRED, 2, False), WIDE),
            (("8 seeds", UNPAIRED, 8, False), WIDE),
            (("20 seeds", UNPAIRED, 20, False), WIDE),
        ],
    ),
    *simulations(
        "examples + Student's t, paired",
        simulate_few_seeds,
        [
            (("2 seeds", POPULATION, 2), WIDE),
            (("4 seeds", POPULATION, 4), WIDE),
            (("8 seeds", POPULATION, 8), WIDE),
            (("2 seeds that differ much", SEEDS_ALONE, 2), WIDE),
            (("4 seeds that differ much", SEEDS_ALONE, 4), WIDE),
        ],
    ),
]
