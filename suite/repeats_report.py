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
class Repeat:
    """A trial in two runs, each as kept there, and both compared on dev."""

    kind: tuple[str, str]  # of the runs: directories of results/
    first: Kept
    second: Kept
    found: SplitComparison

    @property
    def task(self) -> str:
        return self.first.record.trial.task

    @property
    def scores(self) -> tuple[float, float]:
        """The task's score on dev in either run, in points."""
        task = task_named(self.task)
        both = self.found.recorded, self.found.repeated
        first, second = (100 * main_score(task, scores) for scores in both)
        return first, second

    @property
    def processors(self) -> tuple[str, str]:
        both = self.first, self.second
        first, second = (kept.record.processor(kept.run.run()) for kept in both)
        return first, second

    @property
    def same_stack(self) -> bool:
        """Whether the same trials were trained together, as far as is recorded."""
        both = self.first, self.second
        first, second = (kept.run.stack_of(kept.record.trial.id) for kept in both)
        return bool(first) and first == second


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
    kept: dict[str, list[tuple[str, Kept]]] = defaultdict(list)
    for kind in _KINDS:
        for run in run_directories(results / kind):
            for record in run.records():
                if record.status == "finished":
                    kept[record.trial.id].append((kind, Kept(run, record)))
    return [
        repeat
        for own in kept.values()
        for first, second in itertools.combinations(own, 2)
        for repeat in _compared(first, second)
    ]


def _compared(first: tuple[str, Kept], second: tuple[str, Kept]) -> Iterator[Repeat]:
    kinds = first[0], second[0]
    for found in split_comparisons(first[1], second[1]):
        if found.split == "dev":
            yield Repeat(kinds, first[1], second[1], found)


def summary(found: Sequence[Repeat]) -> str:
    """A row for each task, pair of runs, and kind of difference."""
    groups: dict[tuple, list[Repeat]] = defaultdict(list)
    for one in found:
        runs = one.first.run.path, one.second.run.path
        groups[one.task, *runs, one.processors, one.same_stack].append(one)
    header = (
        *("Task", "Runs", "Processors", "Stack", "Trials", "Same bits"),
        *("Other answers", "Logit", "Score", "Best"),
    )
    return table(header, map(_group_row, groups.values()), sample=False)


def _group_row(group: Sequence[Repeat]) -> list[str]:
    one = group[0]
    changed = [o.found.changed for o in group if o.found.changed is not None]
    most = f"{max(changed):,} of {one.found.rows:,}" if changed else NOTHING
    moved = max(abs(first - second) for first, second in (o.scores for o in group))
    best = (max(o.scores[run] for o in group) for run in (0, 1))
    return [
        one.task,
        " and ".join(_names(one)),
        " and ".join(dict.fromkeys(one.processors)),
        "the same" if one.same_stack else "another",
        str(len(group)),
        str(sum(o.found.same_bits for o in group)),
        most,
        f"{max(o.found.moved for o in group):.2g}",
        points(moved),
        " and ".join(points(score) for score in best),
    ]


def _names(one: Repeat) -> list[str]:
    both = zip(one.kind, (one.first.run, one.second.run), strict=True)
    return [records_at(f"{kind}/{run.path.name}", run.path.name) for kind, run in both]


def every_trial(found: Sequence[Repeat]) -> str:
    """A row for each trial."""
    header = (
        *("Task", "Trial", "Batch", "Learning rate", "Seed", "Runs"),
        *("Other answers", "Logit", "Score in either"),
    )
    return table(header, map(_trial_row, found), sample=False)


def _trial_row(one: Repeat) -> list[str]:
    trial, changed = one.first.record.trial, one.found.changed
    return [
        trial.task,
        f"`{trial.id}`",
        str(trial.batch_size),
        f"{trial.learning_rate:g}",
        str(trial.seed),
        " and ".join(f"`{kept.run.path.name}`" for kept in (one.first, one.second)),
        NOTHING if changed is None else f"{changed:,}",
        "same bits" if one.found.same_bits else f"{one.found.moved:.2g}",
        " and ".join(points(score, 2) for score in one.scores),
    ]
