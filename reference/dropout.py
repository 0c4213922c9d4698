"""Counter-based dropout: the mask is a hash of where it is used, not a random state.

Whether element (b, s, h) of trial k is kept at dropout site n of step t depends on
(seed of k, t, n, b, s, h) alone, computed in uint32 arithmetic. So a trial draws the
same masks in any stack, on any backend and device, whatever a batch is padded to and
however it is packed; nothing has to be stored to resume; and a compiler fuses it into
the product around it.

The mixing function is the 32-bit finaliser of Chris Wellons' hash-prospector
("lowbias32"), keyed twice so that two sites never see shifted copies of one stream.
"""

import numpy as np
from keras import ops

from reference.errors import InputError

# An element's index does not depend on the padded length: BERT has at most 512
# positions, so every sequence axis is numbered with this stride.
SEQUENCE_STRIDE = 512


class Dropout:
    """The dropout masks of one training step of K trials.

    Sites are numbered in the order in which they are called, so a program must visit
    them in the same order at every step: any feed-forward model does.
    """

    def __init__(self, seeds, step, rows=None, packed=None):
        """`seeds`: uint32 `[K]`, one per trial; `step`: integer scalar.

        `rows`: int `[K, B]`, which rows of the whole batch these are, where a step is
        computed in parts; 0 to B − 1 where it is not. `packed`: two of int `[K, B, S]`
        where a row holds several examples (packing.py): of each token, which row of
        the batch its example is, and its position there.
        """
        self._seeds = ops.cast(seeds, "uint32")
        self._step = ops.cast(step, "uint32")
        self._rows = rows
        self._packed = packed
        self._sites = 0

    def __call__(self, x, rate: float, axes: str):
        """Zero elements of `x` with probability `rate`, scale the rest by 1/(1-rate).

        `x` is `[K, ...]`; `axes` names the axes after K, one letter each: "B" is the
        batch; "S" is a sequence axis, which may be padded.
        """
        self._sites += 1
        if rate == 0.0:
            return x
        index = self._element_index(x.shape[1:], axes)
        keys = site_keys(self._seeds, self._step, self._sites)
        keep = uniform_bits(keys, index) >= threshold(rate)
        scale = ops.cast(1.0 / (1.0 - rate), x.dtype)
        return ops.where(keep, x * scale, ops.zeros_like(x))

    def _element_index(self, shape: tuple[int, ...], axes: str):
        """Number the elements as if sequences were 512 long: uint32 `[K or 1, ...]`."""
        index, stride = ops.zeros((1,) * (1 + len(shape)), "uint32"), 1
        for axis in reversed(range(len(shape))):
            if axes[axis] == "S":
                check_numbered(shape[axis])
            index = index + self._along(axis, shape, axes) * _u32(stride)
            stride *= SEQUENCE_STRIDE if axes[axis] == "S" else shape[axis]
        return index

    def _along(self, axis: int, shape: tuple[int, ...], axes: str):
        """The numbers along one axis, of a shape that spreads over the others."""
        numbers, spread = ops.arange(shape[axis], dtype="int32")[None], [axis]
        if axes[axis] in "BS" and "S" in axes and self._packed is not None:
            # Which row of the batch it is, the token says that asks (the first S).
            token = axis if axes[axis] == "S" else axes.index("S")
            examples, positions = self._packed
            numbers = positions if axes[axis] == "S" else examples
            spread = [0, token]
        elif axes[axis] == "B" and self._rows is not None:
            numbers = self._rows
        extent = [size if at in spread else 1 for at, size in enumerate(shape)]
        return ops.reshape(ops.cast(numbers, "uint32"), (-1, *extent))


def check_numbered(length: int) -> None:
    """InputError for a sequence so long that two of its places had one number."""
    if length > SEQUENCE_STRIDE:
        raise InputError(
            f"expected sequences of {SEQUENCE_STRIDE} tokens at most, since something "
            f"is drawn for each, found {length}; train on shorter ones"
        )


def site_keys(seeds, step, site: int):
    """Two independent keys per trial, uint32 `[K]` each, of one place in one step.

    `seeds` uint32 `[K]`, `step` uint32 scalar.
    """
    place = _mix(step * _u32(0x9E3779B1) + _u32(site))
    first = _mix(seeds ^ place)
    return first, _mix(first + _u32(0x85EBCA6B))


def uniform_bits(keys, index):
    """Hash keys (two of `[K]`) and element indices to uint32 of the indices' shape."""
    first, second = (
        ops.reshape(key, (-1,) + (1,) * (len(index.shape) - 1)) for key in keys
    )
    return _mix(index ^ first, second)


def _mix(x, key=None):
    """Scramble uint32 bits; `key` enters between the two multiplications."""
    x = _xor_shifted(x, 16) * _u32(0x21F0AAAD)
    if key is not None:
        x = x ^ key
    return _xor_shifted(_xor_shifted(x, 15) * _u32(0xD35A2D97), 15)


def _xor_shifted(x, bits: int):
    return x ^ ops.right_shift(x, _u32(bits))


def threshold(rate: float):
    """Uniform bits are below it with probability `rate`: uint32 scalar."""
    return _u32(round(rate * 2**32))


def _u32(value: int):
    return ops.convert_to_tensor(np.uint32(value % 2**32))
