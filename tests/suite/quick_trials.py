"""A stack's job for workers that are killed: real processes, made-up training.

It imports no framework, so that a worker is there again in a second. The numbers follow
from the trials' ids alone, as those of real training do from the plan.
"""

import time

import numpy as np

from suite.metrics import predictions_from_logits, scores
from suite.tasks import TASKS
from suite.trials import Stack, TrialResult, scored_splits

STEPS = 5
SECONDS = 0.01  # of a step


def quick_stack(stack: Stack, report) -> list[TrialResult]:
    """Job: what `suite.trials.run_stack` is, in no time."""
    for step in range(1, STEPS + 1):
        time.sleep(SECONDS)
        report((step, STEPS))
    return [_result(stack, trial) for trial in stack.trials]


def _result(stack: Stack, trial) -> TrialResult:
    task, rng = TASKS[trial.task], np.random.default_rng(int(trial.id, 16))
    splits = scored_splits(stack.sources, task)
    logits = {
        split: rng.normal(size=(len(examples), len(task.labels))).astype(np.float32)
        for split, examples in splits.items()
    }
    scored = {
        split: scores(task, predictions_from_logits(task, logits[split]), known.labels)
        for split, known in splits.items()
    }
    losses = rng.uniform(0.1, 0.7, 2).tolist()
    return TrialResult(scored, losses, logits, None, None, 1.0, {"device": "none"})
