"""Tests that reshuffle what was measured and assume nothing of its distribution.

Signs of paired differences, or which of two groups a value is in (Fisher 1935; Pitman
1937). All reshufflings are enumerated where there are few; SciPy does that. With few
values p cannot be small, whatever they are, so each result says how small it can get.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

# 2^20 sign patterns and 2^18 ways to deal out two groups: ten seconds or so.
EXACT_PAIRS = 20
EXACT_WAYS = 2**18
# Of random flips, p = 0.05 is then good to 0.0007 (one standard error).
RANDOM_FLIPS = 99_999
_ELEMENTS_AT_ONCE = 250_000


@dataclass(frozen=True)
class PermutationTest:
    """A two-sided p; with such values it can be no smaller than `smallest`."""

    p: float
    smallest: float


def sign_flip_test(
    differences: np.ndarray, rng: np.random.Generator | None = None
) -> PermutationTest:
    """Two-sided test that paired differences [n] are symmetric around 0.

    Of differences that are 0 flipping the sign changes nothing: p can be no smaller
    than all others of one sign would make it.

    All 2^n sign patterns for up to 20 pairs. For more, 99,999 random ones from `rng`
    with the observed pattern as one more, which keeps the level exactly (Phipson &
    Smyth 2010); ValueError without a generator then, and without any pair.
    """
    differences = np.asarray(differences, np.float64)
    pairs = differences.size
    if not pairs:
        raise ValueError("expected at least one paired difference, found none")
    if pairs > EXACT_PAIRS:
        if rng is None:
            raise ValueError(
                f"expected a generator for more than {EXACT_PAIRS} paired differences, "
                f"found {pairs} and none"
            )
        return _random_flips(differences, rng)
    if pairs == 1:
        return PermutationTest(1.0, 1.0)
    result = stats.permutation_test(
        (differences,),
        lambda values, axis: np.mean(values, axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
        batch=1 << 14,
        vectorized=True,
    )
    return PermutationTest(float(min(1.0, result.pvalue)), _least(differences))


def mean_difference_test(first: np.ndarray, second: np.ndarray) -> PermutationTest:
    """Exact two-sided test that values [a] and [b] come from one distribution.

    By the difference of their means, over all ways to deal out the a + b values.
    ValueError when a group has fewer than two, or there are more than 2^18 ways (ten
    and ten are still enumerated).
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    ways = math.comb(first.size + second.size, first.size)
    if min(first.size, second.size) < 2 or ways > EXACT_WAYS:
        raise ValueError(
            f"expected two groups of two or more values, dealt out in at most "
            f"{EXACT_WAYS:,} ways, found {first.size} and {second.size} values"
        )
    result = stats.permutation_test(
        (first, second),
        lambda one, other, axis: np.mean(one, axis=axis) - np.mean(other, axis=axis),
        permutation_type="independent",
        n_resamples=np.inf,
        batch=1 << 14,
        vectorized=True,
    )
    return PermutationTest(float(min(1.0, result.pvalue)), 2 / ways)


def _random_flips(differences: np.ndarray, rng: np.random.Generator) -> PermutationTest:
    pairs = differences.size
    # Sums of n terms in another order: equal within n roundings of their sum of sizes.
    rounding = pairs * np.finfo(np.float64).eps * np.sum(np.abs(differences))
    observed = abs(np.sum(differences)) - rounding
    at_once = max(1, _ELEMENTS_AT_ONCE // pairs)
    as_far = 1
    for done in range(0, RANDOM_FLIPS, at_once):
        size = (min(at_once, RANDOM_FLIPS - done), pairs)
        flipped = rng.integers(0, 2, size, dtype=np.int8) * 2.0 - 1.0
        as_far += int(np.sum(np.abs(flipped @ differences) >= observed))
    least = max(1 / (RANDOM_FLIPS + 1), _least(differences))
    return PermutationTest(as_far / (RANDOM_FLIPS + 1), least)


def _least(differences: np.ndarray) -> float:
    """Two of all sign patterns of what is not 0; 1 where hardly anything is."""
    return min(1.0, 2.0 ** (1 - np.count_nonzero(differences)))
