"""What a worker does with a stack of trials: read, tokenise, train, predict, score.

What is costly and shared is kept between stacks: checkpoints, tokenised tasks and
compiled programs. The records are written by the parent, which alone knows the run.
"""

import functools
import itertools
import resource
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from suite import environment
from suite.glue_files import Examples, read_examples, split_path
from suite.knobs import knob_named
from suite.metrics import predictions_from_logits, scores
from suite.records import Trial
from suite.tasks import DIAGNOSTIC_SPLIT, TASKS, Task

STEPS_BETWEEN_REPORTS = 20
# To find what a step takes.
MEASURED_STEPS, MEASURED_CALLS = 60, 6
# How the reason of a trial begins that was trained to the end and came to nothing.
DIVERGED = "diverged"


@dataclass(frozen=True)
class Sources:
    """Where a trial's checkpoint and data are, and where tokenised tasks are kept.

    With `test_predictions` a test split is predicted though its labels are not known.
    """

    checkpoint: Path
    glue_dir: Path
    test_labels: Path | None = None
    cache: Path | None = None
    test_predictions: bool = False


@dataclass(frozen=True)
class Stack:
    """Trials of one task and batch size that one program trains together."""

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


def predicted_splits(sources: Sources, task: Task) -> dict[str, Examples]:
    """The splits of a task that a trial predicts: dev, and test where that is asked.

    That is where its labels are public, or all predictions are wanted; what is not
    there is left out. An MNLI model also predicts AX, under the name "AX/test".
    """
    wanted = {split: (task, split) for split in task.splits if split != "train"}
    if task.name == "MNLI":
        wanted[DIAGNOSTIC_SPLIT] = (TASKS["AX"], "test")
    found = {}
    for name, (owner, split) in wanted.items():
        optional = split.startswith("test")
        asked = sources.test_predictions or sources.test_labels is not None
        there = split_path(sources.glue_dir, owner, split).exists()
        if optional and not (asked and there):
            continue
        examples = read_examples(sources.glue_dir, owner, split, sources.test_labels)
        if examples.labels is not None or sources.test_predictions:
            found[name] = examples
    return found


def scored_splits(sources: Sources, task: Task) -> dict[str, Examples]:
    """Those of the predicted splits that have labels here."""
    splits = predicted_splits(replace(sources, test_predictions=False), task)
    return {name: split for name, split in splits.items() if split.labels is not None}


def run_stack(stack: Stack, report) -> list[TrialResult]:
    """Job: train the trials of a stack together and score each."""
    started = time.monotonic()
    labels, outcome = train(stack, now_and_then(report))
    seconds = (time.monotonic() - started) / len(stack.trials)
    return [
        result_of(TASKS[stack.task], labels, outcome, place, seconds)
        for place in range(len(stack.trials))
    ]


def seconds_per_step(stack: Stack, report) -> float:
    """Job: what a step of a stack takes once its programs are compiled.

    The median of some steps; the trials are left as soon as it is known.
    """
    at = [(0, time.monotonic())]

    def note(step: int, steps: int) -> None:
        at.append((step, time.monotonic()))
        if step >= MEASURED_STEPS and len(at) > MEASURED_CALLS:
            raise _Measured

    with suppress(_Measured):
        train(stack, note)
    paces = [
        (later - sooner) / (step - before)
        for (before, sooner), (step, later) in itertools.pairwise(at)
    ]
    # Most programs are compiled in the first half.
    return float(np.median(paces[len(paces) // 2 :]))


def device_kind(report) -> str:
    """Job: what a worker computes on, "cpu", "gpu" or "tpu"."""
    from reference.accelerator import devices

    return devices()[0].kind


class _Measured(Exception):
    """Enough steps were made."""


def now_and_then(report):
    """Progress that says (step, steps) every so many steps."""
    said = 0

    def progress(step: int, steps: int) -> None:
        nonlocal said
        if step - said >= STEPS_BETWEEN_REPORTS:
            said = step
            report((step, steps))

    return progress


def train(stack: Stack, progress, *, keep_weights: bool = False):
    """The labels of the splits that are scored, and what training gave."""
    from reference.features import padded_in_front
    from reference.finetuning import Recipe

    first = stack.trials[0]
    knob = knob_named(first.variation)
    checkpoint = pretrained(stack.sources.checkpoint)
    source = stack.sources, stack.task, first.max_seq_length, knob.truncation
    data, labels = task_data(*source)
    if knob.pads_in_front:
        data = data.with_features(lambda f: padded_in_front(f, first.max_seq_length))
    config = replace(checkpoint.config, **knob.config)
    tuner = tuner_for(config, data.outputs, len(stack.trials))
    outcome = tuner.run(
        checkpoint.weights,
        data,
        Recipe(first.batch_size, first.epochs, first.warmup_proportion, **knob.recipe),
        [trial.learning_rate for trial in stack.trials],
        [trial.seed for trial in stack.trials],
        progress,
        keep_weights=keep_weights,
    )
    return labels, outcome


def degeneracy(task: Task, predictions: np.ndarray, losses: list[float]) -> str | None:
    """How a finished trial collapsed, if it did; `predictions` are those on dev."""
    if np.all(predictions == predictions[0]):
        return "constant predictions"
    if len(losses) > 1 and losses[-1] >= losses[0]:
        return "the training loss did not fall"
    return None


def result_of(task, labels, outcome, place: int, seconds: float) -> TrialResult:
    """What came of the trial at a place of a stack, scored against `labels`."""
    losses, ran = outcome.losses[:, place].tolist(), ran_on(outcome, place)
    logits = {split: values[place] for split, values in outcome.logits.items()}
    if not all(np.isfinite(values).all() for values in (losses, *logits.values())):
        reason = f"{DIVERGED}: the loss or a prediction is not a number"
        return TrialResult({}, losses, None, reason, None, seconds, ran)
    predicted = {
        split: predictions_from_logits(_owner(task, split), values)
        for split, values in logits.items()
    }
    return TrialResult(
        scores={
            split: scores(_owner(task, split), predicted[split], known)
            for split, known in labels.items()
        },
        losses=losses,
        predictions=logits,
        diverged=None,
        degenerate=degeneracy(task, predicted["dev"], losses),
        seconds=seconds,
        ran=ran,
    )


def ran_on(outcome, place: int) -> dict:
    """What a record says of how a trial was run, which cannot change its result."""
    from reference.accelerator import describe_device

    stack = outcome.losses.shape[1]
    return describe_device() | {
        "processor": environment.processor(),
        "stack": stack,
        "place": place,
        "peak_mb": _peak_memory(),
        # This trial's share of the stack's time.
        "spent": {part: s / stack for part, s in outcome.seconds.items()},
        "tokens": outcome.tokens,
    }


def _peak_memory() -> int:
    """The most that this worker has held so far, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)


def _owner(task: Task, split: str) -> Task:
    return TASKS["AX"] if split == DIAGNOSTIC_SPLIT else task


@functools.cache
def pretrained(directory: Path):
    """The checkpoint there, read once."""
    from reference.checkpoint import read_checkpoint

    return read_checkpoint(directory)


@functools.lru_cache(maxsize=4)
def task_data(sources: Sources, name: str, max_seq_length: int, truncation: str):
    """The tokenised task, and the labels of the splits that are scored."""
    from suite.task_cache import TaskSource, tokenised_task

    tokenizer = pretrained(sources.checkpoint).tokenizer
    source = TaskSource(sources, TASKS[name], tokenizer, max_seq_length, truncation)
    tokenised = tokenised_task(source)
    return tokenised.data, tokenised.labels


@functools.cache
def tuner_for(config, outputs: int, trials: int):
    """The compiled programs for a model and a width, made once."""
    from reference.finetuning import FineTuner
    from reference.heads import classifier

    return FineTuner(config, classifier(outputs), trials)
