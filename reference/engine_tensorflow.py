"""TensorFlow behind backend.py: `tf.function` with XLA, and `tf.distribute`.

On a mesh every replica computes its own rows in a program of its own, gradients are
summed over the replicas, and each updates its copy of the state. One machine is
`MirroredStrategy`; several, each with TF_CONFIG set, `MultiWorkerMirroredStrategy`.
"""

import contextlib
import functools
import os
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from reference.backend import added
from reference.devices import ONE_DEVICE, Mesh
from reference.errors import InputError


def building(mesh: Mesh):
    """Variables made in here have a copy on every device of the mesh."""
    return contextlib.nullcontext() if mesh == ONE_DEVICE else _strategy(mesh).scope()


def compile_training_step(weights, slots, losses, update, mesh) -> Callable:
    _expect_many_shapes()
    state = weights + slots
    if mesh != ONE_DEVICE:
        return _replicated_step(weights, slots, losses, update, mesh)

    @_compiled
    def step(inputs, learning_rates):
        found, by_trial = _differentiated(weights, losses, inputs)
        _assign(state, update(_values(state), found, learning_rates))
        return by_trial

    return step


def compile_gradients(weights, sums, losses, mesh) -> Callable:
    _expect_many_shapes()
    if mesh != ONE_DEVICE:
        return _replicated_gradients(weights, sums, losses, mesh)

    @_compiled
    def part(inputs):
        found, by_trial = _differentiated(weights, losses, inputs)
        _assign(sums, added(found, _values(sums), inputs["first"]))
        return by_trial

    return part


def compile_update(variables, sums, update, mesh) -> Callable:
    if mesh != ONE_DEVICE:
        return _replicated_update(variables, sums, update, mesh)

    @_compiled
    def step(learning_rates):
        _assign(variables, update(_values(variables), _values(sums), learning_rates))

    return step


def compile_stateful(variables, function) -> Callable:
    _expect_many_shapes()

    @_compiled
    def run(inputs):
        values = [tf.convert_to_tensor(value) for value in _values(variables)]
        values, result = function(values, inputs)
        _assign(variables, values)
        return result

    return run


def differentiated(weights, losses) -> Callable:
    def gradients_and_losses(values, inputs):
        with tf.GradientTape() as tape:
            tape.watch(values)
            mapping = list(zip(weights, values, strict=True))
            with keras.StatelessScope(state_mapping=mapping):
                by_trial = losses(inputs)
            total = ops.sum(by_trial)
        return _whole_gradients(tape, total, values), by_trial

    return gradients_and_losses


def compile_function(variables, function) -> Callable:
    _expect_many_shapes()
    return _compiled(function)


def version() -> str:
    return f"tensorflow {tf.__version__}"


def devices() -> list[tuple[str, str, int | None]]:
    """Kind, name and memory (where told) of each device, on all hosts alike."""
    hosts = len(_cluster().cluster_spec().as_dict().get("worker", [])) or 1
    physical = {kind: tf.config.list_physical_devices(kind) for kind in ("GPU", "TPU")}
    for kind, found in physical.items():
        if found:
            return hosts * [(kind.lower(), _name_of(one), None) for one in found]
    processors = tf.config.list_logical_devices("CPU")
    return hosts * len(processors) * [("cpu", "processor", None)]


def _name_of(device) -> str:
    details = tf.config.experimental.get_device_details(device)
    return details.get("device_name", device.name)


def float32_products() -> str:
    """What TensorFlow makes of a product of float32 matrices on this accelerator."""
    tf32 = tf.config.experimental.tensor_float_32_execution_enabled()
    return "tf32" if tf32 else "float32"


def make_deterministic() -> None:
    # Needs the seed of an operation, though nothing here draws with one.
    keras.utils.set_random_seed(0)
    tf.config.experimental.enable_op_determinism()


def join_hosts() -> None:
    if "TF_CONFIG" not in os.environ:
        raise InputError(
            "several hosts: expected TF_CONFIG in the environment, with the cluster "
            "and this host's task, found none; set it on every host"
        )
    _strategy_of_hosts()  # must come before anything else is asked of TensorFlow


def host_index() -> int:
    return _cluster().task_id or 0


def _cluster() -> tf.distribute.cluster_resolver.ClusterResolver:
    """The hosts of TF_CONFIG, and which of them this is; none without it."""
    return tf.distribute.cluster_resolver.TFConfigClusterResolver()


def gradients(weights, losses, inputs) -> list:
    found, _ = _differentiated(weights, losses, inputs)
    return found


def fetched(value) -> np.ndarray:
    return np.asarray(value)


# Over a mesh: what XLA compiles is between the sums over the replicas, not around them.


def _replicated_step(weights, slots, losses, update, mesh):
    compiled = _compiled(lambda inputs: _differentiated(weights, losses, inputs))
    updated = _compiled(update)
    state = _Copies(weights + slots, mesh)

    def replica(inputs, learning_rates):
        found, by_trial = _summed(compiled(inputs))
        own = state.of_this_replica()
        _assign(own, updated([v.read_value() for v in own], found, learning_rates))
        return by_trial

    return _on_replicas(replica, mesh)


def _replicated_gradients(weights, sums, losses, mesh):
    compiled = _compiled(lambda inputs: _differentiated(weights, losses, inputs))
    add = _compiled(added)
    copies = _Copies(sums, mesh)

    def replica(inputs):
        found, by_trial = compiled(inputs)
        own = copies.of_this_replica()
        # Each replica keeps the sum of its own parts; the update adds them up.
        _assign(own, add(found, [v.read_value() for v in own], inputs["first"]))
        return _summed(by_trial)

    return _on_replicas(replica, mesh)


def _replicated_update(variables, sums, update, mesh):
    updated = _compiled(update)
    state, copies = _Copies(variables, mesh), _Copies(sums, mesh)

    def replica(learning_rates):
        own = state.of_this_replica()
        found = _summed([v.read_value() for v in copies.of_this_replica()])
        _assign(own, updated([v.read_value() for v in own], found, learning_rates))
        return learning_rates

    return _on_replicas(replica, mesh)


def _on_replicas(replica, mesh: Mesh) -> Callable:
    """Call `replica` on every device, each with its rows; what the first returns."""
    strategy = _strategy(mesh)

    @tf.function(autograph=False)
    def everywhere(*arguments):
        results = strategy.run(replica, arguments)
        return strategy.experimental_local_results(results)[0]

    def call(*arguments):
        divided = [
            strategy.experimental_distribute_values_from_function(
                lambda context, given=given: _rows_of(
                    given, context.replica_id_in_sync_group, mesh.batch
                )
            )
            for given in arguments
        ]
        return everywhere(*divided)

    return call


def _rows_of(inputs, replica: int, replicas: int):
    """One replica's share of `[K, B, ...]`; `[K]` and numbers are for all."""

    def own(array):
        if np.ndim(array) < 2:
            return tf.convert_to_tensor(array)
        size = array.shape[1] // replicas
        return tf.convert_to_tensor(array[:, replica * size : (replica + 1) * size])

    return keras.tree.map_structure(own, inputs)


def _summed(values):
    """The sum over the replicas of each of a structure of arrays."""
    context = tf.distribute.get_replica_context()
    flat = context.all_reduce("sum", tf.nest.flatten(values))
    return tf.nest.pack_sequence_as(values, flat)


class _Copies:
    """The copies of variables that the replicas of this machine hold."""

    def __init__(self, variables, mesh: Mesh):
        strategy = _strategy(mesh)
        self._by_replica = list(
            zip(
                *(strategy.experimental_local_results(v.value) for v in variables),
                strict=True,
            )
        )

    def of_this_replica(self) -> list:
        context = tf.distribute.get_replica_context()
        number = int(tf.get_static_value(context.replica_id_in_sync_group))
        return list(self._by_replica[number % len(self._by_replica)])


@functools.cache
def _strategy(mesh: Mesh) -> tf.distribute.Strategy:
    if mesh.trials > 1:
        raise InputError(
            "a stack over several devices: expected KERAS_BACKEND=jax, found "
            "tensorflow, whose strategies divide batches only; choose jax"
        )
    if "TF_CONFIG" in os.environ:
        strategy = _strategy_of_hosts()
        found = strategy.num_replicas_in_sync
    else:
        devices = _logical_devices()
        found = len(devices)
        strategy = tf.distribute.MirroredStrategy(devices[: mesh.batch])
    if found < mesh.batch or strategy.num_replicas_in_sync != mesh.batch:
        raise InputError(
            f"expected {mesh.batch} devices, found {found}; ask for as many"
        )
    return strategy


@functools.cache
def _strategy_of_hosts() -> tf.distribute.Strategy:
    return tf.distribute.MultiWorkerMirroredStrategy()


def _logical_devices() -> list[str]:
    """The accelerators, or the processors where there is none."""
    for kind in ("GPU", "TPU", "CPU"):
        if found := tf.config.list_logical_devices(kind):
            return [device.name for device in found]
    return []


def _compiled(function) -> Callable:
    """One XLA program per shape; `keras.ops` has no need of AutoGraph."""
    return tf.function(function, jit_compile=True, autograph=False)


def _differentiated(weights, losses, inputs):
    """The gradients of the summed losses, and the losses."""
    with tf.GradientTape() as tape:
        by_trial = losses(inputs)
        total = ops.sum(by_trial)
    return _whole_gradients(tape, total, _values(weights)), by_trial


def _whole_gradients(tape, total, values) -> list:
    # A pooler that nothing reads has no gradient: zero, as JAX has it.
    zero = tf.UnconnectedGradients.ZERO
    found = tape.gradient(total, values, unconnected_gradients=zero)
    # A look-up's gradient comes as rows; the update works on whole tables.
    return [tf.convert_to_tensor(gradient) for gradient in found]


def _expect_many_shapes() -> None:
    """A program per padded length is meant; TensorFlow would warn of every one."""
    tf.get_logger().setLevel("ERROR")


def _values(variables) -> list:
    return [variable.value for variable in variables]


def _assign(variables, values) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
