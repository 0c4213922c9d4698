"""`python -m suite knobs`: why does mine differ?"""

from pathlib import Path
from typing import Annotated

import typer

from reference.errors import InputError
from suite.options import (
    GLUE_HELP,
    Gpus,
    Ray,
    Stack,
    Tpus,
    Workers,
    console,
    directory_option,
    execution,
    listed,
    number_option,
    say,
    task_names,
)


def knobs(
    checkpoint: Annotated[Path, directory_option("What is fine-tuned.")],
    glue_dir: Annotated[Path, directory_option(GLUE_HELP)],
    task: Annotated[
        str,
        typer.Option(
            "--task", "--tasks", metavar="NAMES", help="GLUE tasks, comma-separated."
        ),
    ] = "MRPC",
    only: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Knobs, comma-separated.  [default: all]"),
    ] = None,
    seeds: Annotated[int, number_option("Seeds, from 1 up.", 2)] = 8,
    batch_size: Annotated[int, number_option("Of every trial.", 1)] = 32,
    learning_rate: Annotated[
        float, typer.Option(metavar="RATE", help="Of every trial.")
    ] = 1e-4,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Of the run, under results/knobs.")
    ] = "knobs",
    run_dir: Annotated[
        Path | None,
        directory_option("Where the records go.  [default: results/knobs/DATE_NAME]"),
    ] = None,
    workers: Workers = None,
    stack: Stack = None,
    ray: Ray = None,
    gpus: Gpus = 0,
    tpus: Tpus = 0,
) -> None:
    """Turn what implementations do differently, one thing at a time.

    One configuration on every seed, as the sweep trains it and with each knob turned;
    the effects are paired over seeds. The same command typed again goes on where the
    last one stopped; `report` makes reports/knobs.md of the runs in results/knobs.
    """
    from suite.knob_effects import knob_run
    from suite.knob_report import effect_rows
    from suite.knobs import KNOBS, knob_named
    from suite.pipeline import places_of
    from suite.plan import Grid
    from suite.recorded_sweep import sweep
    from suite.records import RunDirectory
    from suite.sources import Checkpoints, Glue

    named = KNOBS if only is None else listed(only)
    if not named:
        raise InputError(f"--only: none named; known: {', '.join(KNOBS)}")
    asked = tuple(knob_named(one).name for one in named)
    grid = Grid(
        batch_sizes=(batch_size,),
        learning_rates=(learning_rate,),
        seeds=tuple(range(1, seeds + 1)),
        variations=("", *asked),
    )
    places = places_of(run_dir, name, "knobs")
    glue = Glue(glue_dir, None, task_names(task))
    means = execution(workers, stack, ray, gpus, tpus)
    sweep(places, Checkpoints([checkpoint]), glue, grid, means, console)
    say(effect_rows(knob_run(RunDirectory(places.run)).effects))
