"""JAX behind backend.py: `jit`, `grad`, and shardings over a mesh of devices.

On a mesh the program is written as for one device and the compiler divides it: arrays
`[K, B, ...]` lie over trials and batch, the state `[K, ...]` over trials, and sums over
the batch become sums over devices. The same holds over hosts, once `jax.distributed`
has been initialised in each: every host is given the whole batch and takes its part.
"""

import contextlib
import os
from collections.abc import Callable

import jax
import keras
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec
from keras import ops

from reference.backend import added
from reference.devices import ONE_DEVICE, Mesh
from reference.errors import InputError


def building(mesh: Mesh):
    """Variables are made as ever, and placed by the first program that has them."""
    _devices(mesh)
    return contextlib.nullcontext()


def compile_training_step(weights, slots, losses, update, mesh) -> Callable:
    count = len(weights)

    def pure_step(state, inputs, learning_rates):
        found, by_trial = differentiated(weights, losses)(state[:count], inputs)
        return update(state, found, learning_rates), by_trial

    places = _Places(mesh)
    compiled = jax.jit(pure_step, donate_argnums=0, out_shardings=places.of_results(2))

    def step(inputs, learning_rates):
        state = weights + slots
        values, by_trial = compiled(
            places.state(state), places.inputs(inputs), places.inputs(learning_rates)
        )
        _assign(state, values)
        return by_trial

    return step


def compile_gradients(weights, sums, losses, mesh) -> Callable:
    def pure_part(weight_values, sum_values, inputs):
        found, by_trial = differentiated(weights, losses)(weight_values, inputs)
        return added(found, sum_values, inputs["first"]), by_trial

    places = _Places(mesh)
    compiled = jax.jit(pure_part, donate_argnums=1, out_shardings=places.of_results(2))

    def part(inputs):
        values, by_trial = compiled(
            places.state(weights), places.state(sums), places.inputs(inputs)
        )
        _assign(sums, values)
        return by_trial

    return part


def compile_update(variables, sums, update, mesh) -> Callable:
    places = _Places(mesh)
    compiled = jax.jit(update, donate_argnums=0, out_shardings=places.of_results(1))

    def step(learning_rates):
        state, found = places.state(variables), places.state(sums)
        _assign(variables, compiled(state, found, places.inputs(learning_rates)))

    return step


def compile_stateful(variables, function) -> Callable:
    compiled = jax.jit(function, donate_argnums=0)

    def run(inputs):
        values, result = compiled(_values(variables), inputs)
        _assign(variables, values)
        return result

    return run


def compile_function(variables, function) -> Callable:
    compiled = jax.jit(
        lambda values, inputs: _with(variables, values, function, inputs)
    )
    return lambda inputs: compiled(_values(variables), inputs)


def version() -> str:
    return f"jax {jax.__version__}"


def devices() -> list[tuple[str, str, int | None]]:
    """Kind, name and memory of each device, those of other hosts among them."""
    # Only this host's own tell their memory; hosts are taken to be alike.
    memory = (jax.local_devices()[0].memory_stats() or {}).get("bytes_limit")
    kinds = {"cuda": "gpu", "rocm": "gpu"}
    return [
        (kinds.get(device.platform, device.platform), device.device_kind, memory)
        for device in jax.devices()
    ]


def float32_products() -> str:
    """What JAX makes of a product of float32 matrices on this accelerator."""
    asked = jax.config.jax_default_matmul_precision
    default = {"gpu": "tf32", "tpu": "bfloat16"}.get(devices()[0][0], "float32")
    return asked or default


def make_deterministic() -> None:
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_gpu_deterministic_ops" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()


def join_hosts() -> None:
    if "KERAS_DISTRIBUTION_NUM_PROCESSES" in os.environ:
        keras.distribution.initialize()
    else:
        jax.distributed.initialize()  # finds out on a TPU pod and under Slurm


def host_index() -> int:
    return jax.process_index()


def gradients(weights, losses, inputs) -> list:
    found, _ = differentiated(weights, losses)(_values(weights), inputs)
    return found


def differentiated(weights, losses):
    """Gradients of the summed losses, and the losses, of weights' values and inputs."""

    def total(values, inputs):
        by_trial = _with(weights, values, losses, inputs)
        return ops.sum(by_trial), by_trial

    return jax.grad(total, has_aux=True)


def fetched(value) -> np.ndarray:
    if getattr(value, "is_fully_addressable", True) or value.is_fully_replicated:
        return np.asarray(value)
    whole = NamedSharding(value.sharding.mesh, PartitionSpec())
    return np.asarray(jax.jit(lambda x: x, out_shardings=whole)(value))


class _Places:
    """Where the arrays of a program lie; on one device, wherever they are."""

    def __init__(self, mesh: Mesh):
        self._mesh = None
        if mesh != ONE_DEVICE:
            devices = _devices(mesh).reshape(mesh.trials, mesh.batch)
            self._mesh = jax.sharding.Mesh(devices, ("trials", "batch"))

    def of_results(self, count: int):
        """State and losses lie over the trials."""
        if self._mesh is None:
            return None
        trials = self._over("trials")
        return trials if count == 1 else (trials,) * count

    def state(self, variables) -> list:
        """The variables' values; those that a program has not had yet are moved."""
        values = _values(variables)
        if self._mesh is None:
            return values
        over = self._over("trials")
        return [
            value if value.sharding == over else _placed(np.asarray(value), over)
            for value in values
        ]

    def inputs(self, arrays):
        """`[K, B, ...]` over trials and batch, `[K]` over trials, a number anywhere."""
        if self._mesh is None:
            return arrays
        return keras.tree.map_structure(self._placed_input, arrays)

    def _placed_input(self, array):
        axes = ("trials", "batch")[: min(np.ndim(array), 2)]
        return _placed(array, self._over(*axes))

    def _over(self, *axes: str) -> NamedSharding:
        return NamedSharding(self._mesh, PartitionSpec(*axes))


def _placed(array, sharding: NamedSharding):
    """An array of which every host has the whole, laid out over all their devices."""
    if sharding.is_fully_addressable:
        return jax.device_put(array, sharding)
    array = np.asarray(array)
    return jax.make_array_from_callback(array.shape, sharding, lambda at: array[at])


def _devices(mesh: Mesh) -> np.ndarray:
    found = jax.devices()
    if len(found) < mesh.size:
        raise InputError(
            f"expected {mesh.size} devices, found {len(found)} ({found[0].platform}); "
            "ask for fewer"
        )
    return np.array(found[: mesh.size])


def _values(variables) -> list:
    return [variable.value for variable in variables]


def _assign(variables, values) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _with(variables, values, function, inputs):
    """Call `function(inputs)` with the variables standing for the given values."""
    mapping = list(zip(variables, values, strict=True))
    with keras.StatelessScope(state_mapping=mapping):
        return function(inputs)
