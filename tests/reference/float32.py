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


def curve_tolerance(config, run: dict, largest_logit: float) -> np.ndarray:
    """How far the loss before each step of a recorded `run` may be off: `[steps]`.

    A loss has the error of a pass, relative to itself. Every step before it has moved
    the weights by about the rate, and that with the error of a pass: relative to
    weights of the size that they are initialised with, rate / initializer_range.
    Nor can a cross-entropy, however small, be better than the two numbers of which it
    is the difference: sum, logarithm, product and difference round at their size.
    """
    losses = run["losses"]
    moved = float(run["learning_rate"]) * np.arange(len(losses))
    relative = tolerance(config) * (1.0 + moved / config.initializer_range)
    return relative * losses + 4 * EPSILON * largest_logit


def weight_tolerance(config, run: dict, weight: np.ndarray) -> np.ndarray:
    """How far a weight may be off after a recorded `run`, given where it ended.

    Each step moves it by about the rate, with the error of a pass, and rounds it to
    float32, which adds up like a random walk.
    """
    steps, rate = int(run["num_train_steps"]), float(run["learning_rate"])
    rounded = 0.5 * EPSILON * np.sqrt(steps) * np.abs(weight)
    return rate * steps * tolerance(config) + rounded
