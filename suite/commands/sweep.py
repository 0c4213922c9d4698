"""`python -m suite sweep`: checkpoints over the documented grid."""

from pathlib import Path
from typing import Annotated

import typer

from suite import environment
from suite.documented_grid import BATCH_SIZES, LEARNING_RATES
from suite.options import (
    ALL_TASKS,
    GLUE_HELP,
    BatchSizes,
    Gpus,
    GridSeeds,
    LearningRates,
    PartialTrain,
    PublishedAs,
    Ray,
    Seeds,
    Stack,
    Tasks,
    TestLabels,
    TestPredictions,
    Tpus,
    Workers,
    console,
    directories_option,
    directory_option,
    execution,
    grid_lists,
    task_names,
)


def sweep(
    checkpoint: Annotated[list[Path], directories_option("What is fine-tuned.")],
    glue_dir: Annotated[Path, directory_option(GLUE_HELP)],
    run_dir: Annotated[
        Path, directory_option("Where the records go; a run that is there is resumed.")
    ],
    tasks: Tasks = ALL_TASKS,
    test_labels: TestLabels = None,
    test_predictions: TestPredictions = False,
    partial_train: PartialTrain = False,
    batch_sizes: BatchSizes = BATCH_SIZES,
    learning_rates: LearningRates = LEARNING_RATES,
    published_as: PublishedAs = None,
    seeds: Seeds = 1,
    grid_seeds: GridSeeds = 1,
    workers: Workers = None,
    stack: Stack = None,
    ray: Ray = None,
    gpus: Gpus = 0,
    tpus: Tpus = 0,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Show what would be run, and how long; write nothing.",
        ),
    ] = False,
) -> None:
    """Fine-tune checkpoints over the documented grid.

    5 batch sizes, 4 learning rates, 4 epochs; or a part of it, which allows no
    comparison with published numbers until the rest is run. The same command typed
    again goes on where the last one stopped; `report` makes tables of the records.
    """
    from suite import dry_run as planned
    from suite import recorded_sweep
    from suite.plan import Grid
    from suite.sources import Checkpoints, Glue

    asked = Checkpoints(checkpoint, published_as)
    places = recorded_sweep.Places(run_dir, run_dir / "work")
    glue = Glue(
        glue_dir,
        test_labels,
        task_names(*tasks),
        partial_train=partial_train,
        test_predictions=test_predictions,
    )
    lists = grid_lists(batch_sizes, learning_rates)
    grid = Grid(*lists).with_seeds(seeds, grid_seeds)
    means = execution(workers, stack, ray, gpus, tpus)
    if not dry_run:
        recorded_sweep.sweep(places, asked, glue, grid, means, console)
        return
    work, _ = recorded_sweep.prepared(places, asked, glue, grid, stack)
    recorded_sweep.say_what_is_left_out(glue, console)
    runs = [run_dir, *sorted((environment.RESULTS / "runs").glob("*"), reverse=True)]
    planned.show(work, grid, means, runs, console)
