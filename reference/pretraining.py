"""Pre-training on masked language modelling and next sentence, from TFRecord arrays.

Source: the original's run_pretraining.py. A run keeps its whole state (weights,
optimiser, step) in `state.safetensors`, its metrics in `metrics.jsonl`, and ends by
writing a checkpoint directory; stopped at any moment it goes on from its last state
and ends as if it had not been.
"""

import dataclasses
import functools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from keras import ops

from reference.backend import describe_device
from reference.checkpoint import read_arrays, write_arrays, write_checkpoint
from reference.configuration import BertConfig
from reference.errors import InputError
from reference.files import written_whole
from reference.heads import PreTrainingModel, cross_entropy, pre_training_losses
from reference.instances import digest
from reference.optimization import batch_order, learning_rate_factor
from reference.tokenization import Tokenizer
from reference.training import Trainer, compile_model, whole_batch
from reference.weights import get_weights, initial_weights, weight_shapes

STATE_FILE = "state.safetensors"
METRICS_FILE = "metrics.jsonl"
MODEL_INPUTS = ("input_ids", "input_mask", "segment_ids", "masked_lm_positions")
LABELS = ("masked_lm_ids", "masked_lm_weights", "next_sentence_labels")
EVALUATION_BATCH = 32

# Called with the step reached, the number of steps and the latest loss.
Progress = Callable[[int, int, float], None]


@dataclass(frozen=True)
class PretrainingSettings:
    """What can change the result of a run, beside the model's shape and the data."""

    num_train_steps: int
    batch_size: int = 32
    learning_rate: float = 5e-4
    warmup_proportion: float = 0.1
    seed: int = 12345

    def __post_init__(self) -> None:
        if self.num_train_steps < 1 or self.batch_size < 1:
            raise InputError("pre-training needs at least one step and one example")

    @property
    def num_warmup_steps(self) -> int:
        return int(self.num_train_steps * self.warmup_proportion)


@dataclass(frozen=True)
class Pretraining:
    """One run: the model's shape, its data, and where its files are.

    `train` and `held_out` are what `reference.tfrecords.read_tfrecords` gives;
    `description` is kept with the checkpoint ("masking", the corpus, …).
    """

    config: BertConfig
    tokenizer: Tokenizer
    settings: PretrainingSettings
    train: dict[str, np.ndarray]
    held_out: dict[str, np.ndarray]
    directory: Path
    description: dict
    save_every_seconds: float = 60.0

    def run(self, progress: Progress | None = None) -> dict[str, float]:
        """Train to the end, or go on where a stopped run left off.

        Writes the checkpoint and returns the held-out metrics.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        model = PreTrainingModel(self.config)
        model({name: np.zeros((1, 1, 8), np.int32) for name in MODEL_INPUTS})
        trainer = Trainer(model, _losses)
        first = self._resume_or_start(trainer)
        self._train(trainer, first, progress)
        metrics = evaluate(model, self.held_out)
        self._write_checkpoint(model, metrics)
        return metrics

    def _train(self, trainer: Trainer, first: int, progress: Progress | None) -> None:
        settings = self.settings
        total = settings.num_train_steps
        rows = len(self.train["input_ids"])
        order = batch_order(rows, settings.batch_size, total, settings.seed)
        saved, losses = time.monotonic(), []
        for step in range(first, total):
            factor = learning_rate_factor(step, total, settings.num_warmup_steps)
            rates = [settings.learning_rate * factor]
            batch = one_trial({k: v[order[step]] for k, v in self.train.items()})
            parts = whole_batch(batch, 1, settings.batch_size)
            losses.append(float(trainer.step(parts, rates, [settings.seed], step)[0]))
            if not np.isfinite(losses[-1]):
                raise InputError(
                    f"{self.directory}: the loss is not a number at step {step}; the "
                    f"last saved state is untouched; try a lower learning rate"
                )
            if progress:
                progress(step + 1, total, losses[-1])
            due = time.monotonic() - saved >= self.save_every_seconds
            if due or step + 1 == total:
                self._save(trainer, step + 1, losses)
                saved, losses = time.monotonic(), []

    def _resume_or_start(self, trainer: Trainer) -> int:
        """Give the trainer its state; returns the step to go on from."""
        path = self.directory / STATE_FILE
        if not path.exists():
            shapes = weight_shapes(trainer.model)
            spread, seed = self.config.initializer_range, self.settings.seed
            trainer.start([initial_weights(shapes, spread, seed)])
            return 0
        state, note = read_arrays(path)
        written_by = json.loads(note)
        if written_by["run"] != self._identity:
            raise InputError(
                f"{path}: belongs to a run with other settings or data; use another "
                f"directory, or remove this one to start afresh"
            )
        trainer.restore(state)
        self._forget_metrics_after(written_by["step"])
        return written_by["step"]

    def _save(self, trainer: Trainer, step: int, losses: list[float]) -> None:
        """Record the mean loss since the last save, then replace the state."""
        line = {"step": step, "loss": float(np.mean(losses))}
        with open(self.directory / METRICS_FILE, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        note = json.dumps({"step": step, "run": self._identity})
        write_arrays(self.directory / STATE_FILE, trainer.state(), note)

    def _forget_metrics_after(self, step: int) -> None:
        """Drop lines written between the last saved state and the kill."""
        path = self.directory / METRICS_FILE
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        kept = [line for line in lines if _step_of(line) <= step]
        with written_whole(path) as file:
            file.writelines(f"{line}\n" for line in kept)

    @functools.cached_property
    def _identity(self) -> dict:
        return {
            "config": dataclasses.asdict(self.config),
            "settings": dataclasses.asdict(self.settings),
            "data": digest(self.train),
        }

    def _write_checkpoint(self, model, metrics: dict[str, float]) -> None:
        description = self.description | {
            "lower_case": self.tokenizer.lower_case,
            "settings": dataclasses.asdict(self.settings),
            "instances": len(self.train["input_ids"]),
            "held_out": metrics,
            "ran_on": describe_device(),
        }
        (weights,) = get_weights(model)
        vocab = self.tokenizer.vocab
        write_checkpoint(self.directory, self.config, weights, vocab, description)


def evaluate(model, data: dict[str, np.ndarray]) -> dict[str, float]:
    """The four held-out metrics that the original reports, of a one-trial model.

    masked_lm_accuracy and masked_lm_loss over predicted tokens, and
    next_sentence_accuracy and next_sentence_loss over pairs.
    """
    measured = compile_model(model, _measures)
    sums = np.zeros(6)
    rows = len(data["input_ids"])
    for first in range(0, rows, EVALUATION_BATCH):
        batch = {k: v[first : first + EVALUATION_BATCH] for k, v in data.items()}
        sums += measured(one_trial(batch))
    names = ("masked_lm_accuracy", "masked_lm_loss")
    names += ("next_sentence_accuracy", "next_sentence_loss")
    counts = np.repeat(sums[[2, 5]], 2)
    return dict(zip(names, (sums[[0, 1, 3, 4]] / counts).tolist(), strict=True))


def one_trial(batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give instances `[B, ...]` the trial axis; next-sentence labels are `[1, B]`."""
    shaped = {name: value[None] for name, value in batch.items()}
    shaped["next_sentence_labels"] = batch["next_sentence_labels"].reshape(1, -1)
    return shaped


def _losses(model, batch, dropout):
    masked_lm, next_sentence = pre_training_losses(model(batch, dropout=dropout), batch)
    return masked_lm + next_sentence


def _measures(model, batch):
    """Sums over a batch: hits, losses and number of tokens, then of pairs; `[6]`."""
    outputs = model(batch)
    parts = []
    for kind, labels, weights in (
        ("masked_lm", batch["masked_lm_ids"], batch["masked_lm_weights"]),
        ("next_sentence", batch["next_sentence_labels"], None),
    ):
        logits = outputs[f"{kind}_logits"]
        if weights is None:
            weights = ops.ones_like(logits[..., 0])
        hits = ops.cast(ops.equal(ops.argmax(logits, -1), labels), weights.dtype)
        losses = cross_entropy(logits, labels)
        parts += [ops.sum(hits * weights), ops.sum(losses * weights), ops.sum(weights)]
    return ops.stack(parts)


def _step_of(line: str) -> int:
    try:
        return json.loads(line)["step"]
    except (ValueError, KeyError):  # torn by the kill
        return np.iinfo(np.int64).max
