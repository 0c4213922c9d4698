"""Arrays in, intervals out; the random generator is always the caller's.

Scores are fractions or points, whichever the caller passes, throughout. A distribution
of error is carried as draws `[R]`, so that sources of any shape add up. The bootstrap
draws counts rather than indices, which makes it a few matrix products (SciPy's agrees
and is ten times slower); SciPy enumerates the permutations. Which comparisons are made,
and what they mean, is not here (suite/selection.py, suite/verdicts.py).

Procedures: percentile bootstrap (Efron & Tibshirani 1993, ch. 13); two one-sided tests
(Schuirmann 1987); Holm 1979; the sign-flip randomisation test (Fisher 1935).
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from scipy import stats

from suite.metrics import main_score, metric_scores
from suite.tasks import Task

# Resamples are drawn a few at a time: 2 MB of weights stay in a core's cache, and
# memory does not grow with the number of resamples.
_ELEMENTS_AT_ONCE = 250_000


def bootstrap_draws(
    statistic: Callable[[np.ndarray], np.ndarray],
    examples: int,
    rng: np.random.Generator,
    resamples: int,
) -> np.ndarray:
    """Draws of a statistic over resampled examples.

    `statistic` takes weights float64 [r, examples], how often each example is in each
    resample, and gives float [..., r]; the result is float [..., resamples].
    """
    at_once = max(1, _ELEMENTS_AT_ONCE // examples)
    parts = []
    for done in range(0, resamples, at_once):
        count = min(at_once, resamples - done)
        parts.append(statistic(_resample_weights(examples, count, rng)))
    return np.concatenate(parts, axis=-1)


def score_draws(
    task: Task,
    predictions: np.ndarray,
    labels: np.ndarray,
    rng: np.random.Generator,
    resamples: int = 2000,
) -> dict[str, np.ndarray]:
    """Draws [resamples] of each metric and of "main", over resampled examples.

    `predictions` are [S, n], one row a seed: every resample scores all seeds on the
    same examples and averages them. All metrics share their resamples.
    """

    def statistic(weights: np.ndarray) -> np.ndarray:
        values = metric_scores(task, predictions, labels, weights)
        return np.stack([value.mean(axis=0) for value in values.values()])  # [M, r]

    drawn = bootstrap_draws(statistic, labels.size, rng, resamples)
    draws = dict(zip(task.metrics, drawn, strict=True))
    return draws | {"main": main_score(task, draws)}


def _resample_weights(
    examples: int, resamples: int, rng: np.random.Generator
) -> np.ndarray:
    """How often each example is drawn, float64 [resamples, examples]."""
    drawn = rng.integers(examples, size=(resamples, examples))
    drawn += np.arange(resamples)[:, None] * examples
    counts = np.bincount(drawn.ravel(), minlength=resamples * examples)
    return counts.reshape(resamples, examples).astype(np.float64)


@dataclass(frozen=True)
class Spread:
    """Standard deviations of the errors of ours - published, by source.

    `rounding` is the half width of a uniform error; the others are normal.
    """

    our_examples: float
    our_seeds: float
    published_examples: float
    published_seeds: float
    rounding: float

    @property
    def total(self) -> float:
        """Standard deviation of the sum of all sources."""
        values = [getattr(self, field.name) for field in fields(self)]
        *normal, half_width = values
        return float(np.sqrt(sum(v**2 for v in normal) + half_width**2 / 3))


def gap_draws(
    ours: np.ndarray, published: float, spread: Spread, rng: np.random.Generator
) -> np.ndarray:
    """Draws [R] of ours - published with every source of error.

    `ours` are bootstrap draws [R] and already hold `spread.our_examples`; the other
    sources are added, independently. For two scores on the same test set that is
    conservative: their examples are shared, which can only bring them closer.
    """
    normal = np.sqrt(
        spread.our_seeds**2 + spread.published_examples**2 + spread.published_seeds**2
    )
    noise = rng.normal(0.0, 1.0, ours.shape) * normal
    rounding = rng.uniform(-1.0, 1.0, ours.shape) * spread.rounding
    return ours - published + noise + rounding


def published_sampling_sd(our_sd: float, ours: int, published: int) -> float:
    """Sampling error of a score on `published` examples from ours on `ours` examples.

    Same spread per example, so the error goes with the root of the sizes' ratio.
    """
    return our_sd * float(np.sqrt(ours / published))


def interval(draws: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Central interval of draws [R]."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def difference_p(draws: np.ndarray) -> float:
    """Two-sided p of "no difference" from draws [R] of one; at least 2 / (R + 1)."""
    below, above = np.sum(draws <= 0), np.sum(draws >= 0)
    return float(min(1.0, 2 * (min(below, above) + 1) / (draws.size + 1)))


def equivalence_p(draws: np.ndarray, margin: float) -> float:
    """p of the two one-sided tests of |difference| < margin, from its draws [R].

    Below 0.05 exactly where the 90 % interval lies inside ±margin.
    """
    outside = max(np.sum(draws <= -margin), np.sum(draws >= margin))
    return float(min(1.0, (outside + 1) / (draws.size + 1)))


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's adjusted p [m] of p [m]: reject where it is at most the level."""
    p_values = np.asarray(p_values, np.float64)
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(p_values.size, 0, -1)
    stepped = np.maximum.accumulate(p_values[order] * factors)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


@dataclass(frozen=True)
class SignFlip:
    """Result of a sign-flip test; with n pairs p can be no smaller than `smallest`."""

    p: float
    smallest: float


def sign_flip_test(differences: np.ndarray) -> SignFlip:
    """Exact two-sided test that paired differences [n] are symmetric around 0.

    All 2^n sign patterns are enumerated, so n is limited to 20.
    """
    differences = np.asarray(differences, np.float64)
    pairs = differences.size
    if not 1 <= pairs <= 20:
        raise ValueError(f"expected 1 to 20 paired differences, found {pairs}")
    smallest = min(1.0, 2.0 ** (1 - pairs))
    if pairs == 1:
        return SignFlip(1.0, 1.0)
    result = stats.permutation_test(
        (differences,),
        lambda values, axis: np.mean(values, axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
        batch=1 << 14,
        vectorized=True,
    )
    return SignFlip(float(min(1.0, result.pvalue)), smallest)
