"""Counter-based dropout: its rate, what it depends on and what it does not."""

import numpy as np
import pytest

from reference.dropout import SEQUENCE_STRIDE, Dropout

pytestmark = pytest.mark.backend

SHAPE = (4, 32, 64)


def kept(seeds=(1,), step=0, site=1, shape=SHAPE, rate=0.1) -> np.ndarray:
    """Which elements one site keeps: bool `[K, *shape]`."""
    dropout = Dropout(np.asarray(seeds, np.uint32), np.int32(step))
    for _ in range(site):
        found = dropout(np.ones((len(seeds), *shape), np.float32), rate, "BSH")
    return np.asarray(found) != 0


def deviations(count: int, n: int, p: float) -> float:
    """How many standard deviations a binomial count is from its mean."""
    return (count - n * p) / np.sqrt(n * p * (1 - p))


def test_rate_over_seeds_is_binomial():
    kept_by_seed = kept(seeds=range(100)).reshape(100, -1)
    z = [deviations(x.sum(), x.size, 0.9) for x in kept_by_seed]
    assert max(map(abs, z)) < 4.5  # P < 1e-3 over a hundred
    assert abs(np.mean(z)) < 0.35  # and 3.5 deviations of their mean
    assert 0.75 < np.std(z) < 1.25  # 3.5 deviations of a standard deviation of 100


@pytest.mark.parametrize(
    "other",
    [{"seeds": (2,)}, {"step": 1}, {"site": 2}],
    ids=["trial", "step", "site"],
)
def test_masks_are_independent(other):
    """Two masks drop the same element as often as chance has it, at any shift."""
    one, two = ~kept().ravel(), ~kept(**other).ravel()
    for shift in (0, 1, 2, 64, 1000):
        both = (one & np.roll(two, shift)).sum()
        assert abs(deviations(both, one.size, 0.01)) < 4.5


def test_neighbours_are_independent():
    mask = ~kept(shape=(8, 128, 128))[0]
    for axis in range(3):
        both = (mask & np.roll(mask, 1, axis)).sum()
        assert abs(deviations(both, mask.size, 0.01)) < 4.5


def test_a_trial_drops_the_same_in_any_stack():
    together = kept(seeds=(5, 7, 9))
    np.testing.assert_array_equal(together[1], kept(seeds=(7,))[0])


def test_padding_moves_no_mask():
    long, short = kept(shape=(4, 64, 16)), kept(shape=(4, 32, 16))
    np.testing.assert_array_equal(long[:, :, :32], short)


def test_kept_elements_are_scaled_and_rate_zero_is_nothing():
    dropout = Dropout(np.array([3], np.uint32), np.int32(0))
    x = np.full((1, 2, 4, 8), 2.0, np.float32)
    found = np.asarray(dropout(x, 0.25, "BSH"))
    assert set(np.unique(found)) <= {np.float32(0.0), np.float32(2.0 / 0.75)}
    np.testing.assert_array_equal(np.asarray(dropout(x, 0.0, "BSH")), x)


def test_mask_is_the_hash_in_plain_integers():
    """The same on every backend and device, since it is the same as in NumPy."""
    expected = numpy_kept(seed=11, step=3, site=2, shape=SHAPE, rate=0.1)
    found = kept(seeds=(11,), step=3, site=2)
    np.testing.assert_array_equal(found[0], expected)


def numpy_kept(seed, step, site, shape, rate):
    batch, length, size = shape
    index = np.arange(batch)[:, None, None] * SEQUENCE_STRIDE * size
    index = index + np.arange(length)[:, None] * size + np.arange(size)
    at = mix((step * 0x9E3779B1 + site) % 2**32)
    first = mix(seed ^ at)
    second = mix((first + 0x85EBCA6B) % 2**32)
    bits = mix(index.astype(object) ^ first, second)
    return (bits >= round(rate * 2**32)).astype(bool)


def mix(x, key=0):
    x = (x ^ (x >> 16)) * 0x21F0AAAD % 2**32 ^ key
    x = (x ^ (x >> 15)) * 0xD35A2D97 % 2**32
    return x ^ (x >> 15)
