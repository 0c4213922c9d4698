"""The whole pipeline: data, pre-training under both maskings, the grid, the report.

Every stage leaves its product where the next run finds it, so that the same command
typed again goes on where the last one stopped, and repeats nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from reference.configuration import named_size
from reference.errors import InputError
from reference.files import written_whole
from reference.instances import InstanceSettings
from suite import environment
from suite.claims import write_verdicts
from suite.environment import RESULTS
from suite.executor import LocalExecutor
from suite.pretraining import Plan, finish_all, instance_jobs, pretraining_jobs
from suite.progress import bars
from suite.readme import check_readme, publish
from suite.records import RunDirectory
from suite.sample import write_sample
from suite.sources import (
    Glue,
    check_checkpoint,
    describe_checkpoint,
    entries,
    scored_labels,
)
from suite.sweep import Grid, Sweep

# A quarter of an hour of BERT-Tiny on one core; more is better, and asked for.
DEFAULT_STEPS = 2400
DUPE_FACTOR = 2
# About a minute a masking on one core.
SAMPLE_STEPS = 400
SAMPLE_INSTANCES = InstanceSettings(
    max_seq_length=64, max_predictions_per_seq=10, dupe_factor=2
)


@dataclass(frozen=True)
class Places:
    """Where a run keeps its records, and its products on the way."""

    run: Path
    work: Path


@dataclass(frozen=True)
class Request:
    """What `reproduce` was asked for; without a GLUE directory, sample data."""

    glue_dir: Path | None
    test_labels: Path | None
    corpus: tuple[Path, ...]
    vocab: Path | None
    checkpoints: tuple[Path, ...]
    models: tuple[str, ...]
    tasks: tuple[str, ...]
    pretrain_steps: int | None
    seeds: int
    name: str
    run_dir: Path | None
    workers: int

    def __post_init__(self) -> None:
        if not self.models:
            raise InputError("--models: none named")
        for model in self.models:
            named_size(model)
        if self.is_sample:
            if self.corpus or self.vocab or self.test_labels:
                raise InputError(
                    "--corpus, --vocab and --test-labels: need --glue-dir DIR; without "
                    "it the run is on sample data, which bring their own"
                )
            return
        if self.checkpoints and (self.corpus or self.vocab):
            raise InputError(
                "--checkpoint: leave --corpus and --vocab away, a checkpoint has been "
                "pre-trained and has its vocabulary with it"
            )
        if not self.checkpoints and not (self.corpus and self.vocab):
            raise InputError(
                "--glue-dir: needs --checkpoint DIR, or --corpus FILE and --vocab FILE "
                "to pre-train one"
            )

    @property
    def is_sample(self) -> bool:
        return self.glue_dir is None

    def places(self) -> Places:
        if self.is_sample:
            run = self.run_dir or RESULTS / "sample"
            return Places(run, run / "work")
        run = self.run_dir or run_named(self.name, RESULTS / "runs")
        return Places(run, RESULTS / "work" / self.name)


def run_pipeline(request: Request, console: Console) -> None:
    """From text to a table of verdicts, going on where the last run stopped."""
    places = request.places()
    if request.is_sample:
        plan, glue = sample_inputs(request, places, console)
    else:
        plan = pretraining_plan(request, places)
        glue = Glue(request.glue_dir, request.test_labels, request.tasks)
        # Before the time of pre-training is spent.
        glue.check()
        check_readme(places.run)
    checkpoints = request.checkpoints or pretrained(plan, request.workers, console)
    grid = Grid(seeds=tuple(range(1, request.seeds + 1)))
    sweep(places, checkpoints, glue, grid, request.workers, console)
    report(places, console)


def pretraining_plan(request: Request, places: Places) -> Plan | None:
    """What to pre-train on the user's text; None when checkpoints are given."""
    if request.checkpoints:
        return None
    return Plan(
        corpus=request.corpus,
        vocab=request.vocab,
        models=request.models,
        num_train_steps=request.pretrain_steps or DEFAULT_STEPS,
        directory=places.work,
        instances=InstanceSettings(dupe_factor=DUPE_FACTOR),
    )


def sample_inputs(
    request: Request, places: Places, console: Console
) -> tuple[Plan, Glue]:
    """Write the sample corpus, vocabulary and tasks (in seconds), and plan on them."""
    console.print("Writing the sample corpus, vocabulary and tasks …")
    paths = write_sample(places.work / "data")
    plan = Plan(
        corpus=(paths.corpus,),
        vocab=paths.vocab,
        models=request.models,
        num_train_steps=request.pretrain_steps or SAMPLE_STEPS,
        directory=places.work,
        instances=SAMPLE_INSTANCES,
    )
    glue = Glue(paths.glue_dir, paths.test_labels, request.tasks, sample=True)
    return plan, glue


def pretrained(plan: Plan, workers: int, console: Console) -> list[Path]:
    """Pre-train what is not there yet; returns the checkpoint directories."""
    plan.claim()
    jobs = pretraining_jobs(plan)
    if jobs:
        console.print("Making instances and pre-training under both maskings …")
        with (
            LocalExecutor(workers, plan.directory / "logs") as executor,
            bars(console) as shown,
        ):
            for stage in (instance_jobs(plan), jobs):
                finish_all(executor, stage, shown)
    return plan.checkpoints()


def sweep(
    places: Places,
    checkpoint_dirs: Sequence[Path],
    glue: Glue,
    grid: Grid,
    workers: int,
    console: Console,
) -> None:
    """Run what the run directory lacks of the grid, and record what was run."""
    from reference.checkpoint import read_checkpoint

    checkpoints = [read_checkpoint(path) for path in checkpoint_dirs]
    for checkpoint in checkpoints:
        check_checkpoint(checkpoint, grid.max_seq_length)
    run = RunDirectory(places.run)
    for reason in glue.skipped.values():
        console.print(f"Not run: {reason}", style="yellow")
    work = Sweep(run, entries(checkpoints, glue), grid)
    if work.done < work.total or not (places.run / "run.json").exists():
        description = _with_what_is_there(run, _description(checkpoints, glue, grid))
        run.write_run(description)
        run.write_labels(scored_labels(glue))
        _write_versions(places.run)
        _run_sweep(work, places, workers, console)
        run.write_run(description | {"finished": _now()})
    console.print(f"All {work.total} trials are recorded in {places.run}")


def _description(checkpoints: Sequence, glue: Glue, grid: Grid) -> dict:
    """What run.json says of a run that begins now."""
    return {
        "sample": glue.sample,
        "command": environment.command(),
        "commit": environment.commit(),
        "device": environment.machine(),
        "backend": environment.backend(),
        "versions": environment.versions(),
        "seeds": list(grid.seeds),
        "started": _now(),
        "checkpoints": [describe_checkpoint(c) for c in checkpoints],
        "skipped": glue.skipped,
    }


def _run_sweep(work: Sweep, places: Places, workers: int, console: Console) -> None:
    console.print("Fine-tuning over the grid …")
    failed = 0
    with (
        LocalExecutor(workers, places.work / "logs") as executor,
        bars(console) as shown,
    ):
        shown.update("fine-tuning", work.done, work.total, "trials")
        for record in work.run(executor):
            # Nothing is recorded where a stack only says how far it has come.
            failed += record is not None and record.status == "failed"
            note = f"{failed} failed" if failed else ""
            shown.update("fine-tuning", work.progress, work.total, "trials", note)


def report(places: Places, console: Console) -> None:
    """Write the report and the verdicts that later runs are held to."""
    write_verdicts(places.run)
    readme, *_ = publish(places.run)
    console.print(f"Report: {readme}")


def run_named(what: str, runs: Path) -> Path:
    """The newest run of this name, to be resumed, or a new one named after today."""
    if not re.fullmatch("[A-Za-z0-9.-]+", what):
        raise InputError(
            f"--name: expected letters, digits, dots and hyphens, found {what!r}"
        )
    existing = sorted(runs.glob(f"*_{what}_*/run.json"))
    if existing:
        return existing[-1].parent
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    return runs / f"{today}_{what}_{environment.commit()[:7]}"


def _with_what_is_there(run: RunDirectory, description: dict) -> dict:
    """Keep what run.json says of a run that is resumed or has a checkpoint added."""
    if not (run.path / "run.json").exists():
        return description
    before = run.run()
    if before.get("sample") != description["sample"]:
        raise InputError(
            f"{run.path}: holds trials on {_data(before)}, these are on "
            f"{_data(description)}; name another directory, or remove this one"
        )
    both = [*before.get("checkpoints", []), *description["checkpoints"]]
    return description | {
        "started": before.get("started", description["started"]),
        "seeds": sorted({*before.get("seeds", []), *description["seeds"]}),
        "checkpoints": list({one["sha256"]: one for one in both}.values()),
    }


def _data(description: dict) -> str:
    return "sample data" if description.get("sample") else "GLUE"


def _write_versions(run: Path) -> None:
    with written_whole(run / "versions.txt") as file:
        for name, version in environment.installed_packages().items():
            file.write(f"{name}=={version}\n")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
