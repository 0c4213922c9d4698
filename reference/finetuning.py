"""Fine-tuning of K trials at once on one classification or regression task.

Source: the original's run_classifier.py: 4 epochs, warm-up over a tenth of the steps,
dropout 0.1 on the pooled output, mean cross-entropy (squared error for a score).
Trials of a stack share the task, the batch size and the number of steps, and differ in
learning rate, seed and initial weights. Which trials to run is the harness's affair.

Two savings change no result: a batch is computed in parts of similar length, each
padded only to its longest member (rounded up, so that few programs are compiled), and
word pieces that occur nowhere in the task are left out (their gradient is zero, so they
never change a prediction).
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from reference.configuration import BertConfig
from reference.features import Features
from reference.heads import FineTuningModel, fine_tuning_losses
from reference.optimization import Clipping, learning_rate_factor
from reference.row_order import RowOrder
from reference.training import Part, Trainer, compile_model
from reference.weights import Weights, complete, weight_shapes

WORD_EMBEDDINGS = "bert/embeddings/word_embeddings"
# Larger batches are computed in parts of this many examples: little padding, little
# memory, and the same few programs for all of them.
PART_SIZE = 8
PADDED_TO_MULTIPLE = 32
VOCABULARY_MULTIPLE = 4096
EVALUATION_BATCH = 32

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Recipe:
    """How a trial is trained, beside its learning rate and seed."""

    batch_size: int
    epochs: int = 4
    warmup_proportion: float = 0.1
    clipping: Clipping = Clipping.ONE_HOT

    def num_train_steps(self, rows: int) -> int:
        return int(rows / self.batch_size * self.epochs)

    def num_warmup_steps(self, rows: int) -> int:
        return int(self.num_train_steps(rows) * self.warmup_proportion)


@dataclass(frozen=True)
class TaskData:
    """A tokenised task: what is trained on, and what is predicted.

    `labels` is int32 or float32 `[n]`; `outputs` the number of classes, 1 for a score;
    `vocabulary` the ids that occur, in the order of the features' ids (or None, when
    the features hold the checkpoint's own ids).
    """

    train: Features
    labels: np.ndarray
    evaluated: dict[str, Features]
    outputs: int
    vocabulary: np.ndarray | None = None


@dataclass(frozen=True)
class Outcome:
    """`losses` `[epochs, K]`: mean training loss; `logits` per split: `[K, n, C]`."""

    losses: np.ndarray
    logits: dict[str, np.ndarray]


def only_occurring_pieces(data: TaskData) -> TaskData:
    """Renumber word pieces so that those the task never uses need no embedding."""
    splits = [data.train, *data.evaluated.values()]
    vocabulary = np.unique(np.concatenate([np.unique(s.input_ids) for s in splits]))

    def renumbered(features: Features) -> Features:
        ids = np.searchsorted(vocabulary, features.input_ids).astype(np.int32)
        return dataclasses.replace(features, input_ids=ids)

    return dataclasses.replace(
        data,
        train=renumbered(data.train),
        evaluated={name: renumbered(s) for name, s in data.evaluated.items()},
        vocabulary=vocabulary,
    )


def task_config(config: BertConfig, data: TaskData) -> BertConfig:
    """The model's shape for a task: its vocabulary rounded up, so that tasks share."""
    if data.vocabulary is None:
        return config
    size = -(-len(data.vocabulary) // VOCABULARY_MULTIPLE) * VOCABULARY_MULTIPLE
    return dataclasses.replace(config, vocab_size=size)


class FineTuner:
    """The compiled programs for one shape: any number of tasks and runs use them."""

    def __init__(
        self,
        config: BertConfig,
        outputs: int,
        trials: int,
        part_size: int = PART_SIZE,
    ):
        self.config, self.trials, self.part_size = config, trials, part_size
        self.model = FineTuningModel(config, outputs, trials)
        blank = np.zeros((trials, 1, PADDED_TO_MULTIPLE), np.int32)
        self.model(dict.fromkeys(("input_ids", "input_mask", "segment_ids"), blank))
        self._trainer = functools.cache(self._new_trainer)
        self._predict = compile_model(self.model, lambda model, batch: model(batch))

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
        trainer = self._trainer(recipe.clipping)
        trainer.start([self._weights(pretrained, data, seed) for seed in seeds])
        losses = self._train(data, recipe, np.asarray(learning_rates), seeds, progress)
        logits = {
            split: self._logits(features) for split, features in data.evaluated.items()
        }
        return Outcome(losses, logits)

    def _new_trainer(self, clipping: Clipping) -> Trainer:
        return Trainer(self.model, _losses, clipping=clipping)

    def _train(self, data, recipe, learning_rates, seeds, progress) -> np.ndarray:
        trainer, rows = self._trainer(recipe.clipping), len(data.labels)
        steps, warmup = recipe.num_train_steps(rows), recipe.num_warmup_steps(rows)
        orders = [RowOrder(rows, recipe.batch_size, seed) for seed in seeds]
        losses = np.zeros((steps, len(seeds)), np.float32)
        for step in range(steps):
            chosen = np.stack([order.batch(step) for order in orders])  # [K, B]
            rates = learning_rates * learning_rate_factor(step, steps, warmup)
            parts = parts_by_length(data, chosen, self.part_size)
            losses[step] = trainer.step(parts, rates, seeds, step)
            if progress:
                progress(step + 1, steps)
        epochs = np.array_split(losses, recipe.epochs)
        return np.stack([epoch.mean(axis=0) for epoch in epochs])

    def _logits(self, features: Features) -> np.ndarray:
        """Predict one split, `[K, n, C]`, in batches of equal length."""
        rows = len(features.lengths)
        by_length = np.argsort(features.lengths, kind="stable")
        logits = None
        for first in range(0, rows, EVALUATION_BATCH):
            chosen = by_length[first : first + EVALUATION_BATCH]
            # The last batch is filled up, so that it needs no program of its own.
            filled = np.resize(chosen, EVALUATION_BATCH)
            batch = padded_batch(features, np.tile(filled, (self.trials, 1)))
            found = self._predict(batch)  # [K, B, C]
            if logits is None:
                logits = np.zeros((self.trials, rows, found.shape[-1]), np.float32)
            logits[:, chosen] = found[:, : len(chosen)]
        return logits

    def _weights(self, pretrained: Weights, data: TaskData, seed: int) -> Weights:
        """Pre-trained encoder, the trial's own new head."""
        if data.vocabulary is not None:
            rows = pretrained[WORD_EMBEDDINGS][data.vocabulary]
            unused = self.config.vocab_size - len(rows)
            table = np.pad(rows, ((0, unused), (0, 0)))
            pretrained = pretrained | {WORD_EMBEDDINGS: table}
        shapes = weight_shapes(self.model)
        return complete(pretrained, shapes, self.config.initializer_range, seed)


def parts_by_length(data: TaskData, chosen: np.ndarray, size: int) -> list[Part]:
    """A batch (int `[K, B]`) in parts of `size` examples of about equal length."""
    by_length = np.argsort(data.train.lengths[chosen], axis=1, kind="stable")
    parts = []
    for first in range(0, chosen.shape[1], size):
        rows = by_length[:, first : first + size]
        own = np.take_along_axis(chosen, rows, axis=1)
        batch = padded_batch(data.train, own) | {"labels": data.labels[own]}
        parts.append(Part(batch, rows.astype(np.int32)))
    return parts


def padded_batch(features: Features, chosen: np.ndarray) -> dict[str, np.ndarray]:
    """The examples `chosen` (int `[K, B]`), padded to the longest: int32 `[K, B, S]`.

    S is rounded up to a multiple of 32.
    """
    longest = int(features.lengths[chosen].max())
    length = -(-longest // PADDED_TO_MULTIPLE) * PADDED_TO_MULTIPLE
    position = np.arange(length)
    return {
        "input_ids": _columns(features.input_ids, chosen, length),
        "segment_ids": _columns(features.segment_ids, chosen, length),
        "input_mask": (position < features.lengths[chosen][..., None]).astype(np.int32),
    }


def _columns(values: np.ndarray, chosen: np.ndarray, length: int) -> np.ndarray:
    """The first `length` columns of the chosen rows, zeros where there are fewer."""
    picked = values[:, :length][chosen]
    missing = length - picked.shape[-1]
    return np.pad(picked, ((0, 0), (0, 0), (0, missing))) if missing else picked


def _losses(model, batch, dropout):
    return fine_tuning_losses(model(batch, dropout=dropout), batch["labels"])
