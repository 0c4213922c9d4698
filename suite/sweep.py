"""The documented grid as trials, trials as stacks, stacks as jobs, jobs as records.

Batch sizes 8, 16, 32, 64, 128 × learning rates 3e-4, 1e-4, 5e-5, 3e-5, 4 epochs (the
March 2020 release). A stack is what one program trains: trials of one batch size and
one seed, which see the same batches and differ in their learning rate. Stacks are
formed from the whole grid, never from what is left of it, so a resumed sweep repeats
the very programs of an undisturbed one.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from suite.executor import Event, Job, LocalExecutor
from suite.records import RunDirectory, Trial, TrialRecord
from suite.tasks import Task
from suite.trials import Sources, Stack, run_stack

BATCH_SIZES = (8, 16, 32, 64, 128)
LEARNING_RATES = (3e-4, 1e-4, 5e-5, 3e-5)
# Trials are stacked until a step holds this many examples: beyond it a stack saves no
# time on a CPU, where arithmetic is then all there is, and only takes memory.
STACKED_EXAMPLES = 64
# A step's fixed cost, in examples: what makes small batches dear.
STEP_OVERHEAD = 8


@dataclass(frozen=True)
class Entry:
    """One checkpoint on one task, whose whole grid is to be run."""

    sources: Sources
    checkpoint_sha256: str
    model: str
    masking: str | None
    task: Task
    data_sha256: str
    train_rows: int


@dataclass(frozen=True)
class Grid:
    """The lists to be combined."""

    batch_sizes: tuple[int, ...] = BATCH_SIZES
    learning_rates: tuple[float, ...] = LEARNING_RATES
    seeds: tuple[int, ...] = (1,)
    epochs: int = 4
    max_seq_length: int = 128


def stacks_of(entry: Entry, grid: Grid) -> list[Stack]:
    """All trials of an entry, in stacks of equal batch size and seed."""
    stacks = []
    for batch_size, seed in itertools.product(grid.batch_sizes, grid.seeds):
        trials = [
            Trial(
                checkpoint=entry.checkpoint_sha256,
                task=entry.task.name,
                data=entry.data_sha256,
                batch_size=batch_size,
                learning_rate=learning_rate,
                seed=seed,
                epochs=grid.epochs,
                max_seq_length=grid.max_seq_length,
            )
            for learning_rate in grid.learning_rates
        ]
        size = max(1, STACKED_EXAMPLES // batch_size)
        stacks += [
            Stack(entry.sources, entry.task.name, tuple(part))
            for part in (trials[i : i + size] for i in range(0, len(trials), size))
        ]
    return stacks


class Sweep:
    """The stacks of several entries that a run directory has no records of yet."""

    def __init__(self, run: RunDirectory, entries: Sequence[Entry], grid: Grid):
        self._run = run
        self._finished = run.finished_ids()
        stacks = [(entry, s) for entry in entries for s in stacks_of(entry, grid)]
        self._entry_of = {stack: entry for entry, stack in stacks}
        self.total = sum(len(stack.trials) for stack in self._entry_of)
        self.done = self.total - sum(map(len, map(self._missing, self._entry_of)))

    def run(self, executor: LocalExecutor) -> Iterator[TrialRecord]:
        """Run what is missing; each trial is recorded before it is yielded."""
        unfinished = [stack for stack in self._entry_of if self._missing(stack)]
        for event in executor.run([self._job(stack) for stack in unfinished]):
            for record, predictions in self._results(event):
                self._run.append(record, predictions)
                self.done += 1
                yield record

    def _missing(self, stack: Stack) -> list[Trial]:
        return [trial for trial in stack.trials if trial.id not in self._finished]

    def _job(self, stack: Stack) -> Job:
        entry, batch_size = self._entry_of[stack], stack.trials[0].batch_size
        steps = entry.train_rows * stack.trials[0].epochs / batch_size
        outputs = len(entry.task.labels or "1")
        return Job(
            run_stack,
            (stack,),
            # What shares compiled programs; the checkpoints of a run are of few shapes.
            affinity=(entry.model, outputs, batch_size),
            cost=steps * (batch_size * len(stack.trials) + STEP_OVERHEAD),
        )

    def _results(self, event: Event) -> Iterator[tuple[TrialRecord, dict | None]]:
        """The records of what an event says, without those that are there already."""
        if event.kind == "report":
            return
        (stack,) = event.job.arguments
        missing = self._missing(stack)
        if event.kind == "failed":
            reason = str(event.value).strip().splitlines()[-1]
            for trial in missing:
                yield self._failed(stack, trial, reason), None
            return
        for trial, result in zip(stack.trials, event.value, strict=True):
            if trial in missing:
                yield self._record(stack, trial, result), result.predictions

    def _record(self, stack: Stack, trial: Trial, result) -> TrialRecord:
        if result.diverged:
            return self._failed(stack, trial, result.diverged, result)
        return TrialRecord(
            trial=trial,
            **self._named(stack),
            status="finished",
            reason=None,
            degenerate=result.degenerate,
            scores=result.scores,
            losses=result.losses,
            seconds=result.seconds,
            ran=result.ran,
        )

    def _failed(self, stack, trial, reason: str, result=None) -> TrialRecord:
        return TrialRecord(
            trial=trial,
            **self._named(stack),
            status="failed",
            reason=reason,
            degenerate=None,
            scores={},
            losses=[x for x in result.losses if np.isfinite(x)] if result else [],
            seconds=result.seconds if result else 0.0,
            ran=result.ran if result else {},
        )

    def _named(self, stack: Stack) -> dict:
        entry = self._entry_of[stack]
        return {"model": entry.model, "masking": entry.masking}
