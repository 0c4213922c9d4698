"""Fine-tuning of K trials at once on one classification or regression task.

Source: the original's run_classifier.py: 4 epochs, warm-up over a tenth of the steps,
dropout 0.1 on the pooled output, mean cross-entropy (squared error for a score).
Trials of a stack share the task, the batch size and the number of steps, and differ in
learning rate, seed and initial weights. Which trials to run is the harness's affair.

Savings that change no result: examples are packed into rows (packing.py), many steps
are one call (calls.py), and word pieces and positions that occur nowhere in the task
are left out (their gradient is zero, so they never change a prediction).
"""

import dataclasses
import functools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from reference.accelerator import devices
from reference.calls import Room, RunSteps, filled
from reference.configuration import BertConfig
from reference.features import Features
from reference.heads import FineTuningModel, fine_tuning_losses
from reference.optimization import Clipping
from reference.packing import NO_EXAMPLE, PartShape, packed_parts, rounded_up
from reference.recipe import Recipe
from reference.stack_trainer import StackTrainer
from reference.task_data import TaskData, only_occurring_pieces
from reference.time_spent import TimeSpent
from reference.training import compile_model
from reference.weights import Weights, complete, weight_shapes
from reference.word_table import WordTable

__all__ = ["FineTuner", "Outcome", "Recipe", "TaskData", "only_occurring_pieces"]

WORD_EMBEDDINGS = "bert/embeddings/word_embeddings"
POSITION_EMBEDDINGS = "bert/embeddings/position_embeddings"
# Rows computed at once. On a processor few: small batches are filled up by little, and
# what is computed stays in its cache; an accelerator is idle with less than many.
PART_ROWS = {"cpu": 2}
PART_ROWS_OF_ACCELERATOR = 32
PREDICTED_ROWS = 8
PREDICTED_EXAMPLES = 256
VOCABULARY_MULTIPLE = 4096

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Outcome:
    """`losses` `[epochs, K]`: mean training loss; `logits` per split: `[K, n, C]`.

    `seconds` of the stack went into each part of the work; `tokens` are those trained
    on by a trial, "real" ones, and "computed" ones with the padding.
    """

    losses: np.ndarray
    logits: dict[str, np.ndarray]
    seconds: dict[str, float]
    tokens: dict[str, int]


class FineTuner:
    """The compiled programs for one model: any number of tasks and runs use them.

    Of `config`, the vocabulary and the positions are those of the pre-trained weights.
    """

    def __init__(
        self,
        config: BertConfig,
        outputs: int,
        trials: int,
        part_rows: int | None = None,
    ):
        self._config, self._outputs, self._trials = config, outputs, trials
        self._part_rows = part_rows or _part_rows()
        self._programs = functools.cache(self._new_programs)

    def run(
        self,
        pretrained: Weights,
        data: TaskData,
        recipe: Recipe,
        learning_rates: Sequence[float],
        seeds: Sequence[int],
        progress: Progress | None = None,
    ) -> Outcome:
        """Fine-tune one trial per learning rate and seed, and predict every split."""
        steps = RunSteps(data, recipe, seeds)
        table = _word_rows(pretrained, data)
        length = data.row_length
        pieces = steps.pieces_needed(len(table))
        programs = self._programs(pieces, length, recipe.clipping)
        words = programs.start(pretrained, table, seeds)
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
        logits = {}
        for split, features in data.evaluated.items():
            with spent.on(programs.doing("prediction")):
                logits[split] = programs.logits(features, words)
        losses = np.stack([epoch.mean(axis=0) for epoch in epochs])
        return Outcome(losses, logits, spent.seconds, dict(tokens))

    def _new_programs(self, pieces: int, length: int, clipping: Clipping):
        config = dataclasses.replace(
            self._config, vocab_size=pieces, max_position_embeddings=length
        )
        return _Programs(config, self._outputs, self._trials, clipping)


class _Programs:
    """Training and prediction with a table of some words and some positions."""

    def __init__(self, config, outputs: int, trials: int, clipping: Clipping):
        self._config, self._trials = config, trials
        self._model = FineTuningModel(config, outputs, trials)
        blank = np.zeros((trials, 1, 8), np.int32)
        self._model(dict.fromkeys(("input_ids", "input_mask", "segment_ids"), blank))
        self.trainer = StackTrainer(self._model, _losses, clipping)
        self._predict = compile_model(self._model, lambda model, part: model(part))
        self._done: set[str] = set()

    def doing(self, what: str) -> str:
        """A name for time spent on it: the first time, most of it is compilation."""
        first = what not in self._done
        self._done.add(what)
        return f"first call of {what}, compilation" if first else what

    def start(self, pretrained: Weights, table: np.ndarray, seeds) -> WordTable:
        """Begin a run: the pre-trained encoder, and each trial's own new head."""
        shapes = weight_shapes(self._model)
        positions = pretrained[POSITION_EMBEDDINGS]
        known = pretrained | {
            # What is looked up lies in the table of all words.
            WORD_EMBEDDINGS: np.zeros(shapes[WORD_EMBEDDINGS], np.float32),
            POSITION_EMBEDDINGS: positions[: self._config.max_position_embeddings],
        }
        spread = self._config.initializer_range
        self.trainer.start([complete(known, shapes, spread, seed) for seed in seeds])
        rows = max(rounded_up(len(table), VOCABULARY_MULTIPLE), self._config.vocab_size)
        words = self.trainer.words(rows)
        words.start([table] * self._trials)
        return words

    def logits(self, features: Features, words: WordTable) -> np.ndarray:
        """Predict one split, `[K, n, C]`."""
        shape = PartShape(PREDICTED_ROWS, self._config.max_position_embeddings)
        found = []
        for chosen in self._groups(features):
            ids = np.unique(features.input_ids[chosen])
            pieces = filled(ids, self._config.vocab_size, words.rows)
            words.take(np.tile(pieces.astype(np.int32), (self._trials, 1)))
            parts = packed_parts(features, [chosen], shape)
            parts["input_ids"] = np.searchsorted(pieces, parts["input_ids"])
            found.append(self._group_logits(parts, len(chosen)))
        return np.concatenate(found, axis=1)

    def _groups(self, features: Features) -> Iterator[np.ndarray]:
        """Examples whose word pieces find room in the model's table together."""
        first, rows = 0, len(features.lengths)
        while first < rows:
            size = PREDICTED_EXAMPLES
            chosen = np.arange(first, min(first + size, rows))
            while len(np.unique(features.input_ids[chosen])) > self._config.vocab_size:
                chosen = chosen[: len(chosen) // 2]
            yield chosen
            first += len(chosen)

    def _group_logits(self, parts: dict, examples: int) -> np.ndarray:
        """The logits of packed examples in their own order, `[K, examples, C]`."""
        ordered = None
        for place, (rows,) in enumerate(parts["rows"]):
            part = {
                name: np.repeat(array[place].astype(array.dtype), self._trials, axis=0)
                for name, array in parts.items()
            }
            logits = self._predict(part)  # [K, E, C]
            if ordered is None:
                shape = (self._trials, examples, logits.shape[-1])
                ordered = np.zeros(shape, np.float32)
            slots = np.flatnonzero(rows != NO_EXAMPLE)
            ordered[:, rows[slots]] = logits[:, slots]
        return ordered


def _part_rows() -> int:
    return PART_ROWS.get(devices()[0].kind, PART_ROWS_OF_ACCELERATOR)


def _word_rows(pretrained: Weights, data: TaskData) -> np.ndarray:
    """The embeddings of a task's word pieces, by its own numbers."""
    table = pretrained[WORD_EMBEDDINGS]
    return table if data.vocabulary is None else table[data.vocabulary]


def _losses(model, part, dropout):
    logits = model(part, dropout=dropout)
    return fine_tuning_losses(logits, part["labels"], part["weights"])
