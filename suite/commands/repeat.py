"""`python -m suite repeat`: one trial of a run, once more from its record."""

import subprocess
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from suite import environment
from suite.options import directory_option, say


def repeat(
    run_dir: Annotated[
        Path, typer.Argument(metavar="RUN_DIR", file_okay=False, help="A run.")
    ],
    trial: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Which one.  [default: drawn from those finished]"
        ),
    ] = None,
    command: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="How the run's trials are run, where its files lie elsewhere now.  "
            "[default: the command in run.json]",
        ),
    ] = None,
    to: Annotated[
        Path | None,
        directory_option(
            "Where it is run again.  [default: results/work/repeated/RUN_TRIAL]"
        ),
    ] = None,
) -> None:
    """Run a trial again, and hold what comes out against its record.

    A copy of the run without the trial and those of its stack is resumed with the run's
    own command. Exit code 0: the same bits; 1: not the same.
    """
    from suite.records import RunDirectory
    from suite.repetition import (
        Repetition,
        comparison_table,
        comparisons,
        finished_trial,
        other_versions,
        resuming_command,
    )

    run = RunDirectory(run_dir)
    record = finished_trial(run, trial, np.random.default_rng())
    own = record.trial.id
    to = to or environment.RESULTS / "work/repeated" / f"{run_dir.resolve().name}_{own}"
    repetition = Repetition(run, record, RunDirectory(to))
    words = resuming_command(command or run.run().get("command", ""), to)
    say(_begins(record, len(repetition.stack)))
    for difference in other_versions(run.run(), environment.versions()):
        say(f"Another version: {difference}; the bits may differ")
    before, here = record.processor(run.run()), environment.processor()
    if before != here:
        say(f"Another processor: {before}, here {here}; the bits may differ")
    repetition.prepare()
    if code := _resumed(words):
        raise typer.Exit(code)
    found = comparisons(repetition)
    say(comparison_table(found))
    same = all(one.same_bits for one in found)
    say("The same, bit for bit." if same else "Not the same.")
    if not same:
        raise typer.Exit(1)


def _resumed(words: list[str]) -> int:
    return subprocess.run(words, check=False).returncode


def _begins(record, stacked: int) -> str:
    trial = record.trial
    others = f", and {stacked - 1} of its stack with it" if stacked > 1 else ""
    return (
        f"Trial {trial.id} again{others}: {record.model} on {trial.task}, batch size "
        f"{trial.batch_size}, learning rate {trial.learning_rate:g}, seed {trial.seed}"
    )
