"""The grid as users of transformers run it: its Trainer, by its own GLUE recipe.

Source: examples/pytorch/text-classification/run_glue.py of transformers: its tokenizer,
`AutoModelForSequenceClassification` and `Trainer` as they come, every example padded to
128 beforehand (what the script does unless told otherwise) or each batch to its longest
(`--pad_to_max_length False`). Hyper-parameters are those of the documented grid, with
warm-up over a tenth of the steps and weight decay 0.01. Less than there: the examples
are a list in memory and no checkpoint is saved on the way, which is to its advantage.
transformers is imported when it is asked for something. Nothing is measured here of
ours; who turns rates into the time of a grid is suite/sweep_speed.py.
"""

import functools
import json
import logging
import tempfile
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from suite.glue_files import read_examples
from suite.metrics import main_score, predictions_from_logits, scores
from suite.sweep_speed import EPOCHS, PER_BATCH, TO_128
from suite.tasks import TASKS

MAX_SEQ_LENGTH = 128
# Way -> what its tokenizer is told.
PADDINGS = {TO_128: "max_length", PER_BATCH: False}
WEIGHT_DECAY, WARMUP = 0.01, 0.1
LEARNING_RATE = 1e-4  # of what is timed; no time depends on it
WARM_STEPS, WARM_SECONDS = 3, 1.0
TRAINING_SECONDS, EVALUATION_SECONDS = 4.0, 2.0
NEVER = 10_000  # epochs: the clock ends the training


@dataclass(frozen=True)
class PeerTask:
    """A checkpoint that transformers loads, a task, and how its texts are padded."""

    checkpoint: Path
    glue_dir: Path
    task: str
    padding: str


@functools.lru_cache(maxsize=4)
def tokenised(peer: PeerTask, split: str) -> list[dict]:
    """The examples of a split, as run_glue.py's data set has them."""
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(peer.checkpoint)
    found = read_examples(peer.glue_dir, TASKS[peer.task], split)
    texts = [text for text in (found.text_a, found.text_b) if text is not None]
    columns = tokenizer(
        *texts,
        padding=PADDINGS[peer.padding],
        max_length=MAX_SEQ_LENGTH,
        truncation=True,
    )
    columns["label"] = found.labels.tolist()
    return [
        dict(zip(columns, row, strict=True))
        for row in zip(*columns.values(), strict=True)
    ]


def model_shape(peer: PeerTask) -> dict[str, int]:
    """The model's part of `suite.model_flops.StepShape`."""
    config = json.loads((peer.checkpoint / "config.json").read_text(encoding="utf-8"))
    return {
        "layers": config["num_hidden_layers"],
        "hidden": config["hidden_size"],
        "intermediate": config["intermediate_size"],
        "vocabulary": config["vocab_size"],
        "batch": 1,
        "length": MAX_SEQ_LENGTH,
        "classes": TASKS[peer.task].outputs,
    }


def count_lengths(peer: PeerTask) -> dict[str, list[int]]:
    """Split -> how many examples there are of each length: 0, 1, ... tokens."""
    return {
        split: np.bincount(
            [sum(one["attention_mask"]) for one in tokenised(peer, split)]
        ).tolist()
        for split in ("train", "dev")
    }


def timed_training(peer: PeerTask, batch_size: int, seed: int) -> dict[str, float]:
    """Train for some seconds: "examples" and "places" (with padding) in "seconds".

    "threads" is how many PyTorch takes of its own accord.
    """
    import torch

    clock = _Clock()
    trainer = _trainer(peer, batch_size, seed, LEARNING_RATE, NEVER)
    trainer.add_callback(_ended_by(clock))
    trainer.model.register_forward_pre_hook(clock.count, with_kwargs=True)
    trainer.train()
    return clock.measured() | {"threads": torch.get_num_threads()}


def timed_evaluation(peer: PeerTask) -> dict[str, float]:
    """Evaluate on dev, again and again for some seconds: "examples" in "seconds"."""
    trainer = _trainer(peer, 8, 0, LEARNING_RATE, NEVER)
    dev = tokenised(peer, "dev")
    trainer.evaluate(dev[:64])
    began, examples = time.perf_counter(), 0
    while time.perf_counter() - began < EVALUATION_SECONDS:
        trainer.evaluate(dev)
        examples += len(dev)
    return {"examples": examples, "seconds": time.perf_counter() - began}


def trained_score(
    peer: PeerTask, batch_size: int, seed: int, learning_rate: float
) -> float:
    """The main score on dev, a fraction of 1, after training to the end."""
    trainer = _trainer(peer, batch_size, seed, learning_rate, EPOCHS)
    trainer.train()
    logits = trainer.predict(tokenised(peer, "dev")).predictions
    task = TASKS[peer.task]
    labels = read_examples(peer.glue_dir, task, "dev").labels
    return main_score(task, scores(task, predictions_from_logits(task, logits), labels))


@dataclass
class _Clock:
    """Counts what is computed, and the time of it, from when it has warmed up."""

    counted: np.ndarray = field(default_factory=lambda: np.zeros(2))
    steps: int = 0
    created: float = field(default_factory=time.perf_counter)
    began: tuple[float, np.ndarray] | None = None
    ended: tuple[float, np.ndarray] | None = None

    def count(self, model, arguments, batch) -> None:
        """Before each forward pass."""
        self.counted = self.counted + np.array(
            [len(batch["input_ids"]), batch["input_ids"].numel()]
        )

    def step(self) -> bool:
        """After each step; whether it is enough."""
        now, self.steps = time.perf_counter(), self.steps + 1
        if self.began is None:
            if self.steps >= WARM_STEPS and now - self.created >= WARM_SECONDS:
                self.began = now, self.counted
            return False
        self.ended = now, self.counted
        return now - self.began[0] >= TRAINING_SECONDS

    def measured(self) -> dict[str, float]:
        examples, places = (self.ended[1] - self.began[1]).tolist()
        seconds = self.ended[0] - self.began[0]
        return {"examples": examples, "places": places, "seconds": seconds}


def _ended_by(clock: _Clock):
    """A callback of transformers that ends the training when the clock says so."""
    import transformers

    class Ended(transformers.TrainerCallback):
        def on_step_end(self, args, state, control, **_):
            control.should_training_stop = clock.step()

    return Ended()


def _trainer(
    peer: PeerTask, batch_size: int, seed: int, learning_rate: float, epochs: int
):
    import transformers

    _be_quiet()
    task = TASKS[peer.task]
    transformers.set_seed(seed)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        peer.checkpoint, num_labels=task.outputs
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(peer.checkpoint)
    collator = transformers.DataCollatorWithPadding(tokenizer)
    if PADDINGS[peer.padding]:
        collator = transformers.default_data_collator
    settings = transformers.TrainingArguments(
        # Nothing is saved there, but it is made.
        output_dir=str(Path(tempfile.gettempdir()) / "peer-sweep"),
        per_device_train_batch_size=batch_size,
        learning_rate=learning_rate,
        num_train_epochs=epochs,
        weight_decay=WEIGHT_DECAY,
        warmup_steps=WARMUP,  # a share, being less than one
        seed=seed,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    trainer = transformers.Trainer(
        model,
        settings,
        train_dataset=tokenised(peer, "train"),
        processing_class=tokenizer,
        data_collator=collator,
    )
    trainer.remove_callback(transformers.PrinterCallback)
    return trainer


def _be_quiet() -> None:
    """Pytest's lines are what is to be read, not what the peer says of itself."""
    import transformers

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
