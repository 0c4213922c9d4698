"""Weights by their TensorFlow 1 names: initial values, and moving them in and out.

A set of weights is a dict from name ("bert/pooler/dense/kernel") to a float32 array
without a trial axis. Initialisation: truncated normal of `initializer_range` at two
standard deviations, biases 0, LayerNorm 1 and 0 (the original's modeling.py).
"""

import zlib
from collections.abc import Sequence

import numpy as np

from reference.errors import InputError

Weights = dict[str, np.ndarray]


def variable_name(model, variable) -> str:
    """The TensorFlow 1 name of a model's variable."""
    path = variable.path.removeprefix(f"{model.name}/")
    # run_classifier.py keeps its output layer at the top level.
    return path.removeprefix("classifier/")


def initial_weights(shapes: dict[str, tuple], spread: float, seed: int) -> Weights:
    """Draw initial weights; each variable's depend on the seed and its name alone."""
    return {name: _initial(name, shape, spread, seed) for name, shape in shapes.items()}


def weight_shapes(model) -> dict[str, tuple[int, ...]]:
    """The model's variables by name, without the trial axis."""
    return {variable_name(model, v): tuple(v.shape[1:]) for v in model.weights}


def set_weights(model, weights: Sequence[Weights]) -> None:
    """Give each of the model's K trials its weights."""
    for variable in model.weights:
        name = variable_name(model, variable)
        variable.assign(np.stack([trial[name] for trial in weights]))


def get_weights(model) -> list[Weights]:
    """Each trial's weights, K of them, wherever they lie."""
    from reference.backend import fetched  # what reads checkpoints needs no Keras

    stacked = {variable_name(model, v): fetched(v.value) for v in model.weights}
    return [
        {name: value[trial] for name, value in stacked.items()}
        for trial in range(model.trials)
    ]


def complete(found: Weights, shapes: dict[str, tuple], spread: float, seed: int):
    """`found` where it has a variable, initial weights for the heads it lacks.

    Only heads may be missing. Raises InputError naming what is missing from the
    encoder or has another shape.
    """
    problems = [
        f"{name}: missing"
        for name in shapes
        if name.startswith("bert/") and name not in found
    ] + [
        f"{name}: shape {found[name].shape}, expected {shape}"
        for name, shape in shapes.items()
        if name in found and found[name].shape != shape
    ]
    if problems:
        raise InputError("weights do not fit the model: " + "; ".join(problems))
    missing = {name: shape for name, shape in shapes.items() if name not in found}
    drawn = initial_weights(missing, spread, seed)
    return {name: found.get(name, drawn.get(name)) for name in shapes}


def _initial(name: str, shape: tuple, spread: float, seed: int) -> np.ndarray:
    kind = name.rsplit("/", 1)[-1]
    if kind in ("bias", "beta", "output_bias"):
        return np.zeros(shape, np.float32)
    if kind == "gamma":
        return np.ones(shape, np.float32)
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    values = rng.standard_normal(shape, dtype=np.float32)
    while (outside := np.abs(values) > 2.0).any():
        values[outside] = rng.standard_normal(outside.sum(), dtype=np.float32)
    return values * np.float32(spread)
