"""A sweep in a run directory: begun or resumed, run, and shown on the way.

What `run.json` says of it is in suite/run_description.py, and which trials are run and
recorded in suite/sweep.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from reference.errors import InputError
from suite import environment
from suite.alone import alone_in
from suite.executors import EACH_A_CORE, open_executor
from suite.jobs import Executor, Resources
from suite.markdown import counted, percent
from suite.origin import declared
from suite.plan import Grid
from suite.progress import bars
from suite.records import RunDirectory
from suite.run_description import description, now, resumed, write_versions
from suite.sources import (
    Checkpoints,
    Glue,
    check_checkpoint,
    entries,
    scored_labels,
)
from suite.stack_size import StackSize, kind_of_device, measured, on_a_cpu
from suite.sweep import Sweep


@dataclass(frozen=True)
class Places:
    """Where a run keeps its records, and its products on the way."""

    run: Path
    work: Path


@dataclass(frozen=True)
class Execution:
    """What a sweep is run on and how it is cut; no part of it enters a trial's id.

    `workers` and `stack` None: as many as suit the device. `ray` and `resources` are
    those of `suite.executors.open_executor`.
    """

    workers: int | None = None
    stack: int | None = None
    ray: str | None = None
    resources: Resources = EACH_A_CORE

    def __post_init__(self) -> None:
        if self.ray is None and self.resources != EACH_A_CORE:
            raise InputError(
                "--gpus, --tpus: what a worker on a cluster takes for itself, found no "
                "--ray; leave them away, or name the cluster"
            )

    @property
    def may_accelerate(self) -> bool:
        """Whether there may be an accelerator, as far as one can tell from here."""
        if self.ray is None:
            return environment.may_have_accelerator()
        return bool(self.resources.gpus or self.resources.tpus)


@dataclass(frozen=True)
class Begun:
    """A sweep, where its records go, and what run.json is to say of it."""

    work: Sweep
    places: Places
    described: dict


def prepared(
    places: Places,
    asked: Checkpoints,
    glue: Glue,
    grid: Grid,
    stack: int | None,
) -> tuple[Sweep, dict]:
    """What is to be run, and what run.json is to say of it; InputError if it cannot be.

    Nothing is written yet.
    """
    from reference.checkpoint import read_checkpoint
    from reference.configuration import NAMED_SIZES

    checkpoints = [read_checkpoint(path) for path in asked.directories]
    for checkpoint in checkpoints:
        check_checkpoint(checkpoint, grid.max_seq_length)
    run = RunDirectory(places.run)
    found = entries(checkpoints, glue, places.work / "tokenised")
    said = description(checkpoints, glue, grid)
    if (name := asked.published_as) is not None:
        (own,), (checkpoint,) = said["checkpoints"], checkpoints
        shapes = checkpoint.config, NAMED_SIZES.get(name)
        said["checkpoints"] = [declared(own, name, *shapes)]
    said = resumed(run, said)
    return Sweep(run, found, grid, stack), said


def sweep(
    places: Places,
    asked: Checkpoints,
    glue: Glue,
    grid: Grid,
    execution: Execution,
    console: Console,
) -> None:
    """Run what the run directory lacks, and record what was run."""
    work, described = prepared(places, asked, glue, grid, execution.stack)
    say_what_is_left_out(glue, console)
    run = RunDirectory(places.run)
    if is_unfinished(work, places) or not run.has_labels:
        run.write_labels(scored_labels(glue))
    sized = measured if execution.may_accelerate else None
    complete(Begun(work, places, described), grid, execution, console, sized)


def is_unfinished(work: Sweep, places: Places) -> bool:
    return work.done < work.total or not (places.run / "run.json").exists()


def complete(
    begun: Begun,
    grid: Grid,
    execution: Execution,
    console: Console,
    sized: Callable[[Executor, Grid], StackSize] | None = None,
) -> None:
    """Run what the run directory lacks; `sized` says how large stacks are, else 4."""
    work, run = begun.work, RunDirectory(begun.places.run)
    if is_unfinished(work, begun.places):
        with alone_in(run.path):
            run.write_run(begun.described)
            write_versions(run.path)
            _run(begun, grid, execution, console, sized)
            run.write_run(begun.described | {"finished": now()})
    else:
        _keep_origins(run, begun.described["checkpoints"])
    console.print(_how_it_ended(work, run.path))


def _keep_origins(run: RunDirectory, checkpoints: Sequence[dict]) -> None:
    """What is known now of where checkpoints are from, where nothing is to be run."""
    known = {one["sha256"]: one["origin"] for one in checkpoints}
    said = run.run()
    before = said.get("checkpoints", [])
    own = [one | {"origin": known[one["sha256"]]} for one in before]
    if own != before:
        run.write_run(said | {"checkpoints": own})


def say_what_is_left_out(glue: Glue, console: Console) -> None:
    for reason in glue.skipped.values():
        console.print(f"Not run: {reason}", style="yellow")
    for reason in glue.partial.values():
        console.print(f"On a part, not comparable: {reason}", style="yellow")


def worker_count(execution: Execution, logs: Path) -> int:
    """Those asked for; else one for each core, or one where there is an accelerator."""
    if execution.workers:
        return execution.workers
    if execution.ray is None and execution.may_accelerate:
        with open_executor(1, logs) as executor:
            if kind_of_device(executor) != "cpu":
                return 1
    return environment.cores()


def _run(
    begun: Begun, grid: Grid, execution: Execution, console: Console, sized
) -> None:
    work, logs = begun.work, begun.places.work / "logs"
    workers = worker_count(execution, logs)
    console.print("Fine-tuning over the grid …")
    with (
        open_executor(workers, logs, execution.ray, execution.resources) as executor,
        bars(console) as shown,
    ):
        shown.update("fine-tuning", work.done, work.total, "trials")
        for _ in work.run(executor, sized(executor, grid) if sized else on_a_cpu):
            failed = f"{work.failed} failed" if work.failed else ""
            shown.say(_best(work))
            shown.update("fine-tuning", work.progress, work.total, "trials", failed)


def _best(work: Sweep) -> str:
    """The best score on dev so far, by task."""
    best = [f"{task} {percent(score)}" for task, score in work.best.items()]
    return f"best on dev: {' · '.join(best)}" if best else ""


def _how_it_ended(work: Sweep, run: Path) -> str:
    said = f"All {work.total} trials are recorded in {run}"
    if work.failed:
        said += f"; {work.failed} of them failed"
    if again := work.to_run_again:
        said += f". The same command runs {counted(again, 'trial')} again"
    return said
