"""A run directory made of random numbers: records, predictions, labels, run.json.

Predictions are right with a chosen probability, so that the true score is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from suite.documented_grid import BATCH_SIZES, LEARNING_RATES
from suite.metrics import predictions_from_logits, scores
from suite.records import RunDirectory, Trial, TrialRecord
from suite.tasks import DIAGNOSTIC_SPLIT, TASKS, Task


@dataclass(frozen=True)
class Checkpoint:
    name: str = "BERT-Tiny"
    masking: str = "wordpiece"
    published_as: str | None = "BERT-Tiny"
    sha256: str = "a" * 64
    origin: str = "declared"
    skill: float = 0.5  # probability of knowing an answer; the rest is guessed
    seed: int | None = None  # of its pre-training

    def described(self) -> dict:
        return {
            "name": self.name,
            "masking": self.masking,
            "published_as": self.published_as,
            "description": "random numbers",
            "origin": {"kind": self.origin},
            "sha256": self.sha256,
            "seed": self.seed,
        }


WHOLE_WORD = Checkpoint(
    masking="whole-word", published_as=None, origin="shape", sha256="b" * 64
)


@dataclass(frozen=True)
class Synthetic:
    """What to make; defaults are one Tiny checkpoint, full grid, one seed."""

    tasks: Sequence[str] = ("MRPC", "STS-B")
    checkpoints: Sequence[Checkpoint] = (Checkpoint(),)
    test_labels: Sequence[str] = ()
    seeds: int = 1
    batch_sizes: Sequence[int] = BATCH_SIZES
    learning_rates: Sequence[float] = LEARNING_RATES
    sample: bool = False
    rows: int | None = None  # of every split; None: the official number
    constant: bool = False  # predict one class only
    fail: int = 0  # so many trials of each task and checkpoint fail


def make_run(path: Path, synthetic: Synthetic) -> RunDirectory:
    """Write the run; the same arguments give the same run."""
    run = RunDirectory(path)
    rng = np.random.default_rng(0)
    for name in synthetic.tasks:
        labels = _labels(synthetic, TASKS[name], rng)
        keys = {s: s if "/" in s else f"{name}/{s}" for s in labels}
        run.write_labels({keys[split]: array for split, array in labels.items()})
        for checkpoint in synthetic.checkpoints:
            _add_trials(run, synthetic, checkpoint, TASKS[name], labels)
    run.write_run(
        {
            "command": "python -m suite reproduce",
            "commit": "0123456",
            "device": "CPU",
            "seeds": list(range(synthetic.seeds)),
            "versions": {"numpy": "2.0"},
            "sample": synthetic.sample,
            "tasks": list(synthetic.tasks),
            "skipped": {"QQP": "QQP: there is no train.tsv"},
            "checkpoints": [c.described() for c in synthetic.checkpoints],
        }
    )
    return run


def _labels(
    synthetic: Synthetic, task: Task, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    splits = [s for s in task.splits if s.startswith("dev")]
    if task.name in synthetic.test_labels:
        splits += [s for s in task.splits if s.startswith("test")]
    if task.name == "MNLI" and "AX" in synthetic.test_labels:
        splits.append(DIAGNOSTIC_SPLIT)
    labels = {}
    for split in splits:
        official = 1104 if split == DIAGNOSTIC_SPLIT else task.rows[split]
        size = synthetic.rows or official
        if task.labels is None:
            labels[split] = rng.uniform(0, 5, size).astype(np.float32)
        else:
            labels[split] = rng.integers(0, len(task.labels), size).astype(np.int32)
    return labels


def _add_trials(
    run: RunDirectory,
    synthetic: Synthetic,
    checkpoint: Checkpoint,
    task: Task,
    labels: dict[str, np.ndarray],
) -> None:
    trials = [
        Trial(checkpoint.sha256, task.name, "d" * 64, batch, rate, seed)
        for batch in synthetic.batch_sizes
        for rate in synthetic.learning_rates
        for seed in range(synthetic.seeds)
    ]
    for number, trial in enumerate(trials):
        rng = np.random.default_rng(int(trial.id, 16))
        logits = {
            split: _logits(synthetic, checkpoint, task, array, rng)
            for split, array in labels.items()
        }
        record = _record(trial, checkpoint, task, logits, labels)
        if synthetic.constant:
            record = replace(record, degenerate="constant predictions")
        if number < synthetic.fail:
            reason = "loss is not a number"
            record = replace(record, status="failed", reason=reason, scores={})
            logits = {}
        run.append(record, logits)


def _logits(
    synthetic: Synthetic,
    checkpoint: Checkpoint,
    task: Task,
    labels: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    if task.labels is None:
        if synthetic.constant:
            return np.zeros(labels.size)
        return checkpoint.skill * labels + rng.normal(0, 1, labels.size)
    classes = len(task.labels)
    guesses = rng.integers(0, classes, labels.size)
    chosen = np.where(rng.random(labels.size) < checkpoint.skill, labels, guesses)
    if synthetic.constant:
        chosen = np.zeros(labels.size, int)
    return np.eye(classes)[chosen] + rng.uniform(0, 0.5, (labels.size, classes))


def _record(
    trial: Trial,
    checkpoint: Checkpoint,
    task: Task,
    logits: dict[str, np.ndarray],
    labels: dict[str, np.ndarray],
) -> TrialRecord:
    scored = {}
    for split, array in logits.items():
        own = TASKS["AX"] if split == DIAGNOSTIC_SPLIT else task
        scored[split] = scores(own, predictions_from_logits(own, array), labels[split])
    return TrialRecord(
        trial=trial,
        model=checkpoint.name,
        masking=checkpoint.masking,
        status="finished",
        reason=None,
        degenerate=None,
        scores=scored,
        losses=[0.7, 0.6, 0.5, 0.4],
        seconds=1.0,
        ran={"device": "CPU"},
    )
