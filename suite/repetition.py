"""One trial of a run once more, from its record: is what was recorded what comes out?

A copy of the run without the trial is resumed by the command that made the run. What
one program trained together can move a trial's numbers within rounding, so the trials
of its stack (plan.json) are left out with it and run together again. On the same
versions and kind of machine the same bits are to be expected; elsewhere rounding
differs, and training amplifies it.
"""

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reference.errors import InputError
from reference.files import directory_written_whole, file_sha256, written_whole
from suite.markdown import percent, table
from suite.records import RunDirectory, TrialRecord
from suite.trial_comparison import Kept, SplitComparison, split_comparisons

# Of its words a run's command begins with these.
_PROGRAM = ["python", "-m", "suite"]
# In the copy: of which trial, and of which records, it is.
_MARK = "repeats.json"


@dataclass(frozen=True)
class Repetition:
    """A run, one of its trials, and the directory in which that is run again."""

    run: RunDirectory
    record: TrialRecord
    again: RunDirectory

    @property
    def trial_id(self) -> str:
        return self.record.trial.id

    @property
    def stack(self) -> tuple[str, ...]:
        """The ids of the trials that were trained together with it, its own too."""
        if ids := self.run.stacks().get(self.trial_id):
            return ids
        raise InputError(
            f"{self.run.path / 'plan.json'}: expected the stack of trial "
            f"{self.trial_id}, found none; a run without its plan cannot be repeated "
            "to the bit"
        )

    def prepare(self) -> None:
        """Copy the run without the stack, whole or not at all; once is enough.

        InputError for a directory that is another's: what stands there of the trial
        may be its record, and not what came of running it again.
        """
        left_out, mark = self.stack, {"trial": self.trial_id, "run": self._records()}
        if self.again.path.exists():
            if self._mark() != mark:
                raise InputError(
                    f"{self.again.path}: expected no such directory, or what an "
                    f"earlier repetition of trial {self.trial_id} left there, found "
                    "something else; name another with --to"
                )
            return
        with directory_written_whole(self.again.path) as aside:
            with written_whole(aside / _MARK) as file:
                json.dump(mark, file)
            for name in ("run.json", "plan.json", "labels.npz"):
                if (self.run.path / name).exists():
                    with written_whole(aside / name, "wb") as file:
                        file.write((self.run.path / name).read_bytes())
            copy = RunDirectory(aside)
            for record in self.run.records():
                if record.trial.id not in left_out:
                    copy.append(record, self._predictions(record))

    def _records(self) -> str:
        """What tells this run, as it is now, from others."""
        return file_sha256(self.run.path / "trials.jsonl")

    def _mark(self) -> dict | None:
        try:
            return json.loads((self.again.path / _MARK).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def _predictions(self, record: TrialRecord) -> Mapping[str, np.ndarray] | None:
        if record.status == "failed":
            return None
        return self.run.predictions(record.trial.id)


def finished_trial(
    run: RunDirectory, trial_id: str | None, rng: np.random.Generator
) -> TrialRecord:
    """The record with this id, or one drawn from all that are finished."""
    finished = {r.trial.id: r for r in run.records() if r.status == "finished"}
    if not finished:
        raise InputError(f"{run.path}: expected finished trials, found none")
    chosen = trial_id or str(rng.choice(sorted(finished)))
    if chosen not in finished:
        raise InputError(
            f"--trial: expected the id of a finished trial of {run.path}, found "
            f"{chosen!r}; they are in trials.jsonl"
        )
    return finished[chosen]


def resuming_command(said: str, run_dir: Path) -> list[str]:
    """A run's command with another directory for its records, ready to be called."""
    words = shlex.split(said)
    if words[:3] != _PROGRAM or len(words) < 4 or words[3] == "reproduce":
        raise InputError(
            f"the run's command: expected `{' '.join(_PROGRAM)} sweep` or another verb "
            f"with --run-dir, found {said!r}; say with --command how its trials are "
            "run, as `python -m suite sweep --checkpoint DIR --glue-dir DIR …`"
        )
    kept = _without(_without(words[3:], "--run-dir"), "--name")
    return [sys.executable, "-m", "suite", *kept, "--run-dir", str(run_dir)]


def _without(words: Sequence[str], option: str) -> list[str]:
    kept, follows = [], False
    for word in words:
        if not (follows or word == option or word.startswith(f"{option}=")):
            kept.append(word)
        follows = word == option
    return kept


def comparisons(repetition: Repetition) -> list[SplitComparison]:
    """Split by split; InputError where the trial has not been run again."""
    there = {r.trial.id: r for r in repetition.again.records()}
    again = there.get(repetition.trial_id)
    if again is None or again.status == "failed":
        why = again.reason if again else "it has no record"
        raise InputError(
            f"{repetition.again.path}: expected trial {repetition.trial_id} to be run "
            f"again, but {why}; is it the run's checkpoint and data?"
        )
    recorded = Kept(repetition.run, repetition.record)
    return split_comparisons(recorded, Kept(repetition.again, again))


def comparison_table(found: Sequence[SplitComparison]) -> str:
    """A line for each split and metric."""
    header = ("Split", "Rows", "Other winner", "Largest move", "Recorded", "Repeated")
    lines = []
    for one in found:
        names = list(one.recorded) or [""]
        for name in names:
            lines.append(
                (
                    one.split,
                    f"{one.rows:,}",
                    "–" if one.changed is None else f"{one.changed:,}",
                    f"{one.moved:.3g}",
                    f"{percent(one.recorded.get(name), 2)} {name}".strip(),
                    f"{percent(one.repeated.get(name), 2)} {name}".strip(),
                )
            )
    return table(header, lines, sample=False)


def other_versions(run: Mapping, here: Mapping[str, str]) -> list[str]:
    """What is of another version here than in run.json, in words."""
    recorded = run.get("versions", {})
    return [
        f"{name} {recorded.get(name, 'none')}, here {here.get(name, 'none')}"
        for name in sorted({*recorded, *here})
        if recorded.get(name) != here.get(name)
    ]
