"""Counter-based dropout: its rate, what it depends on and what it does not."""

import numpy as np
import pytest

from reference.dropout import SEQUENCE_STRIDE, Dropout
from reference.errors import InputError

pytestmark = pytest.mark.backend

SHAPE = (4, 32, 64)
ATTENTION_SHAPE = (2, 3, 32, 32)
# A shape for each kind of place that the model drops at.
SHAPES = {"BSH": SHAPE, "BNSS": ATTENTION_SHAPE, "BH": (32, 64)}


def kept(
    seeds=(1,), step=0, site=1, shape=None, axes="BSH", rate=0.1, **where
) -> np.ndarray:
    """Which elements one site keeps: bool `[K, *shape]`."""
    shape = shape or SHAPES[axes]
    dropout = Dropout(np.asarray(seeds, np.uint32), np.int32(step), **where)
    for _ in range(site):
        found = dropout(np.ones((len(seeds), *shape), np.float32), rate, axes)
    return np.asarray(found) != 0


def deviations(count: int, n: int, p: float) -> float:
    """How many standard deviations a binomial count is from its mean."""
    return (count - n * p) / np.sqrt(n * p * (1 - p))


def test_no_two_places_have_one_number():
    """The first of the next row and the one after the last that is numbered."""
    assert kept(shape=(1, 512, 2)).shape == (1, 1, 512, 2)
    for axes, shape in (("BSH", (2, 513, 2)), ("BNSS", (1, 1, 2, 513))):
        with pytest.raises(InputError, match=r"512 tokens at most, .* found 513"):
            kept(shape=shape, axes=axes)


@pytest.mark.parametrize("axes", SHAPES)
def test_rate_over_seeds_is_binomial(axes):
    kept_by_seed = kept(seeds=range(100), axes=axes).reshape(100, -1)
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


@pytest.mark.parametrize(
    ("axes", "shape"), [("BSH", (8, 128, 128)), ("BNSS", (4, 4, 64, 128))]
)
def test_neighbours_are_independent(axes, shape):
    mask = ~kept(shape=shape, axes=axes)[0]
    for axis in range(mask.ndim):
        both = (mask & np.roll(mask, 1, axis)).sum()
        assert abs(deviations(both, mask.size, 0.01)) < 4.5


@pytest.mark.parametrize("axes", SHAPES)
@pytest.mark.parametrize("kind", ["trials", "steps", "sites"])
def test_masks_next_to_each_other_are_independent(axes, kind):
    """Trials k and k + 1 of a stack, steps t and t + 1, sites n and n + 1."""
    count = 41
    if kind == "trials":
        masks = kept(seeds=range(count), axes=axes)
    elif kind == "steps":
        masks = np.stack([kept(step=step, axes=axes)[0] for step in range(count)])
    else:
        dropout = Dropout(np.array([1], np.uint32), np.int32(0))
        ones = np.ones((1, *SHAPES[axes]), np.float32)
        masks = np.stack(
            [np.asarray(dropout(ones, 0.1, axes))[0] for _ in range(count)]
        )
        masks = masks != 0
    assert_pairs_are_independent(~masks[:-1], ~masks[1:])


@pytest.mark.parametrize("seed", [0, 12345, 2**32 - 1])
def test_seeds_that_differ_by_one_bit_are_independent(seed):
    masks = ~kept(seeds=[seed, *(seed ^ (1 << bit) for bit in range(32))])
    assert_pairs_are_independent(masks[:1].repeat(32, axis=0), masks[1:])


def assert_pairs_are_independent(one, two):
    """Masks `[n, ...]` of what is dropped: both of a pair drop where chance has it."""
    both = (one & two).reshape(len(one), -1)
    z = [deviations(pair.sum(), pair.size, 0.01) for pair in both]
    assert max(map(abs, z)) < 4.5  # P < 1e-3 over a hundred
    assert abs(np.mean(z)) < 3.5 / np.sqrt(len(z))


def test_a_trial_drops_the_same_in_any_stack():
    together = kept(seeds=(5, 7, 9))
    np.testing.assert_array_equal(together[1], kept(seeds=(7,))[0])


def test_padding_moves_no_mask():
    long, short = kept(shape=(4, 64, 16)), kept(shape=(4, 32, 16))
    np.testing.assert_array_equal(long[:, :, :32], short)
    long = kept(shape=(2, 3, 64, 64), axes="BNSS")
    short = kept(shape=(2, 3, 32, 32), axes="BNSS")
    np.testing.assert_array_equal(long[..., :32, :32], short)


@pytest.mark.parametrize("axes", SHAPES)
def test_rows_drop_the_same_in_any_part_of_a_batch(axes):
    """Each trial may have other rows in a part than its neighbour."""
    rows = np.array([[1, 0], [0, 1]], np.int32)
    whole = kept(seeds=(5, 7), shape=(2, *SHAPES[axes][1:]), axes=axes)
    part = kept(seeds=(5, 7), shape=(2, *SHAPES[axes][1:]), axes=axes, rows=rows)
    np.testing.assert_array_equal(part, [whole[0][[1, 0]], whole[1]])


@pytest.mark.parametrize("axes", ["BSH", "BNSS"])
def test_packed_examples_drop_what_they_drop_by_themselves(axes):
    """Row 0 holds examples 2 and 0 (of 5 and 3 tokens), row 1 example 1 (of 8)."""
    apart = (3, 8, 16) if axes == "BSH" else (3, 2, 8, 8)
    alone = kept(seeds=(5, 7), shape=apart, axes=axes)
    examples = np.array([[2] * 5 + [0] * 3, [1] * 8])
    positions = np.array([[*range(5), *range(3)], range(8)])
    packed = tuple(np.tile(x[None], (2, 1, 1)) for x in (examples, positions))
    together = kept(seeds=(5, 7), shape=(2, *apart[1:]), axes=axes, packed=packed)
    for row, start, example, size in ((0, 0, 2, 5), (0, 5, 0, 3), (1, 0, 1, 8)):
        at, own = slice(start, start + size), slice(size)
        if axes == "BSH":
            found, expected = together[:, row, at], alone[:, example, own]
        else:
            found, expected = (
                together[:, row, :, at, at],
                alone[:, example, :, own, own],
            )
        np.testing.assert_array_equal(found, expected)


def test_kept_elements_are_scaled_and_rate_zero_is_nothing():
    dropout = Dropout(np.array([3], np.uint32), np.int32(0))
    x = np.full((1, 2, 4, 8), 2.0, np.float32)
    found = np.asarray(dropout(x, 0.25, "BSH"))
    assert set(np.unique(found)) <= {np.float32(0.0), np.float32(2.0 / 0.75)}
    np.testing.assert_array_equal(np.asarray(dropout(x, 0.0, "BSH")), x)


@pytest.mark.parametrize("axes", SHAPES)
@pytest.mark.parametrize(("seed", "step", "site"), [(11, 3, 2), (2**32 - 1, 10**6, 60)])
def test_mask_is_the_hash_in_plain_integers(seed, step, site, axes):
    """The same on every backend and device, since it is the same as in NumPy."""
    expected = numpy_kept(seed, step, site, axes, rate=0.1)
    found = kept(seeds=(seed,), step=step, site=site, axes=axes)
    np.testing.assert_array_equal(found[0], expected)


def numpy_kept(seed, step, site, axes, rate):
    index = numpy_index(axes, SHAPES[axes])
    at = mix((step * 0x9E3779B1 + site) % 2**32)
    first = mix(seed ^ at)
    second = mix((first + 0x85EBCA6B) % 2**32)
    bits = mix(index.astype(object) ^ first, second)
    return (bits >= round(rate * 2**32)).astype(bool)


def numpy_index(axes, shape):
    """Row-major, as if every sequence axis were SEQUENCE_STRIDE long."""
    extents = [
        SEQUENCE_STRIDE if axis == "S" else size
        for axis, size in zip(axes, shape, strict=True)
    ]
    padded = np.ravel_multi_index(np.indices(shape), extents, mode="raise")
    return padded.astype(object)


def mix(x, key=0):
    x = (x ^ (x >> 16)) * 0x21F0AAAD % 2**32 ^ key
    x = (x ^ (x >> 15)) * 0xD35A2D97 % 2**32
    return x ^ (x >> 15)
