"""The page about trials that more than one run holds: what rounding alone moves.

Made of the records below results/; nothing is run. Which trials are the same is told by
their ids (suite/records.py), how far apart they are by suite/trial_comparison.py.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from suite.markdown import NOTHING, points, table
from suite.metrics import main_score
from suite.pages import folded, records_at, run_directories, write_page
from suite.records import RunDirectory, Trial
from suite.tasks import task_named
from suite.trial_comparison import Kept, SplitComparison, split_comparisons

# Directories of results/ whose runs may share trials.
_KINDS = ("runs", "masking", "knobs", "distillation")
_EXPLANATION = (
    "One checkpoint, task, configuration and seed in two runs, on another kind of "
    "processor or in a stack with other trials. What differs is rounding alone, and "
    "training amplifies it. How far says how exactly a recorded score can be expected "
    "again, and what two scores may differ by without any other reason. All of it is "
    "on dev, scores in points. *Same bits*: trials of which no recorded number is "
    "another. *Other answers*: the most examples, in one trial, whose predicted class "
    "is another. *Logit*: the largest move of any, of STS-B that of a score. *Score*: "
    "the largest move of the task's score, the mean of its metrics. *Best*: the best "
    "of these trials in either run."
)


@dataclass(frozen=True, eq=False)
class Found:
    """A finished trial of a run, and what of the run may have moved its rounding."""

    kind: str  # the directory of results/ that the run is in
    kept: Kept
    processor: str
    stack: tuple[str, ...] | None  # ids; None where it is not recorded


@dataclass(frozen=True, eq=False)
class Repeat:
    """A trial in two runs, and its numbers on dev compared."""

    first: Found
    second: Found
    compared: SplitComparison

    @property
    def trial(self) -> Trial:
        return self.first.kept.record.trial

    @property
    def runs(self) -> tuple[RunDirectory, RunDirectory]:
        return self.first.kept.run, self.second.kept.run

    @property
    def scores(self) -> tuple[float, float]:
        """The task's score on dev in either run, in points."""
        task = task_named(self.trial.task)
        both = self.compared.recorded, self.compared.repeated
        first, second = (100 * main_score(task, scores) for scores in both)
        return first, second

    @property
    def processors(self) -> tuple[str, str]:
        return self.first.processor, self.second.processor

    @property
    def same_stack(self) -> bool:
        """Whether the same trials were trained together, as far as is recorded."""
        return self.first.stack is not None and self.first.stack == self.second.stack


def write_repeats_report(results: Path, reports_dir: Path) -> list[Path]:
    """Write repeats.md; returns the file."""
    found = repeats(results)
    parts = ["# The same trial twice", "Generated; do not edit."]
    if not found:
        parts.append("No trial is recorded in two runs yet.")
        return [write_page(reports_dir / "repeats.md", parts)]
    parts += [_EXPLANATION, summary(found), *folded("Every trial", every_trial(found))]
    return [write_page(reports_dir / "repeats.md", parts)]


def repeats(results: Path) -> list[Repeat]:
    """Every trial that two runs finished, in the order of the runs' kinds and names."""
    of_trial: dict[str, list[Found]] = defaultdict(list)
    for kind in _KINDS:
        for run in run_directories(results / kind):
            for own in _finished(kind, run):
                of_trial[own.kept.record.trial.id].append(own)
    return [
        Repeat(first, second, compared)
        for own in of_trial.values()
        for first, second in itertools.combinations(own, 2)
        for compared in split_comparisons(first.kept, second.kept)
        if compared.split == "dev"
    ]


def _finished(kind: str, run: RunDirectory) -> Iterator[Found]:
    described, stacks = run.run(), run.stacks()
    for record in run.records():
        if record.status == "finished":
            processor = record.processor(described)
            stack = stacks.get(record.trial.id)
            yield Found(kind, Kept(run, record), processor, stack)


def summary(found: Sequence[Repeat]) -> str:
    """A row for each task, pair of runs, and kind of difference."""
    groups: dict[tuple, list[Repeat]] = defaultdict(list)
    for one in found:
        runs = (run.path for run in one.runs)
        groups[one.trial.task, *runs, one.processors, one.same_stack].append(one)
    header = (
        *("Task", "Runs", "Processors", "Stack", "Trials", "Same bits"),
        *("Other answers", "Logit", "Score", "Best"),
    )
    return table(header, map(_group_row, groups.values()), sample=False)


def _group_row(group: Sequence[Repeat]) -> list[str]:
    one = group[0]
    changed = [o.compared.changed for o in group if o.compared.changed is not None]
    most = f"{max(changed):,} of {one.compared.rows:,}" if changed else NOTHING
    moved = max(abs(first - second) for first, second in (o.scores for o in group))
    best = (max(o.scores[run] for o in group) for run in (0, 1))
    return [
        one.trial.task,
        " and ".join(_names(one)),
        " and ".join(dict.fromkeys(one.processors)),
        "the same" if one.same_stack else "another",
        str(len(group)),
        str(sum(o.compared.same_bits for o in group)),
        most,
        f"{max(o.compared.moved for o in group):.2g}",
        points(moved),
        " and ".join(points(score) for score in best),
    ]


def _names(one: Repeat) -> list[str]:
    return [
        records_at(f"{own.kind}/{own.kept.run.path.name}", own.kept.run.path.name)
        for own in (one.first, one.second)
    ]


def every_trial(found: Sequence[Repeat]) -> str:
    """A row for each trial."""
    header = (
        *("Task", "Trial", "Batch", "Learning rate", "Seed", "Runs"),
        *("Other answers", "Logit", "Score in either"),
    )
    return table(header, map(_trial_row, found), sample=False)


def _trial_row(one: Repeat) -> list[str]:
    trial, changed = one.trial, one.compared.changed
    return [
        trial.task,
        f"`{trial.id}`",
        str(trial.batch_size),
        f"{trial.learning_rate:g}",
        str(trial.seed),
        " and ".join(f"`{run.path.name}`" for run in one.runs),
        NOTHING if changed is None else f"{changed:,}",
        "same bits" if one.compared.same_bits else f"{one.compared.moved:.2g}",
        " and ".join(points(score, 2) for score in one.scores),
    ]
