"""How fast trials were on a machine like this one, from what was recorded of them.

A record says how long a trial took, its share of its stack; its examples follow from
the official size of the task. Where nothing like it was recorded nothing is guessed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from suite import environment
from suite.records import RunDirectory, TrialRecord
from suite.tasks import TASKS


@dataclass
class _Sum:
    examples: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Rates:
    """Examples a second that one worker trained on in a run, prediction included."""

    run: str
    _sums: Mapping[tuple[str, int], _Sum] = field(repr=False)

    def rate(self, task: str, batch_size: int | None = None) -> float:
        """Of this task and batch size, or of what was recorded that is nearest."""
        sums = self._sums
        choices = (
            [sums[key] for key in sums if key == (task, batch_size)],
            [sums[key] for key in sums if batch_size in (None, key[1])],
            list(sums.values()),
        )
        nearest = next(choice for choice in choices if choice)
        examples = sum(one.examples for one in nearest)
        return examples / sum(one.seconds for one in nearest)


def recorded_rates(runs: Iterable[Path], model: str) -> Rates | None:
    """From the first of these runs that has this model on a machine like this."""
    for path in runs:
        if not (path / "run.json").exists():
            continue
        run = RunDirectory(path)
        described = run.run()
        if described.get("sample") or described.get("backend") != environment.backend():
            continue
        # A rate is that of one worker, whatever the number of cores.
        own = (
            record
            for record in run.records()
            if record.model == model
            and record.processor(described) == environment.processor()
        )
        if sums := _sums(own, described.get("partial", {})):
            return Rates(path.resolve().name, sums)
    return None


def _sums(
    records: Iterable[TrialRecord], partial: Mapping[str, str]
) -> dict[tuple[str, int], _Sum]:
    """Examples and seconds by task and batch size."""
    sums: dict[tuple[str, int], _Sum] = {}
    for record in records:
        trial = record.trial
        timed = record.status == "finished" and record.seconds > 0
        if timed and trial.task not in partial:
            own = sums.setdefault((trial.task, trial.batch_size), _Sum())
            own.examples += TASKS[trial.task].rows["train"] * trial.epochs
            own.seconds += record.seconds
    return sums
