"""The optimiser's state: what AdamWeightDecay keeps of every weight, K trials wide.

How a weight is updated is in optimization.py; programs that do it are in training.py
and stack_trainer.py.
"""

import keras
import numpy as np

from reference.optimization import (
    WEIGHT_DECAY,
    Clipping,
    adam_weight_decay,
    clip_by_global_norm,
    is_decayed,
)
from reference.weights import variable_name


class Optimizer:
    """AdamWeightDecay with what it remembers of a model's weights, K trials wide.

    `differentiated` are the variables whose gradients it takes: the weights, and those
    of probes (row_probe.py), which are not updated. `state` is these and the moments.
    """

    def __init__(self, model, clipping: Clipping):
        self._model = model
        self._weights = list(model.trainable_variables)
        self._probes = _row_probes(model, clipping)
        self._slots = {
            kind: [zeros_like(variable, kind) for variable in self._weights]
            for kind in ("m", "v")
        }
        self._decays = [
            WEIGHT_DECAY if is_decayed(variable_name(model, v)) else 0.0
            for v in self._weights
        ]
        self.differentiated = [*self._weights, *self._probes.values()]
        self.moments = [*self._slots["m"], *self._slots["v"]]
        self.state = [*self.differentiated, *self.moments]

    def forget(self) -> None:
        """Begin anew, as one that has seen no gradient."""
        for moment in self.moments:
            moment.assign(np.zeros(moment.shape, np.float32))

    def updated(
        self, state: list, gradients: list, learning_rates, corrections=None
    ) -> list:
        """New values of `state` from the old and the gradients; the probes as before.

        `learning_rates` is float32 `[K]`; `corrections` float32 `[2]`, of m and v.
        """
        count = len(self._weights)
        weights, probes = state[:count], state[count : -2 * count]
        m, v = state[-2 * count : -count], state[-count:]
        counted = dict(zip(self._probes, gradients[count:], strict=True))
        clipped = clip_by_global_norm(gradients[:count], counted)
        updated = [
            adam_weight_decay(one, gradient, learning_rates, decay, corrections)
            for *one, gradient, decay in zip(
                weights, m, v, clipped, self._decays, strict=True
            )
        ]
        weights, m, v = zip(*updated, strict=True)
        return [*weights, *probes, *m, *v]

    def of(self, weight) -> list[keras.Variable]:
        """One weight and its moments."""
        (place,) = (at for at, one in enumerate(self._weights) if one is weight)
        return [weight, self._slots["m"][place], self._slots["v"][place]]

    def named(self) -> list[tuple[str, keras.Variable]]:
        """Weights and moments by name: what a resumed run needs."""
        names = [variable_name(self._model, v) for v in self._weights]
        kinds = {"weights": self._weights} | self._slots
        return [
            (f"{kind}/{name}", variable)
            for kind, variables in kinds.items()
            for name, variable in zip(names, variables, strict=True)
        ]


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


def zeros_like(variable, name: str) -> keras.Variable:
    return keras.Variable(
        np.zeros(variable.shape, np.float32), trainable=False, name=name
    )
