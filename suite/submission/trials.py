"""What a run has for GLUE's server: which trial each file comes from, what is missing.

Of each task the configuration that is best on dev (suite/grids.py) is taken, and of its
trials the one that is best on dev: a submission is one model a task, and BERT's authors
too chose among restarts on dev (Devlin et al. 2019, section 4.1). AX comes from the
trial of MNLI. Not here: the zip (suite/submission/writing.py).
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from reference.errors import InputError
from suite.grids import (
    Grid,
    configuration_of,
    dev_score,
    load_grids,
    selected_configuration,
)
from suite.markdown import counted
from suite.metrics import predictions_from_logits
from suite.records import RunDirectory, TrialRecord
from suite.submission.files import FILES, HIGHEST, LOWEST, PredictionFile
from suite.tasks import GLUE_TASKS, Task
from suite.verdicts import run_checkpoints

SELECTED = "of each task the configuration best on dev, of its trials the best on dev"


@dataclass(frozen=True, eq=False)
class Predicted:
    """What one file is made of: the trial and its classes int32 [n], scores float32."""

    file: PredictionFile
    record: TrialRecord
    predictions: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def dev_scores(self) -> Mapping[str, float]:
        """The trial's own on dev, which also chose it; none for AX."""
        return self.record.scores.get(self.file.dev_split, {})

    def beside(self, others: Mapping[str, np.ndarray]) -> "Predicted":
        """The same with a note, where predictions by file name are not these."""
        other = others.get(self.file.name)
        if other is None or np.array_equal(other, self.predictions):
            return self
        return replace(self, notes=(*self.notes, "the zip holds other predictions"))

    def described(self) -> dict:
        """For the JSON beside the zip."""
        trial = self.record.trial
        return {
            "file": self.file.name,
            "trial": trial.id,
            "task": trial.task,
            "batch_size": trial.batch_size,
            "learning_rate": trial.learning_rate,
            "seed": trial.seed,
            "dev": dict(self.dev_scores),
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Missing:
    """A file that cannot be written, why, and what to do before its task runs again."""

    file: PredictionFile
    why: str
    first: str = ""

    def __str__(self) -> str:
        return f"{self.file.name}: {self.reason}"

    @property
    def reason(self) -> str:
        return f"{self.why}; {self.first}" if self.first else self.why


@dataclass(frozen=True, eq=False)
class Submission:
    """All that a run has for GLUE's server, from one of its checkpoints."""

    run: RunDirectory
    checkpoint: Mapping
    grids: Mapping[str, Grid]  # by task
    files: tuple[Predicted, ...]
    missing: tuple[Missing, ...]

    def described(self) -> dict:
        """What goes into the JSON beside the zip, but for the zip's own digest."""
        keys = ("name", "masking", "published_as", "description", "sha256")
        return {
            "run": self.run.path.resolve().name,
            "checkpoint": {key: self.checkpoint.get(key) for key in keys},
            "selected": SELECTED,
            "files": [predicted.described() for predicted in self.files],
            "missing": [str(missing) for missing in self.missing],
        }

    def command(self) -> str:
        """What makes the predictions that are missing, typed in a shell."""
        run = self.run.run()
        words = shlex.split(str(run.get("command", "")))
        lacking = {missing.file.trained_on for missing in self.missing}
        tasks = [name for name in GLUE_TASKS if name in lacking]
        directory = str(self.run.path)
        if not run.get("test_predictions"):
            # It holds for all trials of a run or for none, and a zip is of one run.
            directory, tasks = f"{directory}-for-submission", list(GLUE_TASKS)
        return (
            f"python -m suite sweep --checkpoint {_said(words, '--checkpoint')} "
            f"--glue-dir {_said(words, '--glue-dir')} --run-dir "
            f"{shlex.quote(directory)} --tasks {','.join(tasks)} --test-predictions"
        )


def gather(run: RunDirectory, model: str | None = None) -> Submission:
    """What a run has to submit; `model` says which checkpoint, where it has several.

    InputError for a run on sample data, and where `model` does not name one checkpoint.
    """
    described = run.run()
    if described.get("sample"):
        raise InputError(
            f"{run.path}: expected predictions of GLUE, found a run on sample data; "
            "run the sweep with --glue-dir"
        )
    checkpoint = chosen_checkpoint(run_checkpoints(run), model, run.path)
    grids = {
        task: grid
        for (sha256, task), grid in load_grids(run).items()
        if sha256 == checkpoint["sha256"]
    }
    files, missing = [], []
    for file in FILES:
        found = _predicted(run, described, file, grids.get(file.trained_on))
        (files if isinstance(found, Predicted) else missing).append(found)
    return Submission(run, checkpoint, grids, tuple(files), tuple(missing))


def chosen_checkpoint(
    checkpoints: list[Mapping], model: str | None, path: Path
) -> Mapping:
    """The one that `model` names by its name, its masking or the start of its SHA-256.

    Without `model` the only one there is.
    """
    found = [c for c in checkpoints if model is None or _is_called(c, model)]
    if len(found) == 1:
        return found[0]
    known = "; ".join(
        f"{c['name']}, {c['masking'] or 'unknown'} masking, {c['sha256'][:12]}"
        for c in checkpoints
    )
    raise InputError(
        f"{path}: expected one checkpoint{f' called {model}' if model else ''}, found "
        f"{len(found)} of {len(checkpoints)} ({known or 'none'}); name one with "
        "--model, by its name, its masking or the first digits that follow it"
    )


def chosen_trial(grid: Grid) -> TrialRecord | None:
    """Of the selected configuration the trial best on dev; of equals the first seed."""
    configuration = selected_configuration(grid.records)
    own = [
        record
        for record in grid.records
        if record.status == "finished"
        and configuration_of(record.trial) == configuration
    ]
    return max(own, key=lambda r: (dev_score(r), -r.trial.seed), default=None)


def _predicted(
    run: RunDirectory, described: Mapping, file: PredictionFile, grid: Grid | None
) -> Predicted | Missing:
    """A file's predictions by the selected trial, or why there are none."""
    name = file.trained_on
    if grid is None:
        why = described.get("skipped", {}).get(name)
        return Missing(file, why or f"{name} was not run")
    record = chosen_trial(grid)
    if record is None:
        return Missing(file, f"no configuration of {name} finished on every seed")
    trial = f"the selected trial of {name}, {record.trial.id}"
    logits = run.predictions(record.trial.id).get(file.recorded_as)
    split = "diagnostic.tsv" if file.task.name == "AX" else f"{file.split} split"
    kept = run.path / "predictions" / f"{record.trial.id}.npz"
    again = f"put it there, and remove {kept}, so that the trial runs again"
    if logits is None:
        begun_with = described.get("test_predictions")
        first = f"GLUE's {split} was not there: {again}" if begun_with else ""
        return Missing(file, f"{trial}, has no predictions of the {split}", first)
    predictions = predictions_from_logits(file.task, logits)
    if len(predictions) != file.rows:
        why = f"expected {file.rows:,} predictions, {trial}, has {len(predictions):,}"
        first = f"its {split} was not GLUE's own: {again}"
        return Missing(file, why, first)
    clipped, notes = _clipped(file.task, predictions)
    notes += [
        note
        for note in (described.get("partial", {}).get(name), record.degenerate)
        if note
    ]
    return Predicted(file, record, clipped, tuple(notes))


def _clipped(task: Task, predictions: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Scores within the range, outside of which GLUE's server reports an error."""
    if task.labels is not None:
        return predictions, []
    clipped = np.clip(predictions, np.float32(LOWEST), np.float32(HIGHEST))
    count = int(np.sum(clipped != predictions))
    bounds = f"[{LOWEST:.0f}, {HIGHEST:.0f}]"
    return clipped, [f"{counted(count, 'score')} clipped to {bounds}"] if count else []


def _is_called(checkpoint: Mapping, model: str) -> bool:
    names = checkpoint["name"], checkpoint["masking"], checkpoint["published_as"]
    digits = len(model) >= 4 and checkpoint["sha256"].startswith(model)
    return model in names or digits


def _said(words: list[str], option: str) -> str:
    """The one value that a recorded command gave to an option, else a word for it."""
    placeholder = option.removeprefix("--").replace("-", "_").upper()
    if words.count(option) != 1:
        return placeholder
    value, *after = [*words[words.index(option) + 1 :], "--"][:2]
    is_one = not value.startswith("-") and all(w.startswith("-") for w in after)
    return shlex.quote(value) if is_one else placeholder
