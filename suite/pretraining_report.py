"""The page about pre-training: curves, held-out metrics, a trial in a stack and alone.

Made of the records of results/pretraining/ (pretraining_record.py). A record of one
trial that is also in a stack of the same text and settings is laid beside it. Nothing
is measured here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reference.held_out_metrics import METRICS
from reference.json_files import read_json_lines, read_json_object
from suite.checkpoint_words import phases_in_words
from suite.figures import curve_figure
from suite.markdown import NOTHING, counted, table
from suite.pages import records_at, run_directories, write_page


@dataclass(frozen=True)
class Record:
    """A run as recorded: its `run.json`, and the lines of its metrics."""

    name: str
    run: dict
    lines: list[dict]

    @property
    def same_run(self) -> list:
        """What a trial alone must share with the stack that it is compared to."""
        return [self.run[what] for what in ("model", "text", "settings")]

    def losses(self, trial: int) -> dict[int, float]:
        """Mean training loss by the step it was written at."""
        return {line["step"]: line["loss"][trial] for line in self.lines}

    def held_out(self) -> list[dict]:
        return [line for line in self.lines if "held_out" in line]


def write_pretraining_report(records: Path, reports_dir: Path) -> list[Path]:
    """Write pretraining.md and a figure for each stack; returns the files."""
    found = [read_record(run.path) for run in run_directories(records)]
    parts, written = ["# Pre-training", "Generated; do not edit."], []
    if not found:
        parts.append("Nothing is recorded yet: `python -m suite pretrain … --record`.")
    for record in found:
        # One that was stopped early is there to be laid beside another.
        if record.run["instances"] is not None:
            path = reports_dir / "figures" / f"pretraining_{record.name}.svg"
            written.append(curve_figure(path, record.run["trials"], record.lines))
            parts += _section(record, found, path.relative_to(reports_dir))
    return [write_page(reports_dir / "pretraining.md", parts), *written]


def read_record(directory: Path) -> Record:
    """What `write_record` wrote."""
    run = read_json_object(directory / "run.json")
    return Record(directory.name, run, read_json_lines(directory / "metrics.jsonl"))


def _section(record: Record, others: Sequence[Record], figure: Path) -> list[str]:
    run = record.run
    phases = phases_in_words(
        [(phase["num_train_steps"], phase["batch_size"]) for phase in run["text"]],
        run.get("max_seq_lengths"),
    )
    ran_on = run["ran_on"] or {}
    return [
        f"## {record.name}",
        f"{run['model']}, {_trained_together(run['trials'])}, "
        f"{phases}, on {counted(_texts(run), 'text')} with {run['instances']:,} "
        "sequences in all. Trained on "
        f"{', '.join([*ran_on.values(), run['machine']])} at commit "
        f"`{run['commit'][:7]}` by `{run['command']}`. Record: "
        f"{records_at(f'pretraining/{record.name}')}.",
        f"![Loss and held-out accuracy over the steps; the table has numbers of both]"
        f"({figure})",
        "Mean training loss since the line before, and held-out metrics, each trial "
        "under its own masking:",
        table(*_curve(record), sample=False),
        *_alone(record, others),
    ]


def _trained_together(trials: Sequence[str]) -> str:
    several = f"{len(trials)} trials side by side"
    return several if len(trials) > 1 else "one trial"


def _texts(run: dict) -> int:
    """Of two phases the files are the same texts in other lengths, by their names."""
    return len({name for phase in run["text"] for name in phase["files"]})


def _curve(record: Record) -> tuple[tuple[str, ...], list[list[str]]]:
    header = ("Step", "Trial", "Training loss", *(m.replace("_", " ") for m in METRICS))
    rows = [
        [
            f"{line['step']:,}",
            name,
            f"{line['loss'][trial]:.3f}",
            *(f"{line['held_out'][trial][metric]:.4f}" for metric in METRICS),
        ]
        for line in record.held_out()
        for trial, name in enumerate(record.run["trials"])
    ]
    return header, rows


def _alone(stack: Record, others: Sequence[Record]) -> list[str]:
    """The trials of a stack beside the same trials run alone, where there are any."""
    rows = list(_comparisons(stack, others))
    if not rows:
        return []
    header = ("Trial", "Record", "Steps", "Largest difference", "Mean difference")
    return [
        "The same trials run alone, their losses beside those in the stack (relative "
        "difference of the mean losses that were written up to a step):",
        table(header, rows, sample=False),
    ]


def _comparisons(stack: Record, others: Sequence[Record]) -> Iterator[list[str]]:
    for other in others:
        (name, *more) = other.run["trials"]
        fits = other.same_run == stack.same_run and name in stack.run["trials"]
        if more or other is stack or not fits or len(stack.run["trials"]) < 2:
            continue
        ours = stack.losses(stack.run["trials"].index(name))
        alone = other.losses(0)
        shared = [step for step in alone if step in ours]
        for last in _stages(shared):
            steps = [step for step in shared if step <= last]
            gaps = np.array([abs(ours[s] / alone[s] - 1) for s in steps])
            yield [
                name,
                records_at(f"pretraining/{other.name}", other.name),
                f"1 to {last:,}",
                f"{gaps.max():.1e}",
                f"{gaps.mean():.1e}" if len(gaps) > 1 else NOTHING,
            ]


def _stages(steps: Sequence[int]) -> list[int]:
    """The first step that both wrote of, about ten times it, …, and the last."""
    stages, bound = [], 0
    for step in steps:
        if step >= bound:
            stages.append(step)
            bound = 10 * step
    return sorted({*stages, *steps[-1:]})
