"""A model with its optimiser as compiled programs: the state of K trials in training.

One `Trainer` serves any number of runs of equal shapes: `start` gives it weights and
clears the optimiser, `step` takes a batch. Learning rates, seeds and the step number
are inputs, so that no value of theirs needs a new compilation.
"""

from collections.abc import Sequence

import keras
import numpy as np

from reference.backend import compile_function, compile_training_step
from reference.dropout import Dropout
from reference.optimization import (
    WEIGHT_DECAY,
    adam_weight_decay,
    clip_by_global_norm,
    is_decayed,
)
from reference.weights import Weights, set_weights, variable_name


class Trainer:
    """Trains `model` on the losses `losses(model, batch, dropout)`, each `[K]`.

    `dropping=False` leaves every dropout out, as evaluation does.
    """

    def __init__(self, model, losses, dropping: bool = True):
        self.model = model
        self._weights = list(model.trainable_variables)
        self._slots = [
            keras.Variable(np.zeros(v.shape, np.float32), trainable=False, name=slot)
            for slot in ("m", "v")
            for v in self._weights
        ]
        self._decays = [
            WEIGHT_DECAY if is_decayed(variable_name(model, v)) else 0.0
            for v in self._weights
        ]

        def losses_of(inputs):
            mask = Dropout(inputs["seeds"], inputs["step"]) if dropping else None
            return losses(model, inputs["batch"], mask)

        self._step = compile_training_step(
            self._weights, self._slots, losses_of, self._update
        )

    def start(self, weights: Sequence[Weights]) -> None:
        """Begin anew: each trial's weights, and an optimiser that has seen nothing."""
        set_weights(self.model, weights)
        for slot in self._slots:
            slot.assign(np.zeros(slot.shape, np.float32))

    def step(self, batch: dict, learning_rates, seeds, step: int):
        """One update; returns the losses before it, `[K]`, on the device.

        `learning_rates` float `[K]` (of this step), `seeds` int `[K]` of the dropout.
        """
        return self._step(
            {
                "batch": batch,
                "learning_rates": np.asarray(learning_rates, np.float32),
                "seeds": np.asarray(seeds, np.uint32),
                "step": np.int32(step),
            }
        )

    def state(self) -> dict[str, np.ndarray]:
        """Everything that a resumed run needs: weights and slots, each `[K, ...]`."""
        return {name: np.asarray(v.value) for name, v in self._state_variables()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Put back what `state` gave."""
        for name, variable in self._state_variables():
            variable.assign(state[name])

    def _state_variables(self):
        names = [variable_name(self.model, v) for v in self._weights]
        kinds = ("weights", "m", "v")
        named = [f"{kind}/{name}" for kind in kinds for name in names]
        return zip(named, self._weights + self._slots, strict=True)

    def _update(self, weights, gradients, slots, inputs):
        gradients = clip_by_global_norm(gradients)
        halves = slots[: len(weights)], slots[len(weights) :]
        updated = [
            adam_weight_decay(*one, inputs["learning_rates"], decay)
            for *one, decay in zip(
                weights, gradients, *halves, self._decays, strict=True
            )
        ]
        return [value for kind in zip(*updated, strict=True) for value in kind]


def compile_model(model, outputs):
    """Compile `outputs(model, batch)` for evaluation (no dropout), to NumPy."""
    return compile_function(model.weights, lambda batch: outputs(model, batch))
