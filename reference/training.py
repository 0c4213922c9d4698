"""A model with its optimiser as compiled programs: the state of K trials in training.

One `Trainer` serves any number of runs of equal shapes: `start` gives it weights and
clears the optimiser, `step` takes a batch. Learning rates, seeds and the step number
are inputs, so that no value of theirs needs a new compilation. A batch may be computed
in parts, whose gradients add up to its own: what is padded to its longest member is
then the part.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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
from reference.optimization import Clipping
from reference.optimizer import Optimizer, zeros_like
from reference.weights import Weights, set_weights


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
        self._optimizer = optimizer = Optimizer(model, clipping)
        sums = [zeros_like(one, "gradient") for one in optimizer.differentiated]

        def losses_of(inputs):
            mask = None
            if dropping:
                mask = Dropout(inputs["seeds"], inputs["step"], inputs["rows"])
            # The rows that this program sees: on a mesh, those of one device.
            share = inputs["rows"].shape[1] / inputs["size"]
            return losses(model, inputs["batch"] | {"share": share}, mask) * share

        self._whole = compile_training_step(
            optimizer.differentiated,
            optimizer.moments,
            losses_of,
            optimizer.updated,
            mesh,
        )
        self._add = compile_gradients(optimizer.differentiated, sums, losses_of, mesh)
        self._apply = compile_update(optimizer.state, sums, optimizer.updated, mesh)

    def start(self, weights: Sequence[Weights]) -> None:
        """Begin anew: each trial's weights, and an optimiser that has seen nothing."""
        set_weights(self.model, weights)
        self._optimizer.forget()

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
        return {name: fetched(v.value) for name, v in self._optimizer.named()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Put back what `state` gave."""
        for name, variable in self._optimizer.named():
            variable.assign(state[name])


def whole_batch(batch: dict, trials: int, size: int) -> list[Part]:
    """A batch that is not divided."""
    return [Part(batch, np.tile(np.arange(size, dtype=np.int32), (trials, 1)))]


def compile_model(model, outputs):
    """Compile `outputs(model, batch)` for evaluation (no dropout), to NumPy."""
    return compile_function(model.weights, lambda batch: outputs(model, batch))
