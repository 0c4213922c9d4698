"""The door to TensorFlow's or JAX's own API: compiling, gradients, devices.

Everything else of the reference is written in `keras.ops`. What stands behind the door
is in engine_tensorflow.py and engine_jax.py, which have the same functions. Keras's own
training loop is not used: it cannot keep the shapes of differently padded batches
static, and what it does around a step takes long beside the step of a small model.

Variables are Keras variables with a leading trial axis; inputs are dicts of arrays, of
which those with two axes or more are `[K, B, ...]`, those with one `[K]`.
"""

import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import ModuleType

import keras
import numpy as np

from reference.devices import ONE_DEVICE, Mesh
from reference.errors import InputError


def name() -> str:
    """ "tensorflow" or "jax"; KERAS_BACKEND chooses."""
    return keras.backend.backend()


def engine() -> ModuleType:
    """The module that speaks to the backend; InputError where there is none."""
    known = ("tensorflow", "jax")
    if name() not in known:
        raise InputError(
            f"KERAS_BACKEND: expected {' or '.join(known)}, found {name()}; choose one"
        )
    return importlib.import_module(f"reference.engine_{name()}")


def building(mesh: Mesh = ONE_DEVICE) -> AbstractContextManager:
    """Where the variables of a model that trains on `mesh` are to be made."""
    return engine().building(mesh)


def compile_training_step(
    weights: list, slots: list, losses, update, mesh: Mesh = ONE_DEVICE
) -> Callable:
    """A whole batch's gradients and update as one program per shape of its inputs.

    `losses(inputs)` gives each trial's loss, `[K]`, from the Keras variables
    `weights`; their sum is differentiated. `update(state, gradients, learning_rates)`
    gives the new values of `weights + slots`. The returned function takes `inputs` and
    learning rates `[K]`, updates the variables, returns the losses `[K]`. Over a mesh
    every device computes its rows' losses, which are added up.
    """
    return engine().compile_training_step(weights, slots, losses, update, mesh)


def compile_gradients(
    weights: list, sums: list, losses, mesh: Mesh = ONE_DEVICE
) -> Callable:
    """Add a part of a batch to the gradients' `sums`: one program per shape of it.

    `losses(inputs)` gives each trial's loss, `[K]`, from the Keras variables
    `weights`; their sum is differentiated. The returned function takes `inputs`
    (where "first" is true the sums start anew), updates the variables `sums` and
    returns the losses `[K]`.
    """
    return engine().compile_gradients(weights, sums, losses, mesh)


def compile_update(
    variables: list, sums: list, update, mesh: Mesh = ONE_DEVICE
) -> Callable:
    """The update of `compile_training_step` by itself, from the gradients' `sums`."""
    return engine().compile_update(variables, sums, update, mesh)


def compile_stateful(variables: list, function) -> Callable:
    """Compile `function(values, inputs)`, which gives new values and a result.

    The returned function takes `inputs`, updates the Keras `variables` and returns the
    result. One device.
    """
    return engine().compile_stateful(variables, function)


def differentiated(weights: list, losses) -> Callable:
    """The gradient of `losses(inputs)`, `[K]`, for use within a program.

    The returned function takes the values of the Keras variables `weights` and inputs;
    it gives the gradients of the summed losses, and the losses.
    """
    return engine().differentiated(weights, losses)


def compile_function(variables: list, function, fetch: bool = True) -> Callable:
    """Compile `function(inputs)`, which reads the Keras `variables`.

    The returned function gives NumPy arrays, or what is on the device if not `fetch`.
    """
    compiled = engine().compile_function(variables, function)
    if not fetch:
        return compiled
    return lambda inputs: keras.tree.map_structure(fetched, compiled(inputs))


def gradients(weights: list, losses, inputs) -> list[np.ndarray]:
    """The gradient of the summed losses with respect to each of `weights`."""
    return [fetched(g) for g in engine().gradients(weights, losses, inputs)]


def join_hosts() -> None:
    """Make this process one of several hosts that train together; before all else.

    How many there are and which this is, the environment says: KERAS_DISTRIBUTION_*
    or what a TPU pod or a cluster sets (JAX), TF_CONFIG (TensorFlow).
    """
    engine().join_hosts()


def is_first_host() -> bool:
    """Whether this process is the one that writes files."""
    return engine().host_index() == 0


def fetched(value) -> np.ndarray:
    """The whole of an array that may lie on several devices or hosts."""
    return engine().fetched(value)


def added(gradients: list, sums: list, first) -> list:
    """The sums with a part's gradients; these alone where it is the first part."""
    return [
        keras.ops.where(first, gradient, total + gradient)
        for gradient, total in zip(gradients, sums, strict=True)
    ]
