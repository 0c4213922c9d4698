"""Tolerances from float32 and depth, and nothing else."""

import numpy as np

EPSILON = float(np.finfo(np.float32).eps)


def tolerance(config) -> float:
    """Relative rounding error of one pass through the model.

    A block rounds about eight times in sequence (two attention products, softmax,
    three projections, two normalisations), the embedding and the head about four
    times; each is a sum over at most I terms, whose rounding errors add up like a
    random walk.
    """
    stages = 8 * config.num_hidden_layers + 4
    return EPSILON * stages * float(np.sqrt(config.intermediate_size))
