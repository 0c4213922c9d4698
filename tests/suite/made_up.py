"""An executor that makes up what its jobs give, for tests of what is done with it.

The numbers follow from the trials' ids; they fit the tasks, and mean nothing. Instances
are made indeed, as that takes no time.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from reference.checkpoint import write_checkpoint
from reference.variables import variable_shapes
from suite.jobs import Event, Job
from suite.metrics import predictions_from_logits, scores
from suite.pretraining import make_records
from suite.pretraining_run import PretrainingRun, pretrain_one
from suite.records import Trial
from suite.tasks import TASKS
from suite.trials import Stack, TrialResult, run_stack, scored_splits
from tests.suite.miniature import CONFIG, PIECES


def result_of(stack: Stack, trial: Trial) -> TrialResult:
    """A finished trial with random predictions on every split that is scored."""
    task, rng = TASKS[trial.task], np.random.default_rng(int(trial.id, 16))
    splits = scored_splits(stack.sources, task)
    logits = {
        split: rng.normal(size=(len(examples), len(task.labels))).astype(np.float32)
        for split, examples in splits.items()
    }
    return TrialResult(
        scores={
            split: scores(task, predictions_from_logits(task, logits[split]), e.labels)
            for split, e in splits.items()
        },
        losses=[0.7, 0.5],
        predictions=logits,
        diverged=None,
        degenerate=None,
        seconds=1.0,
        ran={"device": "none", "backend": "none"},
    )


class MadeUp:
    """Stands for any executor; `fate` gives a trial's result or a stack's failure.

    `stacks` lists what it was given, and `pretrained` the checkpoints it made.
    """

    def __init__(self, fate: Callable[[Stack, Trial], TrialResult | str] = result_of):
        self.fate = fate
        self.stacks: list[Stack] = []
        self.pretrained: list[str] = []

    def __call__(self, workers, logs, *_) -> "MadeUp":
        return self

    def __enter__(self) -> "MadeUp":
        return self

    def __exit__(self, *_) -> None:
        pass

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        kinds = {
            run_stack: self._run_stack,
            make_records: self._make_records,
            pretrain_one: self._pretrain_one,
        }
        for job in jobs:
            yield from kinds[job.function](job, *job.arguments)

    def _run_stack(self, job: Job, stack: Stack) -> Iterator[Event]:
        self.stacks.append(stack)
        yield Event("report", job, (1, 2))
        results = [self.fate(stack, trial) for trial in stack.trials]
        failures = [result for result in results if isinstance(result, str)]
        if failures:
            short = "MemoryError" in failures[0]
            yield Event("failed", job, failures[0], short_of_memory=short)
        else:
            yield Event("done", job, results)

    def _make_records(self, job: Job, *arguments) -> Iterator[Event]:
        said = []
        yield Event("done", job, make_records(*arguments, said.append))

    def _pretrain_one(self, job: Job, run: PretrainingRun) -> Iterator[Event]:
        """Random numbers that differ between the maskings."""
        self.pretrained.append(run.name)
        digest = hashlib.sha256(run.masking.encode()).digest()
        description = {
            "masking": run.masking,
            "corpus": list(run.corpus),
            "settings": {
                "num_train_steps": run.phases[0].num_train_steps,
                "batch_size": 32,
            },
            "held_out": {"masked_lm_accuracy": 0.25, "next_sentence_accuracy": 0.5},
        }
        config = replace(CONFIG, vocab_size=len(PIECES))
        shapes = variable_shapes(config)
        weights = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
        weights["bert/pooler/dense/bias"][:16] = [*digest[:16]]
        write_checkpoint(run.directory, config, weights, PIECES, description)
        yield Event("report", job, (run.name, 1, 1, "loss 9.5"))
        yield Event("done", job, {})
