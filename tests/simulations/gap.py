"""Ours - published with every source of error: coverage, and false verdicts.

"Differs" is false where the truth is 0, "reproduced" where it is exactly at the margin,
which is where either is claimed wrongly most often.
"""

import functools

import numpy as np

from suite.statistics import (
    Spread,
    difference_p,
    equivalence_p,
    gap_draws,
    holm,
    interval,
    published_sampling_sd,
    score_draws,
    t_equivalence_p,
)
from suite.tasks import TASKS
from tests.simulations.simulation import Simulation

OURS, PUBLISHED, RESAMPLES = 500, 1000, 1000
TRUTH, SEED_SD, MARGIN, LEVEL = 75.0, 1.0, 6.0, 0.05
CELLS = 11


def simulated_gap(rng, difference):
    """Draws [R] of ours - published in points, when the truth is `difference`."""
    our_skill = (TRUTH + difference + rng.normal(0, SEED_SD)) / 100
    their_skill = (TRUTH + rng.normal(0, SEED_SD)) / 100
    labels = np.zeros(OURS, int)
    predictions = (rng.random((1, OURS)) > our_skill).astype(int)
    printed = np.round(100 * rng.binomial(PUBLISHED, their_skill) / PUBLISHED, 1)
    drawn = score_draws(TASKS["RTE"], predictions, labels, rng, RESAMPLES)
    draws = 100 * drawn["main"]
    our_sd = float(np.std(draws))
    spread = Spread(
        our_examples=our_sd,
        our_seeds=SEED_SD,
        published_examples=published_sampling_sd(our_sd, OURS, PUBLISHED),
        published_seeds=SEED_SD,
        rounding=0.05,
    )
    return gap_draws(draws, printed, spread, rng)


def simulate_interval(difference, rng, repetitions):
    misses = 0
    for _ in range(repetitions):
        low, high = interval(simulated_gap(rng, difference))
        misses += not low <= difference <= high
    return misses


def simulate_differs(rng, repetitions):
    return sum(
        difference_p(simulated_gap(rng, 0.0)) <= LEVEL for _ in range(repetitions)
    )


def simulate_differs_somewhere(rng, repetitions):
    """Any of a row's cells, after Holm's correction."""
    misses = 0
    for _ in range(repetitions):
        row = [difference_p(simulated_gap(rng, 0.0)) for _ in range(CELLS)]
        misses += bool(np.any(holm(np.array(row)) <= LEVEL))
    return misses


def simulate_reproduced(side, rng, repetitions):
    return sum(
        equivalence_p(simulated_gap(rng, side * MARGIN), MARGIN) <= LEVEL
        for _ in range(repetitions)
    )


def simulate_t_reproduced(seeds, error, rng, repetitions):
    """Normal seeds whose mean is truly at the margin of 1."""
    values = rng.normal(1.0, error * np.sqrt(seeds), (repetitions, seeds))
    errors = values.std(axis=1, ddof=1) / np.sqrt(seeds)
    return sum(
        t_equivalence_p(mean, own, seeds - 1, 1.0) <= LEVEL
        for mean, own in zip(values.mean(axis=1), errors, strict=True)
    )


SIMULATIONS = [
    *(
        Simulation(
            "interval of ours - published",
            f"truth {difference:g}",
            LEVEL,
            functools.partial(simulate_interval, difference),
            few=40,
        )
        for difference in (0.0, -4.0)
    ),
    Simulation("false differs", "truth 0", LEVEL, simulate_differs, few=40),
    Simulation(
        "false differs in a row, Holm",
        f"{CELLS} cells, truth 0",
        # All true and independent: Holm errs as often as Bonferroni does.
        1 - (1 - LEVEL / CELLS) ** CELLS,
        simulate_differs_somewhere,
        few=10,
        many=400,
    ),
    *(
        Simulation(
            "false reproduced",
            f"truth at {side:+d} × margin",
            LEVEL,
            functools.partial(simulate_reproduced, side),
            few=40,
        )
        for side in (-1, 1)
    ),
    *(
        Simulation(
            "false reproduced, t form",
            f"{seeds} seeds, error {error:g} of the margin",
            LEVEL,
            functools.partial(simulate_t_reproduced, seeds, error),
            # Where the interval may be wider than the margins, it is shown less often.
            ("holds",) if error < 0.1 else ("holds", "less often"),
            few=2000,
            many=20_000,
        )
        for seeds, error in ((5, 0.05), (5, 0.5))
    ),
]
