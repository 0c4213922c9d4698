"""Stacks as jobs, and what came of them as records; what is there is not run again.

The grid of every entry is run first, then the configuration that was selected on it on
fresh seeds. Which trials there are is in suite/plan.py, how they are stacked in
suite/plan_file.py, and what a job does in suite/trials.py.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from suite.grids import dev_score, selected_configuration
from suite.jobs import Event, Executor, Job
from suite.plan import Entry, Grid, grid_trials, repeated_trials
from suite.plan_file import PlanFile
from suite.records import RunDirectory, Trial, TrialRecord
from suite.stack_size import StackSize, on_a_cpu
from suite.trials import DIVERGED, Stack, TrialResult

# An update's cost in examples: what makes small batches dear.
UPDATE_COST = 8


class Sweep:
    """The trials of several entries, of which a run directory may have records.

    One that failed is run again, unless it diverged. `stack` is the size of stacks that
    was asked for; InputError where the run is planned otherwise.
    """

    def __init__(
        self,
        run: RunDirectory,
        entries: Sequence[Entry],
        grid: Grid,
        stack: int | None = None,
    ):
        self._run, self._grid = run, grid
        self._plan = PlanFile(run.path, stack)
        self._of_grid = {entry: grid_trials(entry, grid) for entry in entries}
        self._repeats: dict[Entry, list[Trial]] = {}
        self._records = {record.trial.id: record for record in run.records()}
        finished = run.finished_ids()
        # A diverged trial would diverge again; other failures may have been bad luck.
        self._settled = {
            trial_id
            for trial_id, record in self._records.items()
            if trial_id in finished or _has_diverged(record)
        }
        self._given_up: set[str] = set()
        self._under_way: dict[Stack, float] = {}

    @property
    def trials(self) -> dict[Entry, list[Trial]]:
        """Of each entry the grid and, once that is over, the repeats."""
        return {
            entry: trials + self._repeats_of(entry)
            for entry, trials in self._of_grid.items()
        }

    @property
    def repeats_to_come(self) -> int:
        """Trials of which it is not known yet what they repeat."""
        each = len(self._grid.variations) * len(self._grid.fresh_seeds)
        return len(self.waiting) * each

    @property
    def waiting(self) -> list[Entry]:
        """Entries on whose grid nothing could be selected yet, for it is not over."""
        return [entry for entry in self.trials if entry not in self._repeats]

    @property
    def total(self) -> int:
        return sum(map(len, self.trials.values())) + self.repeats_to_come

    @property
    def done(self) -> int:
        """Trials that are over, failed ones too."""
        trials = [trial for own in self.trials.values() for trial in own]
        return len(trials) - len(self.missing(trials))

    @property
    def progress(self) -> float:
        """Trials that are over, and the parts of those under way."""
        parts = self._under_way.items()
        return self.done + sum(
            part * len(self.missing(stack.trials)) for stack, part in parts
        )

    @property
    def failed(self) -> int:
        """Trials of this sweep whose record says so."""
        ids = {trial.id for own in self.trials.values() for trial in own}
        records = self._records.items()
        return sum(own in ids and record.status == "failed" for own, record in records)

    @property
    def to_run_again(self) -> int:
        """Trials that failed here and may not the next time, and what waits on them."""
        return len(self._given_up) + (self.repeats_to_come if self._given_up else 0)

    @property
    def best(self) -> dict[str, float]:
        """Task -> the best main score on dev so far, a fraction of 1."""
        found: dict[str, float] = {}
        for entry, trials in self.trials.items():
            records = [self._records.get(trial.id) for trial in trials]
            scores = [dev_score(record) for record in records if record]
            known = [score for score in scores if score is not None]
            if known:
                name = entry.task.name
                found[name] = max(*known, found.get(name, known[0]))
        return found

    def missing(self, trials: Sequence[Trial]) -> list[Trial]:
        """Those of which nothing is recorded that stands."""
        over = self._settled | self._given_up
        return [trial for trial in trials if trial.id not in over]

    def stacks(self, size: StackSize = on_a_cpu) -> dict[Stack, Entry]:
        """What is to be run as far as it is known now.

        Stacks are formed from the whole grid, never from what is left of it, so a
        resumed sweep repeats the very programs of an undisturbed one.
        """
        found = {}
        for entry, trials in self.trials.items():
            for own in self._groups(trials):
                if self.missing(own):
                    planned = self._plan.stacks(entry, own, size)
                    found |= {s: entry for s in planned if self.missing(s.trials)}
        return found

    def run(
        self, executor: Executor, size: StackSize = on_a_cpu
    ) -> Iterator[TrialRecord | None]:
        """Run what is missing; each trial is recorded before it is yielded.

        None is yielded where a stack has only come further, or was cut in halves.
        """
        while stacks := self.stacks(size):
            self._plan.write()
            jobs = [self._job(stack, entry) for stack, entry in stacks.items()]
            for event in executor.run(jobs):
                (stack,) = event.job.arguments
                yield from self._heard(event, stack, stacks[stack])

    def _repeats_of(self, entry: Entry) -> list[Trial]:
        """Empty before the grid is over: a failed trial of it may yet be the best."""
        trials = self._of_grid[entry]
        if entry not in self._repeats and all(t.id in self._settled for t in trials):
            self._repeats[entry] = [
                repeat
                for name in self._grid.variations
                for repeat in self._selected([t for t in trials if t.variation == name])
            ]
        return self._repeats.get(entry, [])

    def _selected(self, trials: Sequence[Trial]) -> list[Trial]:
        """The best of a grid that is over, on the fresh seeds."""
        chosen = selected_configuration([self._records[trial.id] for trial in trials])
        return repeated_trials(trials, *chosen, self._grid) if chosen else []

    def _groups(self, trials: Sequence[Trial]) -> list[list[Trial]]:
        """What may be in one stack: of a batch size and variation, repeats apart."""
        groups: dict[tuple, list[Trial]] = {}
        for trial in trials:
            is_fresh = trial.seed in self._grid.fresh_seeds
            key = trial.batch_size, trial.variation, is_fresh
            groups.setdefault(key, []).append(trial)
        return list(groups.values())

    def _job(self, stack: Stack, entry: Entry) -> Job:
        batch_size = stack.trials[0].batch_size
        steps = entry.train_rows * stack.trials[0].epochs / batch_size
        outputs = entry.task.outputs
        return Job(
            entry.job,
            (stack,),
            # What shares compiled programs.
            affinity=(entry.model, outputs, len(stack.trials)),
            cost=steps * (batch_size + UPDATE_COST) * len(stack.trials),
        )

    def _heard(
        self, event: Event, stack: Stack, entry: Entry
    ) -> Iterator[TrialRecord | None]:
        """What there is to record of what a stack's job said."""
        missing = self.missing(stack.trials)
        if event.kind == "report":
            step, steps = event.value
            self._under_way[stack] = step / steps
            yield None
            return
        if event.short_of_memory and len(stack.trials) > 1:
            self._under_way.pop(stack, None)
            self._plan.halve(stack)
            yield None
            return
        for trial, result in _results(event, stack):
            if trial in missing:
                record = _record(entry, trial, result)
                self._keep(record, getattr(result, "predictions", None))
                yield record
        self._under_way.pop(stack, None)

    def _keep(self, record: TrialRecord, predictions: dict | None) -> None:
        self._run.append(record, predictions)
        self._records[record.trial.id] = record
        stands = record.status == "finished" or _has_diverged(record)
        (self._settled if stands else self._given_up).add(record.trial.id)


def _results(event: Event, stack: Stack) -> list[tuple[Trial, TrialResult | str]]:
    """Of each trial of a stack that is over, the result or why there is none."""
    if event.kind == "failed":
        return [(trial, event.reason) for trial in stack.trials]
    return list(zip(stack.trials, event.value, strict=True))


def _record(entry: Entry, trial: Trial, result: TrialResult | str) -> TrialRecord:
    if isinstance(result, str):
        return _failed(entry, trial, result)
    if result.diverged:
        return _failed(entry, trial, result.diverged, result)
    return TrialRecord(
        trial=trial,
        model=entry.model,
        masking=entry.masking,
        status="finished",
        reason=None,
        degenerate=result.degenerate,
        scores=result.scores,
        losses=result.losses,
        seconds=result.seconds,
        ran=result.ran,
    )


def _failed(
    entry: Entry, trial: Trial, reason: str, result: TrialResult | None = None
) -> TrialRecord:
    return TrialRecord(
        trial=trial,
        model=entry.model,
        masking=entry.masking,
        status="failed",
        reason=reason,
        degenerate=None,
        scores={},
        losses=[x for x in result.losses if np.isfinite(x)] if result else [],
        seconds=result.seconds if result else 0.0,
        ran=result.ran if result else {},
    )


def _has_diverged(record: TrialRecord) -> bool:
    return record.status == "failed" and record.reason.startswith(DIVERGED)
