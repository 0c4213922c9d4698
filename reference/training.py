"""A model with its optimiser as compiled programs: the state of K trials in training.

One `Trainer` serves any number of runs of equal shapes: `start` gives it weights and
clears the optimiser, `step` takes a batch. Learning rates, seeds and the step number
are inputs, so that no value of theirs needs a new compilation. A batch may be computed
in parts, whose gradients add up to its own: what is padded to its longest member is
then the part.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from reference.backend import (
    compile_function,
    compile_gradients,
    compile_training_step,
    compile_update,
)
from reference.dropout import Dropout
from reference.optimization import (
    WEIGHT_DECAY,
    adam_weight_decay,
    clip_by_global_norm,
    is_decayed,
)
from reference.weights import Weights, set_weights, variable_name


@dataclass(frozen=True)
class Part:
    """Some rows of a batch: arrays `[K, P, ...]`, and which rows they are, `[K, P]`."""

    batch: dict
    rows: np.ndarray


class Trainer:
    """Trains `model` on the losses `losses(model, batch, dropout)`, each `[K]`.

    `dropping=False` leaves every dropout out, as evaluation does.
    """

    def __init__(self, model, losses, dropping: bool = True):
        self.model = model
        self._weights = list(model.trainable_variables)
        self._slots = {
            kind: [_zeros_like(variable, kind) for variable in self._weights]
            for kind in ("gradient", "m", "v")
        }
        self._decays = [
            WEIGHT_DECAY if is_decayed(variable_name(model, v)) else 0.0
            for v in self._weights
        ]

        def losses_of(inputs):
            mask = None
            if dropping:
                mask = Dropout(inputs["seeds"], inputs["step"], inputs["rows"])
            return losses(model, inputs["batch"], mask) * inputs["share"]

        moments = [*self._slots["m"], *self._slots["v"]]
        self._whole = compile_training_step(
            self._weights, moments, losses_of, self._update
        )
        gradients = self._slots["gradient"]
        self._add = compile_gradients(self._weights, gradients, losses_of)
        self._apply = compile_update(
            [*self._weights, *moments], gradients, self._update
        )

    def start(self, weights: Sequence[Weights]) -> None:
        """Begin anew: each trial's weights, and an optimiser that has seen nothing."""
        set_weights(self.model, weights)
        for slot in (*self._slots["m"], *self._slots["v"]):
            slot.assign(np.zeros(slot.shape, np.float32))

    def step(self, parts: Sequence[Part], learning_rates, seeds, step: int):
        """One update from a batch in one or more parts; the loss before it, `[K]`.

        `learning_rates` float `[K]` (of this step), `seeds` int `[K]` of the dropout.
        A batch may come in parts where its loss is a mean over its rows.
        """
        size = sum(part.rows.shape[1] for part in parts)
        learning_rates = np.asarray(learning_rates, np.float32)
        inputs = [
            {
                "batch": part.batch,
                "rows": part.rows,
                "share": np.float32(part.rows.shape[1] / size),
                "first": np.bool_(number == 0),
                "seeds": np.asarray(seeds, np.uint32),
                "step": np.int32(step),
            }
            for number, part in enumerate(parts)
        ]
        if len(inputs) == 1:
            return np.asarray(self._whole(inputs[0], learning_rates))
        losses = [self._add(part) for part in inputs]
        self._apply(learning_rates)
        # Only now: to read a loss is to wait for the accelerator.
        return np.sum([np.asarray(loss) for loss in losses], axis=0)

    def state(self) -> dict[str, np.ndarray]:
        """Everything that a resumed run needs: weights and slots, each `[K, ...]`."""
        return {name: np.asarray(v.value) for name, v in self._state_variables()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Put back what `state` gave."""
        for name, variable in self._state_variables():
            variable.assign(state[name])

    def _state_variables(self):
        names = [variable_name(self.model, v) for v in self._weights]
        kinds = {"weights": self._weights, "m": self._slots["m"], "v": self._slots["v"]}
        return [
            (f"{kind}/{name}", variable)
            for kind, variables in kinds.items()
            for name, variable in zip(names, variables, strict=True)
        ]

    def _update(self, state, gradients, learning_rates):
        """New weights, m and v from the old and the gradients."""
        count = len(self._weights)
        weights, m, v = (
            state[first : first + count] for first in range(0, 3 * count, count)
        )
        clipped = clip_by_global_norm(gradients)
        updated = [
            adam_weight_decay(*one, learning_rates, decay)
            for *one, decay in zip(weights, clipped, m, v, self._decays, strict=True)
        ]
        return [value for kind in zip(*updated, strict=True) for value in kind]


def whole_batch(batch: dict, trials: int, size: int) -> list[Part]:
    """A batch that is not divided."""
    return [Part(batch, np.tile(np.arange(size, dtype=np.int32), (trials, 1)))]


def _zeros_like(variable, name: str) -> keras.Variable:
    return keras.Variable(
        np.zeros(variable.shape, np.float32), trainable=False, name=name
    )


def compile_model(model, outputs):
    """Compile `outputs(model, batch)` for evaluation (no dropout), to NumPy."""
    return compile_function(model.weights, lambda batch: outputs(model, batch))
