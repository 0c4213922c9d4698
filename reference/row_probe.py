"""A look-up's rows in the norm of gradients, one by one as the original counts them.

For clipping as the original's CPU and GPU graph does (`Clipping.LOOKUP`, which see in
optimization.py). The gradient of a look-up reaches its table summed over repeats, when
the squares of the rows are no longer to be had; so they are summed on the way, and come
out of the ordinary computation of gradients as that of one more variable.
"""

import keras
import numpy as np
from keras import ops


class RowProbe:
    """Hands rows `[K, T, H]` through, and sums the squares of what comes back.

    `variable` is `[K]` and always 0; the gradient reported for it is the sum over T
    and H of the squared gradients of the rows, row by row, where a row looked up twice
    counts twice. It adds up over parts of a batch as any gradient does, provided that
    the loss that is differentiated carries the part's share.

    Not a layer, so that Keras does not take its variable for one of the weights.
    """

    def __init__(self, trials: int):
        zeros = np.zeros(trials, np.float32)
        self.variable = keras.Variable(zeros, autocast=False, name="row_probe")

    def __call__(self, rows):
        return _probed(rows, ops.convert_to_tensor(self.variable))


@ops.custom_gradient
def _probed(rows, probe):
    def gradients(upstream):
        squares = ops.square(ops.cast(upstream, probe.dtype))
        return upstream, ops.sum(squares, axis=(1, 2))  # [K, T, H] and [K]

    return rows, gradients
