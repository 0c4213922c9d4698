"""The whole pipeline: data, pre-training under both maskings, the grid, the report.

Every stage leaves its product where the next run finds it, so that the same command
typed again goes on where the last one stopped, and repeats nothing.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from reference.configuration import named_size
from reference.errors import InputError
from reference.instances import InstanceSettings
from suite import environment
from suite.claims import write_verdicts
from suite.environment import RESULTS
from suite.local_executor import LocalExecutor
from suite.plan import Grid
from suite.pretraining import Plan, finish_all, instance_jobs, pretraining_jobs
from suite.progress import bars
from suite.readme import check_readme, publish
from suite.recorded_sweep import Execution, Places, sweep
from suite.sample import write_sample
from suite.sources import Checkpoints, Glue

# A quarter of an hour of BERT-Tiny on one core; more is better, and asked for.
DEFAULT_STEPS = 2400
DUPE_FACTOR = 2
# About a minute a masking on one core.
SAMPLE_STEPS = 400
SAMPLE_INSTANCES = InstanceSettings(
    max_seq_length=64, max_predictions_per_seq=10, dupe_factor=2
)


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
    grid: Grid
    execution: Execution
    name: str
    run_dir: Path | None
    partial_train: bool = False
    test_predictions: bool = False
    published_as: str | None = None

    def __post_init__(self) -> None:
        Checkpoints(self.checkpoints, self.published_as)  # which may refuse
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
        glue = Glue(
            request.glue_dir,
            request.test_labels,
            request.tasks,
            partial_train=request.partial_train,
            test_predictions=request.test_predictions,
        )
        # Before the time of pre-training is spent.
        glue.check()
        check_readme(places.run)
    workers = request.execution.workers or environment.cores()
    directories = request.checkpoints or pretrained(plan, workers, console)
    asked = Checkpoints(directories, request.published_as)
    sweep(places, asked, glue, request.grid, request.execution, console)
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
    glue = Glue(
        paths.glue_dir,
        paths.test_labels,
        request.tasks,
        sample=True,
        test_predictions=request.test_predictions,
    )
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


def report(places: Places, console: Console) -> None:
    """Write the report and the verdicts that later runs are held to."""
    write_verdicts(places.run)
    readme, *_ = publish(places.run)
    console.print(f"Report: {readme}")


def places_of(run_dir: Path | None, name: str, kind: str) -> Places:
    """Of a run in a directory asked for, or of this name among results/`kind`."""
    if run_dir:
        return Places(run_dir, run_dir / "work")
    return Places(run_named(name, RESULTS / kind), RESULTS / "work" / name)


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
