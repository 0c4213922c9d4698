"""K trials in training on a device, and one program that makes many of their steps.

A step of a small model takes so little time that what surrounds it counts: a call for
every step, a compilation for every shape of a batch. So the program is two loops, over
steps and over the parts of a step, whose numbers are inputs; parts have one shape
(packing.py). Learning rates, seeds and the step number are inputs, too.

For pre-training, and over several devices, see training.py.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from keras import ops

from reference.backend import compile_stateful, differentiated, fetched
from reference.dropout import Dropout
from reference.optimization import Clipping
from reference.optimizer import Optimizer
from reference.packing import NO_EXAMPLE
from reference.weights import Weights, set_weights
from reference.word_table import WordTable


@dataclass(frozen=True)
class Steps:
    """Some consecutive steps, and room for more.

    `parts` are arrays `[P, K, ...]`, those of a step one after the other; `ends` int32
    `[N + 1]`, where each step's parts end, after a 0; `learning_rates` float32
    `[N, K]` and `corrections` of Adam's moments `[N, 2]`; `pieces` int32 `[K, U]`, the
    rows of the table of words that are trained; `first` the number of the first step,
    `count` how many of N there are.
    """

    parts: dict[str, np.ndarray]
    ends: np.ndarray
    learning_rates: np.ndarray
    corrections: np.ndarray
    pieces: np.ndarray
    first: int
    count: int

    @property
    def tokens(self) -> dict[str, int]:
        """Of a trial (the mean over K): "real" ones, and "computed" with padding."""
        examples = self.parts["examples"][: self.ends[self.count]]
        trials = examples.shape[1]
        return {
            "real": int((examples != NO_EXAMPLE).sum()) // trials,
            "computed": examples.size // trials,
        }


class StackTrainer:
    """Trains `model` on `losses(model, part, dropout)`, `[K]`, summed over parts.

    The model's table of words holds the rows that a call needs; a `WordTable`, which
    may be another one for every run, has them all.
    """

    def __init__(self, model, losses, clipping: Clipping = Clipping.ONE_HOT):
        self.model = model
        self._optimizer = Optimizer(model, clipping)
        self._differentiate = differentiated(
            self._optimizer.differentiated,
            lambda inputs: losses(model, inputs["part"], _dropout(inputs)),
        )
        self.words = functools.cache(self._new_words)
        self._program = compile_stateful(self._optimizer.state, self._make_steps)

    def _new_words(self, rows: int) -> WordTable:
        return WordTable(rows, self._optimizer.of(self.model.bert.embeddings.word))

    def start(self, weights: Sequence[Weights]) -> None:
        """Begin anew: each trial's weights, and an optimiser that has seen nothing."""
        set_weights(self.model, weights)
        self._optimizer.forget()

    def run(self, steps: Steps, words: WordTable, seeds: Sequence[int]) -> np.ndarray:
        """Make the steps; the losses before each, float32 `[count, K]`."""
        inputs = {
            "parts": steps.parts,
            "ends": steps.ends,
            "learning_rates": steps.learning_rates,
            "corrections": steps.corrections,
            "seeds": np.asarray(seeds, np.uint32),
            "first": np.int32(steps.first),
            "count": np.int32(steps.count),
        }
        words.take(steps.pieces)
        losses = self._program(inputs)
        paces = steps.learning_rates, steps.corrections
        words.put(steps.pieces, *paces, steps.count)
        return fetched(losses)[: steps.count]

    def _make_steps(self, state: list, inputs: dict):
        """The state after the steps, and their losses `[N, K]`."""
        rates, corrections = inputs["learning_rates"], inputs["corrections"]

        def a_step(number, state, losses):
            gradients, loss = self._gradients(state, inputs, number)
            paces = rates[number], corrections[number]
            state = self._optimizer.updated(state, gradients, *paces)
            losses = ops.slice_update(losses, (number, 0), loss[None])
            return number + 1, state, losses

        _, state, losses = ops.while_loop(
            lambda number, *_: number < inputs["count"],
            a_step,
            (ops.zeros((), "int32"), state, ops.zeros_like(rates)),
        )
        return state, losses

    def _gradients(self, state: list, inputs: dict, number):
        """Of one step: the sums over its parts of the gradients and of the losses."""
        values = state[: len(self._optimizer.differentiated)]

        def a_part(place, sums, loss):
            part = {name: array[place] for name, array in inputs["parts"].items()}
            about = {"seeds": inputs["seeds"], "step": inputs["first"] + number}
            found, by_trial = self._differentiate(values, about | {"part": part})
            sums = [
                total + gradient for total, gradient in zip(sums, found, strict=True)
            ]
            return place + 1, sums, loss + by_trial

        _, sums, loss = ops.while_loop(
            lambda place, *_: place < inputs["ends"][number + 1],
            a_part,
            (
                inputs["ends"][number],
                [ops.zeros_like(value) for value in values],
                ops.zeros_like(inputs["learning_rates"][0]),
            ),
        )
        return sums, loss


def _dropout(inputs: dict) -> Dropout:
    part = inputs["part"]
    packed = part["examples"], part["positions"]
    return Dropout(inputs["seeds"], inputs["step"], part["rows"], packed)
