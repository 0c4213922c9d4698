"""`python -m suite sweep`: checkpoints over the documented grid."""

from pathlib import Path
from typing import Annotated

from suite import environment
from suite.options import (
    ALL_TASKS,
    GLUE_HELP,
    Seeds,
    Tasks,
    TestLabels,
    Workers,
    console,
    directories_option,
    directory_option,
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
    seeds: Seeds = 1,
    workers: Workers = None,
) -> None:
    """Fine-tune checkpoints over the documented grid.

    5 batch sizes, 4 learning rates, 4 epochs. The same command typed again goes on
    where the last one stopped; `report` makes tables of the records.
    """
    from suite import pipeline
    from suite.sources import Glue
    from suite.sweep import Grid

    pipeline.sweep(
        pipeline.Places(run_dir, run_dir / "work"),
        checkpoint,
        Glue(glue_dir, test_labels, task_names(tasks)),
        Grid(seeds=tuple(range(1, seeds + 1))),
        workers or environment.cores(),
        console,
    )
