"""The one place that calls TensorFlow's or JAX's own API: compiling and gradients.

Everything else of the reference is written in `keras.ops`. Keras's own training loop
is not used: it cannot keep the shapes of differently padded batches static, and on
BERT-Tiny (batch 8 × 32, one core) `fit` took 22 ms a step where this takes 14–16 ms.
"""

from collections.abc import Callable

import keras
import numpy as np
from keras import ops


def name() -> str:
    """ "tensorflow" or "jax"; KERAS_BACKEND chooses."""
    return keras.backend.backend()


def use_one_thread() -> None:
    """Confine this process to one thread; call before anything is computed.

    A sweep runs one such process per core, which is faster than one program over all
    cores. JAX has no such switch, so there the process keeps to one core.
    """
    if name() == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)


def describe_device() -> dict[str, str]:
    """What this process computes on: backend, its version, kind and name of device."""
    if name() == "tensorflow":
        import tensorflow as tf

        found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices(
            "TPU"
        )
        kind = found[0].device_type if found else "CPU"
        details = "" if not found else found[0].name
        return {"backend": f"tensorflow {tf.__version__}", "device": kind + details}
    import jax

    device = jax.devices()[0]
    kind = device.platform.upper()
    details = "" if kind == "CPU" else f" {device.device_kind}"
    return {"backend": f"jax {jax.__version__}", "device": kind + details}


def compile_gradients(weights: list, sums: list, losses) -> Callable:
    """Add a part of a batch to the gradients' `sums`: one program per shape of it.

    `losses(inputs)` gives each trial's loss, `[K]`, from the Keras variables
    `weights`; their sum is differentiated. The returned function takes `inputs` (a
    dict of arrays; where its "first" is true the sums start anew), updates the
    variables `sums` and returns the losses `[K]`.
    """
    compilers = {"tensorflow": _tensorflow_gradients, "jax": _jax_gradients}
    return compilers[name()](weights, sums, losses)


def compile_update(variables: list, read: list, update) -> Callable:
    """Compile `update(values, read, inputs)`: new values of the Keras `variables`.

    `read` are Keras variables that the update needs and leaves as they are.
    """
    if name() == "tensorflow":
        import tensorflow as tf

        @tf.function(jit_compile=True)
        def step(inputs):
            _assign(variables, update(_values(variables), _values(read), inputs))

        return step
    import jax

    compiled = jax.jit(update, donate_argnums=0)
    return lambda inputs: _assign(
        variables, compiled(_values(variables), _values(read), inputs)
    )


def compile_function(variables: list, function) -> Callable:
    """Compile `function(inputs)`, which reads the Keras `variables`, to NumPy."""
    if name() == "tensorflow":
        import tensorflow as tf

        _expect_many_shapes(tf)
        compiled = tf.function(function, jit_compile=True)
        return lambda inputs: keras.tree.map_structure(np.asarray, compiled(inputs))
    import jax

    compiled = jax.jit(
        lambda values, inputs: _with(variables, values, function, inputs)
    )
    return lambda inputs: keras.tree.map_structure(
        np.asarray, compiled(_values(variables), inputs)
    )


def gradients(weights: list, losses, inputs) -> list[np.ndarray]:
    """The gradient of the summed losses with respect to each of `weights`."""
    if name() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            total = ops.sum(losses(inputs))
        return [np.asarray(g) for g in _dense_gradients(tape, total, weights)]
    import jax

    found = jax.grad(lambda values: ops.sum(_with(weights, values, losses, inputs)))(
        _values(weights)
    )
    return [np.asarray(g) for g in found]


def _tensorflow_gradients(weights, sums, losses):
    import tensorflow as tf

    _expect_many_shapes(tf)

    @tf.function(jit_compile=True)
    def part(inputs):
        with tf.GradientTape() as tape:
            by_trial = losses(inputs)
            total = ops.sum(by_trial)
        found = _dense_gradients(tape, total, weights)
        _assign(sums, _added(found, _values(sums), inputs["first"]))
        return by_trial

    return part


def _expect_many_shapes(tf) -> None:
    """A program per padded length is meant; TensorFlow would warn of every one."""
    tf.get_logger().setLevel("ERROR")


def _dense_gradients(tape, total, weights):
    import tensorflow as tf

    # A look-up's gradient comes as rows; the update works on whole tables.
    found = tape.gradient(total, _values(weights))
    return [tf.convert_to_tensor(gradient) for gradient in found]


def _jax_gradients(weights, sums, losses):
    import jax

    def total(values, inputs):
        by_trial = _with(weights, values, losses, inputs)
        return ops.sum(by_trial), by_trial

    def pure_part(weight_values, sum_values, inputs):
        found, by_trial = jax.grad(total, has_aux=True)(weight_values, inputs)
        return _added(found, sum_values, inputs["first"]), by_trial

    compiled = jax.jit(pure_part, donate_argnums=1)

    def part(inputs):
        state = _values(weights), _values(sums)
        values, by_trial = compiled(*state, inputs)
        _assign(sums, values)
        return by_trial

    return part


def _added(gradients, sums, first):
    """The sums with this part's gradients; alone where it is the first part."""
    return [
        ops.where(first, gradient, total + gradient)
        for gradient, total in zip(gradients, sums, strict=True)
    ]


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
