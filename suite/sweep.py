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

from reference.errors import InputError
from suite.executor import Event, Job, LocalExecutor
from suite.records import RunDirectory, Trial, TrialRecord
from suite.tasks import Task
from suite.trials import DIVERGED, Sources, Stack, run_stack

BATCH_SIZES = (8, 16, 32, 64, 128)
LEARNING_RATES = (3e-4, 1e-4, 5e-5, 3e-5)
# An update's cost in examples: what makes small batches dear.
UPDATE_COST = 8


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
    """All trials of an entry, in stacks of equal batch size and seed.

    InputError where an epoch is not even one batch: it would have no step and no loss.
    """
    largest = max(grid.batch_sizes)
    if entry.train_rows < largest:
        raise InputError(
            f"{entry.task.name}: expected at least {largest} training rows, one batch "
            f"of the largest size, found {entry.train_rows}; leave the task out"
        )
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
        stacks.append(Stack(entry.sources, entry.task.name, tuple(trials)))
    return stacks


class Sweep:
    """The stacks of several entries that a run directory has no records of yet.

    A trial that failed is run again, unless it diverged.
    """

    def __init__(self, run: RunDirectory, entries: Sequence[Entry], grid: Grid):
        self._run = run
        # A diverged trial would diverge again; other failures may have been bad luck.
        self._settled = run.finished_ids() | {
            record.trial.id for record in run.records() if _has_diverged(record)
        }
        stacks = [(entry, s) for entry in entries for s in stacks_of(entry, grid)]
        self._entry_of = {stack: entry for entry, stack in stacks}
        self.total = sum(len(stack.trials) for stack in self._entry_of)
        self._under_way: dict[Stack, float] = {}
        self.done = self.total - sum(map(len, map(self._missing, self._entry_of)))

    @property
    def progress(self) -> float:
        """Trials that are done, and the parts of those under way."""
        return self.done + sum(self._under_way.values())

    def run(self, executor: LocalExecutor) -> Iterator[TrialRecord | None]:
        """Run what is missing; each trial is recorded before it is yielded.

        None is yielded where a stack has only come further.
        """
        unfinished = [stack for stack in self._entry_of if self._missing(stack)]
        for event in executor.run([self._job(stack) for stack in unfinished]):
            (stack,) = event.job.arguments
            if event.kind == "report":
                step, steps = event.value
                self._under_way[stack] = step / steps * len(self._missing(stack))
                yield None
                continue
            self._under_way.pop(stack, None)
            for record, predictions in self._results(event):
                self._run.append(record, predictions)
                self.done += 1
                yield record

    def _missing(self, stack: Stack) -> list[Trial]:
        return [trial for trial in stack.trials if trial.id not in self._settled]

    def _job(self, stack: Stack) -> Job:
        entry, batch_size = self._entry_of[stack], stack.trials[0].batch_size
        steps = entry.train_rows * stack.trials[0].epochs / batch_size
        outputs = len(entry.task.labels or "1")
        return Job(
            run_stack,
            (stack,),
            # What shares compiled programs.
            affinity=(entry.model, outputs),
            cost=steps * (batch_size + UPDATE_COST) * len(stack.trials),
        )

    def _results(self, event: Event) -> Iterator[tuple[TrialRecord, dict | None]]:
        """The records of a stack that is over, without those that are there already."""
        (stack,) = event.job.arguments
        missing = self._missing(stack)
        if event.kind == "failed":
            for trial in missing:
                yield self._failed(stack, trial, event.reason), None
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


def _has_diverged(record: TrialRecord) -> bool:
    return record.status == "failed" and record.reason.startswith(DIVERGED)
