"""The one place that calls TensorFlow's or JAX's own API: compiling and gradients.

Everything else of the reference is written in `keras.ops`. Keras's own training loop
is not used: it cannot keep the shapes of differently padded batches static, and what it
does around a step takes long beside the step of a small model.
"""

from collections.abc import Callable

import keras
import numpy as np
from keras import ops


def name() -> str:
    """ "tensorflow" or "jax"; KERAS_BACKEND chooses."""
    return keras.backend.backend()


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


def compile_training_step(weights: list, slots: list, losses, update) -> Callable:
    """A whole batch's gradients and update as one program per shape of its inputs.

    `losses(inputs)` gives each trial's loss, `[K]`, from the Keras variables
    `weights`; their sum is differentiated. `update(state, gradients, learning_rates)`
    gives the new values of `weights + slots`. The returned function takes `inputs` (a
    dict of arrays) and learning rates, updates the variables, returns the losses `[K]`.
    """
    compilers = {"tensorflow": _tensorflow_step, "jax": _jax_step}
    return compilers[name()](weights, slots, losses, update)


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
    """The update of `compile_training_step` by itself, from gradients in `read`."""
    if name() == "tensorflow":
        import tensorflow as tf

        @tf.function(jit_compile=True)
        def step(learning_rates):
            state, found = _values(variables), _values(read)
            _assign(variables, update(state, found, learning_rates))

        return step
    import jax

    compiled = jax.jit(update, donate_argnums=0)
    return lambda learning_rates: _assign(
        variables, compiled(_values(variables), _values(read), learning_rates)
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
        found, _ = _tensorflow_differentiated(weights, losses, inputs)
    else:
        found, _ = _jax_differentiated(weights, losses)(_values(weights), inputs)
    return [np.asarray(gradient) for gradient in found]


def _tensorflow_step(weights, slots, losses, update):
    import tensorflow as tf

    _expect_many_shapes(tf)

    @tf.function(jit_compile=True)
    def step(inputs, learning_rates):
        found, by_trial = _tensorflow_differentiated(weights, losses, inputs)
        state = weights + slots
        _assign(state, update(_values(state), found, learning_rates))
        return by_trial

    return step


def _jax_step(weights, slots, losses, update):
    import jax

    count = len(weights)

    def pure_step(state, inputs, learning_rates):
        found, by_trial = _jax_differentiated(weights, losses)(state[:count], inputs)
        return update(state, found, learning_rates), by_trial

    compiled = jax.jit(pure_step, donate_argnums=0)

    def step(inputs, learning_rates):
        state = weights + slots
        values, by_trial = compiled(_values(state), inputs, learning_rates)
        _assign(state, values)
        return by_trial

    return step


def _tensorflow_gradients(weights, sums, losses):
    import tensorflow as tf

    _expect_many_shapes(tf)

    @tf.function(jit_compile=True)
    def part(inputs):
        found, by_trial = _tensorflow_differentiated(weights, losses, inputs)
        _assign(sums, _added(found, _values(sums), inputs["first"]))
        return by_trial

    return part


def _tensorflow_differentiated(weights, losses, inputs):
    """The gradients of the summed losses, and the losses."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        by_trial = losses(inputs)
        total = ops.sum(by_trial)
    # A look-up's gradient comes as rows; the update works on whole tables.
    found = tape.gradient(total, _values(weights))
    return [tf.convert_to_tensor(gradient) for gradient in found], by_trial


def _expect_many_shapes(tf) -> None:
    """A program per padded length is meant; TensorFlow would warn of every one."""
    tf.get_logger().setLevel("ERROR")


def _jax_gradients(weights, sums, losses):
    import jax

    def pure_part(weight_values, sum_values, inputs):
        found, by_trial = _jax_differentiated(weights, losses)(weight_values, inputs)
        return _added(found, sum_values, inputs["first"]), by_trial

    compiled = jax.jit(pure_part, donate_argnums=1)

    def part(inputs):
        state = _values(weights), _values(sums)
        values, by_trial = compiled(*state, inputs)
        _assign(sums, values)
        return by_trial

    return part


def _jax_differentiated(weights, losses):
    """The same, as a function of the weights' values and the inputs."""
    import jax

    def total(values, inputs):
        by_trial = _with(weights, values, losses, inputs)
        return ops.sum(by_trial), by_trial

    return jax.grad(total, has_aux=True)


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
