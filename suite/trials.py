"""What a worker does with a stack of trials: read, tokenise, train, predict, score.

What is costly and shared is kept between stacks: checkpoints, tokenised tasks and
compiled programs. The records are written by the parent, which alone knows the run.
"""

import functools
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from suite.glue_files import Examples, read_examples, split_path
from suite.metrics import predictions_from_logits, scores
from suite.records import Trial
from suite.tasks import DIAGNOSTIC_SPLIT, TASKS, Task

STEPS_BETWEEN_REPORTS = 20
# How the reason of a trial begins that was trained to the end and came to nothing.
DIVERGED = "diverged"


@dataclass(frozen=True)
class Sources:
    """Where a trial's checkpoint and data are."""

    checkpoint: Path
    glue_dir: Path
    test_labels: Path | None = None


@dataclass(frozen=True)
class Stack:
    """Trials of one task, batch size and seed that one program trains together."""

    sources: Sources
    task: str
    trials: tuple[Trial, ...]


@dataclass(frozen=True)
class TrialResult:
    """What came of one trial; `diverged` says why there are no scores."""

    scores: dict[str, dict[str, float]]
    losses: list[float]
    predictions: dict[str, np.ndarray] | None
    diverged: str | None
    degenerate: str | None
    seconds: float
    ran: dict


def scored_splits(sources: Sources, task: Task) -> dict[str, Examples]:
    """The splits of a task that have labels here: dev, and test where they are public.

    An MNLI model is also scored on AX, under the name "AX/test".
    """
    wanted = {split: (task, split) for split in task.splits if split != "train"}
    if task.name == "MNLI":
        wanted[DIAGNOSTIC_SPLIT] = (TASKS["AX"], "test")
    found = {}
    for name, (owner, split) in wanted.items():
        optional = split.startswith("test")
        if optional and (
            sources.test_labels is None
            or not split_path(sources.glue_dir, owner, split).exists()
        ):
            continue
        examples = read_examples(sources.glue_dir, owner, split, sources.test_labels)
        if examples.labels is not None:
            found[name] = examples
    return found


def run_stack(stack: Stack, report) -> list[TrialResult]:
    """Job: train the trials of a stack together and score each."""
    from reference.finetuning import Recipe

    started = time.monotonic()
    task, first = TASKS[stack.task], stack.trials[0]
    checkpoint = _checkpoint(stack.sources.checkpoint)
    data, splits = _task_data(stack.sources, task.name, first.max_seq_length)
    tuner = _tuner(checkpoint.config, data, len(stack.trials))
    outcome = tuner.run(
        checkpoint.weights,
        data,
        Recipe(first.batch_size, first.epochs, first.warmup_proportion),
        [trial.learning_rate for trial in stack.trials],
        [trial.seed for trial in stack.trials],
        lambda *at: report(at) if at[0] % STEPS_BETWEEN_REPORTS == 0 else None,
    )
    seconds = (time.monotonic() - started) / len(stack.trials)
    return [
        _result(task, splits, outcome, place, seconds)
        for place in range(len(stack.trials))
    ]


def degeneracy(task: Task, predictions: np.ndarray, losses: list[float]) -> str | None:
    """How a finished trial collapsed, if it did; `predictions` are those on dev."""
    if np.all(predictions == predictions[0]):
        return "constant predictions"
    if len(losses) > 1 and losses[-1] >= losses[0]:
        return "the training loss did not fall"
    return None


def _result(task, splits, outcome, place: int, seconds: float) -> TrialResult:
    from reference.accelerator import describe_device

    losses = outcome.losses[:, place].tolist()
    logits = {split: values[place] for split, values in outcome.logits.items()}
    ran = describe_device() | {"stack": outcome.losses.shape[1], "place": place}
    if not all(np.isfinite(values).all() for values in (losses, *logits.values())):
        reason = f"{DIVERGED}: the loss or a prediction is not a number"
        return TrialResult({}, losses, None, reason, None, seconds, ran)
    predicted = {
        split: predictions_from_logits(_owner(task, split), values)
        for split, values in logits.items()
    }
    return TrialResult(
        scores={
            split: scores(_owner(task, split), predicted[split], examples.labels)
            for split, examples in splits.items()
        },
        losses=losses,
        predictions=logits,
        diverged=None,
        degenerate=degeneracy(task, predicted["dev"], losses),
        seconds=seconds,
        ran=ran,
    )


def _owner(task: Task, split: str) -> Task:
    return TASKS["AX"] if split == DIAGNOSTIC_SPLIT else task


@functools.cache
def _checkpoint(directory: Path):
    from reference.checkpoint import read_checkpoint

    return read_checkpoint(directory)


@functools.lru_cache(maxsize=4)
def _task_data(sources: Sources, name: str, max_seq_length: int):
    """The tokenised task, and the splits that are scored."""
    from reference.features import classification_features
    from reference.finetuning import TaskData, only_occurring_pieces

    task, tokenizer = TASKS[name], _checkpoint(sources.checkpoint).tokenizer
    train = read_examples(sources.glue_dir, task, "train")
    splits = scored_splits(sources, task)

    def features(examples: Examples):
        texts = examples.text_a, examples.text_b
        return classification_features(tokenizer, *texts, max_seq_length)

    data = TaskData(
        train=features(train),
        labels=train.labels,
        evaluated={split: features(examples) for split, examples in splits.items()},
        outputs=len(task.labels) if task.labels else 1,
    )
    return only_occurring_pieces(data), splits


def _tuner(config, data, trials: int):
    from reference.finetuning import task_config

    return _compiled(task_config(config, data), data.outputs, trials)


@functools.cache
def _compiled(config, outputs: int, trials: int):
    from reference.finetuning import FineTuner

    return FineTuner(config, outputs, trials)
