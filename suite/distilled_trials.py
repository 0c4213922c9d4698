"""What a worker does with a stack of a distillation: students learn from a teacher.

Soft cross-entropy with the teacher's probabilities, or for STS-B the squared distance
from its score, in the sweep's recipe; then, where that is asked, fine-tuning on the
labels in the same configuration, from the distilled weights, head and all. Stacks of no
variation are the sweep's own (suite/trials.py), and so is how all of them are scored.
What a teacher says is in suite/teacher.py.
"""

import functools
import time
from collections import Counter
from dataclasses import replace

from reference.task_data import TaskData, only_occurring_pieces
from suite.tasks import TASKS
from suite.teacher import Lesson, answers
from suite.transfer_texts import DistilledSources, transfer_features, with_own_ids
from suite.trials import (
    Stack,
    TrialResult,
    now_and_then,
    pretrained,
    result_of,
    run_stack,
    task_data,
    tuner_for,
)


def run_distilled_stack(stack: Stack, report) -> list[TrialResult]:
    """Job: train the students of a stack together and score each.

    The losses of a student that was fine-tuned as well are those of both, one after the
    other; whether it learnt at all is told from the first.
    """
    if not stack.trials[0].variation:
        return run_stack(stack, report)
    started = time.monotonic()
    labels, outcome, later = _train(stack, report)
    seconds = (time.monotonic() - started) / len(stack.trials)
    results = [
        result_of(TASKS[stack.task], labels, outcome, place, seconds)
        for place in range(len(stack.trials))
    ]
    return [
        replace(result, losses=[*result.losses, *later[:, place].tolist()])
        for place, result in enumerate(results)
    ]


def _train(stack: Stack, report):
    """The labels scored against, what came of all, and the losses of fine-tuning."""
    from reference.finetuning import Recipe

    sources, first = stack.sources, stack.trials[0]
    checkpoint = pretrained(sources.checkpoint)
    data, labels = task_data(sources, stack.task, first.max_seq_length, "longer")
    taught = _taught(sources, stack.task, first.max_seq_length)
    tuner = tuner_for(checkpoint.config, data.outputs, len(stack.trials))
    how = (
        Recipe(first.batch_size, first.epochs, first.warmup_proportion),
        [trial.learning_rate for trial in stack.trials],
        [trial.seed for trial in stack.trials],
    )
    if not sources.then_fine_tune:
        outcome = tuner.run(checkpoint.weights, taught, *how, now_and_then(report))
        return labels, outcome, outcome.losses[:0]
    distilled = tuner.run(
        checkpoint.weights,
        replace(taught, evaluated={}),
        *how,
        now_and_then(_half(report, 0)),
        keep_weights=True,
    )
    tuned = tuner.run(distilled.weights, data, *how, now_and_then(_half(report, 1)))
    both = replace(
        tuned,
        losses=distilled.losses,
        seconds=dict(Counter(distilled.seconds) + Counter(tuned.seconds)),
        tokens=dict(Counter(distilled.tokens) + Counter(tuned.tokens)),
    )
    return labels, both, tuned.losses


def _half(report, before: int):
    """Progress of one of two runs as that of both, which take about as long."""

    def said(at: tuple[int, int]) -> None:
        step, steps = at
        report((before * steps + step, 2 * steps))

    return said


@functools.lru_cache(maxsize=2)
def _taught(sources: DistilledSources, name: str, max_seq_length: int) -> TaskData:
    """The task with the texts and what the teacher says of them in place of labels."""
    data, _ = task_data(sources, name, max_seq_length, "longer")
    said = answers(Lesson(sources, name, max_seq_length))
    if not sources.transfer:
        return replace(data, labels=said)
    tokenizer = pretrained(sources.checkpoint).tokenizer
    texts = transfer_features(sources, TASKS[name], tokenizer, max_seq_length)
    evaluated = {
        split: with_own_ids(features, data.vocabulary)
        for split, features in data.evaluated.items()
    }
    return only_occurring_pieces(TaskData(texts, said, evaluated, data.outputs))
