"""In what precision a model computes.

With bfloat16, products of matrices and the activations between them have 8 bits of
mantissa; weights, the optimiser, normalisation, softmax and losses stay in float32
(mixed precision, Micikevicius et al. 2018; bfloat16 needs no loss scaling).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


@contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """Models that are made in here compute in `precision`."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_POLICIES[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
