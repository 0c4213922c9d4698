"""TFRecords to checkpoints as the verb `pretrain` does it, shown as it goes.

One run, in a worker of its own, whose log takes what the framework prints. Not here:
what the worker does (suite/pretraining_run.py) and what is kept of a run for the report
(suite/pretraining_record.py).
"""

from pathlib import Path

from rich.console import Console

from reference.pretraining_settings import checkpoint_directory
from suite import environment
from suite.jobs import Job
from suite.local_executor import LocalExecutor
from suite.pretraining import finish_all
from suite.pretraining_record import write_record
from suite.pretraining_run import PretrainingRun, pretrain_one
from suite.progress import bars


def make_checkpoints(
    run: PretrainingRun, record: Path | None, console: Console
) -> None:
    """Pre-train, or go on where it was stopped; `record` is where to keep the run."""
    # Now, since training may outlast a commit.
    commit = environment.commit()
    with (
        LocalExecutor(1, run.directory / "logs", one_thread=False) as executor,
        bars(console) as shown,
    ):
        (metrics,) = finish_all(executor, [Job(pretrain_one, (run,))], shown)
    _say(run, metrics, console)
    if record:
        write_record(record, run, commit, metrics)
        console.print(f"Record: {record}")


def _say(
    run: PretrainingRun, metrics: list[dict[str, float]], console: Console
) -> None:
    for trial, found in zip(run.trials, metrics, strict=True):
        for name, value in found.items():
            console.print(f"{name} = {value:.4f}")
        made = checkpoint_directory(run.directory, run.trials, trial)
        if (made / "model.safetensors").exists():
            console.print(f"Checkpoint: {made}")
        else:
            console.print(f"Stopped as asked; {made} will be the checkpoint.")
