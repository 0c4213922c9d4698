"""`python -m suite distill`: a student learns from a teacher."""

from pathlib import Path
from typing import Annotated

import typer

from reference.errors import InputError
from suite.documented_grid import BATCH_SIZES, LEARNING_RATES
from suite.options import (
    GLUE_HELP,
    BatchSizes,
    Gpus,
    LearningRates,
    PartialTrain,
    Ray,
    Stack,
    Tpus,
    Workers,
    console,
    directory_option,
    execution,
    files_option,
    grid_lists,
    number_option,
    say,
    task_names,
)


def distill(
    teacher: Annotated[
        Path, directory_option("Who teaches: fine-tuned on the task (`finetune`).")
    ],
    student: Annotated[Path, directory_option("Who learns: pre-trained only.")],
    glue_dir: Annotated[Path, directory_option(GLUE_HELP)],
    task: Annotated[str, typer.Option(metavar="NAME", help="A GLUE task.")],
    transfer: Annotated[
        list[Path] | None,
        files_option(
            "Texts to learn from, one example a line, a pair with a tab between; .gz "
            "and .xz too.  [default: the task's train split without its labels]"
        ),
    ] = None,
    then_fine_tune: Annotated[
        bool,
        typer.Option(
            "--then-fine-tune",
            help="Train the student on the labels afterwards, in the same "
            "configuration.",
        ),
    ] = False,
    batch_sizes: BatchSizes = BATCH_SIZES,
    learning_rates: LearningRates = LEARNING_RATES,
    seeds: Annotated[
        int,
        number_option(
            "Seeds, from 1 up: both grids are run on the first, and what is selected "
            "there on all of them; from 4 up they tell by themselves.",
            1,
        ),
    ] = 1,
    partial_train: PartialTrain = False,
    name: Annotated[
        str,
        typer.Option(metavar="NAME", help="Of the run, under results/distillation."),
    ] = "distillation",
    run_dir: Annotated[
        Path | None,
        directory_option(
            "Where the records go.  [default: results/distillation/DATE_NAME]"
        ),
    ] = None,
    workers: Workers = None,
    stack: Stack = None,
    ray: Ray = None,
    gpus: Gpus = 0,
    tpus: Tpus = 0,
) -> None:
    """Teach a student what a larger model knows.

    The teacher is asked once; the student learns its probabilities over the documented
    grid, and is fine-tuned over the same grid for comparison. The same command typed
    again goes on where the last one stopped; another teacher or other texts with the
    same --run-dir stand beside what is there. `report` makes reports/distillation.md of
    the runs in results/distillation.
    """
    from suite.distillation_effects import distillations
    from suite.distillation_report import summary
    from suite.distillation_run import Pupil, distil
    from suite.pipeline import places_of
    from suite.plan import Grid
    from suite.records import RunDirectory
    from suite.sources import Glue

    names = task_names(task)
    if len(names) != 1:
        raise InputError(f"--task: expected one task, found {task!r}; name one")
    grid = Grid(*grid_lists(batch_sizes, learning_rates)).with_seeds(seeds)
    places = places_of(run_dir, name, "distillation")
    pupil = Pupil(student, teacher, tuple(transfer or ()), then_fine_tune)
    glue = Glue(glue_dir, None, names, partial_train=partial_train)
    means = execution(workers, stack, ray, gpus, tpus)
    distil(places, pupil, glue, grid, means, console)
    found = distillations(RunDirectory(places.run))
    say(summary(found))
