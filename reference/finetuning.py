"""Fine-tuning of K trials at once on one task: classes, a score, or spans of text.

Source: the original's run_classifier.py: 4 epochs, warm-up over a tenth of the steps,
dropout 0.1 on the pooled output, mean cross-entropy (squared error for a score); and
its run_squad.py. What is asked of the encoder is the model's affair (heads.py).
Trials of a stack share the task, the batch size and the number of steps, and differ in
learning rate, seed and initial weights. Which trials to run is the harness's affair.

Savings that change no result: examples are packed into rows (packing.py), many steps
are one call (calls.py), and word pieces and positions that occur nowhere in the task
are left out (task_programs.py).
"""

import dataclasses
import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reference.accelerator import devices
from reference.calls import Room, RunSteps, usual_rows
from reference.configuration import BertConfig
from reference.optimization import Clipping
from reference.packing import PartShape
from reference.recipe import Recipe
from reference.task_data import TaskData, only_occurring_pieces
from reference.task_programs import (
    POSITION_EMBEDDINGS,
    Head,
    TaskPrograms,
    table_rows,
)
from reference.time_spent import TimeSpent
from reference.weights import Weights

__all__ = ["FineTuner", "Outcome", "Recipe", "TaskData", "only_occurring_pieces"]

# Rows computed at once. On a processor few: small batches are filled up by little, and
# what is computed stays in its cache; an accelerator is idle with less than many.
PART_ROWS = {"cpu": 2}
PART_ROWS_OF_ACCELERATOR = 32

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Outcome:
    """`losses` `[epochs, K]`: mean training loss; `logits` per split: `[K, n, C]`, or
    `[K, n, S, 2]` of spans.

    `seconds` of the stack went into each part of the work; `tokens` are those trained
    on by a trial, "real" ones, and "computed" ones with the padding. `weights` are each
    trial's own after training, where they were asked for: encoder, pooler and head.
    """

    losses: np.ndarray
    logits: dict[str, np.ndarray]
    seconds: dict[str, float]
    tokens: dict[str, int]
    weights: list[Weights] | None = None


class FineTuner:
    """The compiled programs for one model: any number of tasks and runs use them.

    Of `config`, the vocabulary and the positions are those of the pre-trained weights;
    `head(config, trials)` makes the model.
    """

    def __init__(
        self,
        config: BertConfig,
        head: Head,
        trials: int,
        part_rows: int | None = None,
    ):
        self._config, self._head, self._trials = config, head, trials
        self._part_rows = part_rows or _part_rows()
        self._programs = functools.cache(self._new_programs)

    def run(
        self,
        pretrained: Weights | Sequence[Weights],
        data: TaskData,
        recipe: Recipe,
        learning_rates: Sequence[float],
        seeds: Sequence[int],
        progress: Progress | None = None,
        *,
        keep_weights: bool = False,
    ) -> Outcome:
        """Fine-tune one trial per learning rate and seed, and predict every split.

        They begin from the same `pretrained` weights or each from its own; a head that
        is among these is trained further, one that is not is drawn from the seed.
        """
        given, vocabulary = self._of_each(pretrained), data.vocabulary
        steps, length = RunSteps(data, recipe, seeds), _row_length(data, given)
        pieces = steps.pieces_needed(table_rows(given[0], vocabulary))
        programs = self._programs(pieces, length, recipe.clipping)
        words = programs.start(given, vocabulary, seeds)
        room = Room(PartShape(self._part_rows, length), pieces)
        spent, losses, tokens = TimeSpent(), [], Counter()
        calls = steps.calls(room, words.rows, learning_rates)
        for call in spent.making("packing", calls):
            with spent.on(programs.doing("training")):
                losses.append(programs.trainer.run(call, words, seeds))
            tokens.update(call.tokens)
            if progress:
                progress(call.first + call.count, steps.count)
        epochs = np.array_split(np.concatenate(losses), recipe.epochs)
        logits, weights = {}, None
        for split, features in data.evaluated.items():
            with spent.on(programs.doing("prediction")):
                logits[split] = programs.logits(features, words)
        if keep_weights:
            left = steps.left_by_decay(learning_rates)
            weights = programs.weights(given, vocabulary, words, left)
        losses = np.stack([epoch.mean(axis=0) for epoch in epochs])
        return Outcome(losses, logits, spent.seconds, dict(tokens), weights)

    def predict(
        self, weights: Weights | Sequence[Weights], data: TaskData
    ) -> dict[str, np.ndarray]:
        """The logits of every split, `[K, n, C]`, of models that are trained already.

        InputError for weights without the head that is asked.
        """
        given, vocabulary = self._of_each(weights), data.vocabulary
        pieces = usual_rows(table_rows(given[0], vocabulary))
        programs = self._programs(pieces, _row_length(data, given), Clipping.ONE_HOT)
        words = programs.start(given, vocabulary, None)
        return {
            split: programs.logits(features, words)
            for split, features in data.evaluated.items()
        }

    def _of_each(self, weights: Weights | Sequence[Weights]) -> Sequence[Weights]:
        return [weights] * self._trials if isinstance(weights, Mapping) else weights

    def _new_programs(self, pieces: int, length: int, clipping: Clipping):
        config = dataclasses.replace(
            self._config, vocab_size=pieces, max_position_embeddings=length
        )
        return TaskPrograms(config, self._head, self._trials, clipping)


def _row_length(data: TaskData, given: Sequence[Weights]) -> int:
    """That of the data, and no more positions than the checkpoint has."""
    return min(data.row_length, len(given[0][POSITION_EMBEDDINGS]))


def _part_rows() -> int:
    return PART_ROWS.get(devices()[0].kind, PART_ROWS_OF_ACCELERATOR)
