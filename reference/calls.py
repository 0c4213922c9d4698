"""The steps of a fine-tuning run, gathered into calls of one shape.

A call makes as many steps as have room in it (stack_trainer.py): of parts, of steps,
and of the word pieces that they need between them (word_table.py).

Shapes: P parts, N steps, K trials, U trained rows of the table of words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from reference.errors import InputError
from reference.optimization import WEIGHT_DECAY
from reference.packing import PartShape, packed_parts, rounded_up
from reference.recipe import Recipe
from reference.stack_trainer import Steps
from reference.task_data import TaskData
from reference.word_table import STEPS_AT_ONCE

# What a call has room for at least; a batch of 128 long examples is 64 parts.
PARTS = 64
STEPS = 64
# The trained rows of the table of words: this many, or four times as many, and so on.
FEWEST_ROWS = 1024
# More rows mean fewer calls, but a longer update at every step.
USUAL_ROWS = 4096


@dataclass(frozen=True)
class Room:
    """The shape of the parts, and U."""

    part: PartShape
    pieces: int


@dataclass
class _Gathered:
    """Steps from `first` on that will be one call, and each seed's pieces in them."""

    first: int
    steps: list[dict[str, np.ndarray]] = field(default_factory=list)
    pieces: list[np.ndarray] = field(default_factory=list)

    @property
    def parts(self) -> int:
        return sum(len(step["input_ids"]) for step in self.steps)


class RunSteps:
    """The batches of a run of some seeds; trials of one seed see the same."""

    def __init__(self, data: TaskData, recipe: Recipe, seeds: Sequence[int]):
        self._data, self._recipe = data, recipe
        own = sorted(set(seeds))
        self._of_trial = np.array([own.index(seed) for seed in seeds])
        rows = len(data.labels)
        self._orders = [recipe.row_order(rows, seed) for seed in own]
        self._counted = data.counted or rows
        self.count = recipe.num_train_steps(self._counted)
        if self.count < recipe.epochs:
            raise InputError(
                f"training examples: expected a batch of {recipe.batch_size} or more, "
                f"found {self._counted}; take a smaller batch"
            )

    def left_by_decay(self, learning_rates: Sequence[float]) -> np.ndarray:
        """What the whole run leaves of a weight without gradient: a share `[K]`.

        AdamWeightDecay takes rate × WEIGHT_DECAY of it at each step.
        """
        factors = [
            self._recipe.rate_factor(step, self._counted) for step in range(self.count)
        ]
        decays = WEIGHT_DECAY * np.outer(factors, learning_rates)
        with np.errstate(over="ignore"):  # of a rate at which all diverges
            return np.prod(1.0 - decays, axis=0)

    def pieces_needed(self, vocabulary: int) -> int:
        """How many rows to train at once, which any step of the run can do with."""
        usual = usual_rows(vocabulary)
        longest = np.sort(self._data.train.lengths)[-self._recipe.batch_size :]
        if longest.sum() < usual:  # and what a shorter one is padded with
            return usual
        found = max(
            len(pieces) for step in range(self.count) for pieces in self._pieces(step)
        )
        return max(usual, _class_of(found))

    def calls(self, room: Room, rows: int, learning_rates) -> Iterator[Steps]:
        """All steps, in calls; `learning_rates` float `[K]`, at the end of warm-up.

        `rows` is how many the whole table of words has.
        """
        gathered = _Gathered(0)
        for step in range(self.count):
            parts, pieces = self._packed(step, room.part), self._pieces(step)
            union = pieces
            if gathered.steps:
                union = list(map(np.union1d, gathered.pieces, pieces))
            if gathered.steps and self._is_full(gathered, parts, union, room):
                yield self._call(gathered, room, rows, learning_rates)
                gathered, union = _Gathered(step), pieces
            gathered.steps.append(parts)
            gathered.pieces = union
        yield self._call(gathered, room, rows, learning_rates)

    def _is_full(self, gathered, parts, union, room: Room) -> bool:
        return (
            len(gathered.steps) == STEPS
            or gathered.parts + len(parts["input_ids"]) > PARTS
            or max(map(len, union)) > room.pieces
        )

    def _packed(self, step: int, shape: PartShape) -> dict[str, np.ndarray]:
        """A batch of every seed in parts, `[P, seeds, ...]`, with its labels."""
        chosen = [order.batch(step) for order in self._orders]
        parts = packed_parts(self._data.train, chosen, shape)
        labels = self._data.labels[np.stack(chosen)]  # [seeds, B, ...]
        rows = np.maximum(parts["rows"], 0)  # any label will do where there is none
        seeds = np.arange(len(chosen))[:, None]
        return parts | {"labels": labels[seeds, rows]}  # [P, seeds, E, ...]

    def _pieces(self, step: int) -> list[np.ndarray]:
        """The distinct word pieces of a batch of every seed."""
        ids = self._data.train.input_ids
        return [np.unique(ids[order.batch(step)]) for order in self._orders]

    def _call(
        self, gathered: _Gathered, room: Room, rows: int, learning_rates
    ) -> Steps:
        ends = np.cumsum([0, *(len(step["input_ids"]) for step in gathered.steps)])
        size = rounded_up(int(ends[-1]), PARTS)
        parts = {
            name: _filled_up(np.concatenate([s[name] for s in gathered.steps]), size)
            for name in gathered.steps[0]
        }
        pieces = np.stack([filled(own, room.pieces, rows) for own in gathered.pieces])
        for place, own in enumerate(pieces):
            ids = parts["input_ids"][:, place]
            parts["input_ids"][:, place] = np.searchsorted(own, ids)
        count = len(gathered.steps)
        numbers = range(gathered.first, gathered.first + count)
        factors = [self._recipe.rate_factor(step, self._counted) for step in numbers]
        rates = np.outer(factors, learning_rates).astype(np.float32)
        corrections = [self._recipe.corrections(step) for step in numbers]
        steps_room = rounded_up(STEPS, STEPS_AT_ONCE)
        return Steps(
            parts={k: array[:, self._of_trial] for k, array in parts.items()},
            ends=_filled_up(ends.astype(np.int32), STEPS + 1),
            learning_rates=_filled_up(rates, steps_room),
            corrections=_filled_up(np.array(corrections, np.float32), steps_room),
            pieces=pieces[self._of_trial].astype(np.int32),
            first=gathered.first,
            count=count,
        )


def usual_rows(vocabulary: int) -> int:
    """How many rows of a table to compute with at once, where any number will do."""
    return _class_of(min(vocabulary, USUAL_ROWS))


def filled(pieces: np.ndarray, size: int, rows: int) -> np.ndarray:
    """These rows of `rows` and others, `size` in all, in their order: int64.

    Which others is no matter: a row that is trained without need goes through the same.
    """
    is_in = np.zeros(rows, bool)
    is_in[pieces] = True
    is_in[np.flatnonzero(~is_in)[: size - len(pieces)]] = True
    return np.flatnonzero(is_in)


def _class_of(rows: int) -> int:
    size = FEWEST_ROWS
    while size < rows:
        size *= 4
    return size


def _filled_up(array: np.ndarray, size: int) -> np.ndarray:
    """With zeros behind, which no step reads."""
    missing = [(0, size - len(array))] + [(0, 0)] * (array.ndim - 1)
    return np.pad(array, missing)
