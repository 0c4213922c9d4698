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
    fetched,
)
from reference.devices import ONE_DEVICE, Mesh
from reference.dropout import Dropout
from reference.optimization import (
    WEIGHT_DECAY,
    Clipping,
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

    `dropping=False` leaves every dropout out, as evaluation does. `clipping` says which
    of the original's graphs to clip as. Model and trainer of a `mesh` are made within
    `reference.backend.building(mesh)`.

    What the losses are of may be some rows of a batch, be it a part or a device's share
    of one. Then `batch["share"]` says which share: losses that are means over rows need
    not look at it, since they are multiplied by it.
    """

    def __init__(
        self,
        model,
        losses,
        dropping: bool = True,
        clipping: Clipping = Clipping.ONE_HOT,
        mesh: Mesh = ONE_DEVICE,
    ):
        self.model = model
        self._weights = list(model.trainable_variables)
        # Differentiated like the weights, but neither updated nor part of the state.
        self._probes = _row_probes(model, clipping)
        differentiated = [*self._weights, *self._probes.values()]
        sums = [_zeros_like(variable, "gradient") for variable in differentiated]
        self._slots = {
            kind: [_zeros_like(variable, kind) for variable in self._weights]
            for kind in ("m", "v")
        }
        self._decays = [
            WEIGHT_DECAY if is_decayed(variable_name(model, v)) else 0.0
            for v in self._weights
        ]

        def losses_of(inputs):
            mask = None
            if dropping:
                mask = Dropout(inputs["seeds"], inputs["step"], inputs["rows"])
            # The rows that this program sees: on a mesh, those of one device.
            share = inputs["rows"].shape[1] / inputs["size"]
            return losses(model, inputs["batch"] | {"share": share}, mask) * share

        moments = [*self._slots["m"], *self._slots["v"]]
        self._whole = compile_training_step(
            differentiated, moments, losses_of, self._update, mesh
        )
        self._add = compile_gradients(differentiated, sums, losses_of, mesh)
        self._apply = compile_update(
            [*differentiated, *moments], sums, self._update, mesh
        )

    def start(self, weights: Sequence[Weights]) -> None:
        """Begin anew: each trial's weights, and an optimiser that has seen nothing."""
        set_weights(self.model, weights)
        for slot in (*self._slots["m"], *self._slots["v"]):
            slot.assign(np.zeros(slot.shape, np.float32))

    def step(
        self, parts: Sequence[Part], learning_rates, seeds, step: int
    ) -> np.ndarray:
        """One update from a batch in one or more parts; the loss before it, `[K]`.

        `learning_rates` float `[K]` (of this step), `seeds` int `[K]` of the dropout.
        """
        return fetched(self.dispatch(parts, learning_rates, seeds, step))

    def dispatch(self, parts: Sequence[Part], learning_rates, seeds, step: int):
        """`step`, whose loss stays on the device: to read it is to wait for it."""
        size = sum(part.rows.shape[1] for part in parts)
        learning_rates = np.asarray(learning_rates, np.float32)
        inputs = [
            {
                "batch": part.batch,
                "rows": part.rows,
                "size": np.float32(size),
                "first": np.bool_(number == 0),
                "seeds": np.asarray(seeds, np.uint32),
                "step": np.int32(step),
            }
            for number, part in enumerate(parts)
        ]
        if len(inputs) == 1:
            return self._whole(inputs[0], learning_rates)
        loss = sum(self._add(part) for part in inputs)
        self._apply(learning_rates)
        return loss

    def state(self) -> dict[str, np.ndarray]:
        """Everything that a resumed run needs: weights and slots, each `[K, ...]`."""
        return {name: fetched(v.value) for name, v in self._state_variables()}

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
        """New weights, m and v from the old and the gradients; the probes as before."""
        count = len(self._weights)
        weights, probes = state[:count], state[count : -2 * count]
        m, v = state[-2 * count : -count], state[-count:]
        counted = dict(zip(self._probes, gradients[count:], strict=True))
        clipped = clip_by_global_norm(gradients[:count], counted)
        updated = [
            adam_weight_decay(*one, learning_rates, decay)
            for *one, decay in zip(weights, clipped, m, v, self._decays, strict=True)
        ]
        weights, m, v = zip(*updated, strict=True)
        return [*weights, *probes, *m, *v]


def whole_batch(batch: dict, trials: int, size: int) -> list[Part]:
    """A batch that is not divided."""
    return [Part(batch, np.tile(np.arange(size, dtype=np.int32), (trials, 1)))]


def _row_probes(model, clipping: Clipping) -> dict:
    """The place of the gradient that counts by its looked-up rows, and their probe."""
    if Clipping(clipping) is Clipping.ONE_HOT or model.ties_embeddings:
        return {}
    embeddings = model.bert.embeddings
    (place,) = (
        place
        for place, variable in enumerate(model.trainable_variables)
        if variable is embeddings.word
    )
    return {place: embeddings.row_probe()}


def _zeros_like(variable, name: str) -> keras.Variable:
    return keras.Variable(
        np.zeros(variable.shape, np.float32), trainable=False, name=name
    )


def compile_model(model, outputs):
    """Compile `outputs(model, batch)` for evaluation (no dropout), to NumPy."""
    return compile_function(model.weights, lambda batch: outputs(model, batch))
