"""What the verbs of the command line share: types of options, and what they mean.

Typer makes options of annotated parameters; an annotation that more than one verb uses
stands here. The verbs themselves are in suite/commands/.
"""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reference.errors import InputError
from suite.tasks import GLUE_TASKS, task_named

# Where every verb speaks to the user.
console = Console(soft_wrap=True)
ALL_TASKS = [",".join(GLUE_TASKS)]


class Masking(StrEnum):
    """The two masking schemes."""

    WORDPIECE = "wordpiece"
    WHOLE_WORD = "whole-word"


def file_option(help: str, *names: str):
    return typer.Option(*names, metavar="FILE", dir_okay=False, help=help)


def files_option(help: str, *names: str):
    """One or more files: `--input a b`, or `--input a --input b`."""
    return typer.Option(
        *names, metavar="FILE...", dir_okay=False, help=f"{help} One or more."
    )


def directory_option(help: str):
    return typer.Option(metavar="DIR", file_okay=False, help=help)


def directories_option(help: str):
    """One or more directories, as of files."""
    return typer.Option(metavar="DIR...", file_okay=False, help=f"{help} One or more.")


def number_option(help: str, least: float | None = None):
    return typer.Option(metavar="N", min=least, help=help)


def numbers_option(help: str, least: float | None = None, *names: str):
    """One or more numbers: `--seed 1 2`, or `--seed 1 --seed 2`."""
    return typer.Option(*names, metavar="N...", min=least, help=help)


Vocab = Annotated[Path, file_option("The vocabulary, one word piece a line.")]
GLUE_HELP = "GLUE in its official layout, DIR/TASK/train.tsv."
TestLabels = Annotated[
    Path | None,
    directory_option("Public test labels, DIR/TASK.tsv: index and label."),
]
Tasks = Annotated[
    list[str],
    typer.Option(
        metavar="NAMES...", help="GLUE tasks, comma-separated; AX is in MNLI."
    ),
]
Seeds = Annotated[
    int,
    number_option(
        "Seeds, from 1 up: the grid is run on the first, and the configuration that is "
        "selected there on all of them.",
        1,
    ),
]
GridSeeds = Annotated[
    int, number_option("So many of the seeds are run with every configuration.", 1)
]
BatchSizes = Annotated[
    list[int], numbers_option("Batch sizes of the grid.", 1, "--batch-size")
]
LearningRates = Annotated[
    list[float], numbers_option("Learning rates of the grid.", None, "--learning-rate")
]
Seed = Annotated[int, number_option("What every random draw comes from.")]
Workers = Annotated[
    int | None, number_option("Worker processes.  [default: one for each core]", 1)
]
Stack = Annotated[
    int | None,
    number_option(
        "Trials that one program trains together, at most.  [default: 4 on a "
        "processor, on an accelerator what is measured to be fastest]",
        1,
    ),
]
Ray = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Fine-tune on a Ray cluster: HOST:PORT, or auto for the one this machine "
        "is in, or local for one begun here.",
    ),
]
Gpus = Annotated[
    float, number_option("GPUs that a worker of --ray takes, or a part of one.", 0)
]
Tpus = Annotated[float, number_option("TPU chips that a worker of --ray takes.", 0)]
TestPredictions = Annotated[
    bool,
    typer.Option(
        "--test-predictions",
        help="Predict and keep test splits without known labels too, as for GLUE's "
        "server. It takes time: QQP's has more rows than its train split.",
    ),
]
PublishedAs = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Say that the one --checkpoint is the published one of this name. Its "
        "shape alone does not; what `fetch checkpoint` fetched needs no word.",
    ),
]
PartialTrain = Annotated[
    bool,
    typer.Option(
        "--partial-train",
        help="Run tasks of whose train split a part is there, as train_partial.tsv; "
        "the report says so and compares none of them.",
    ),
]


def task_names(*tasks: str) -> tuple[str, ...]:
    """The tasks of all lists, in GLUE's order; AX comes with MNLI."""
    asked = {task_named(name).name for names in tasks for name in listed(names)}
    if not asked:
        raise InputError(f"--tasks: none named; known: {', '.join(GLUE_TASKS)}")
    if "AX" in asked:
        asked.add("MNLI")
    return tuple(name for name in GLUE_TASKS if name in asked)


def grid_lists(
    batch_sizes: Sequence[int], learning_rates: Sequence[float]
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The lists of a grid in the documented order, so that it makes the same stacks.

    InputError for a value that is there twice.
    """
    typed = {"--batch-size": batch_sizes, "--learning-rate": learning_rates}
    for option, values in typed.items():
        if twice := [value for value, times in Counter(values).items() if times > 1]:
            raise InputError(
                f"{option}: expected each value once, found {twice[0]:g} twice; "
                "name it once"
            )
    return tuple(sorted(batch_sizes)), tuple(sorted(learning_rates, reverse=True))


def execution(
    workers: int | None, stack: int | None, ray: str | None, gpus: float, tpus: float
):
    """What those options mean together."""
    from suite.jobs import Resources
    from suite.recorded_sweep import Execution

    return Execution(workers, stack, ray, Resources(gpus=gpus, tpus=tpus))


def listed(names: str) -> list[str]:
    """The names of a comma-separated list."""
    return [name.strip() for name in names.split(",") if name.strip()]


def say(text: str, to: Console = console, end: str = "\n") -> None:
    """Print as it is: what paths, errors and tables have in brackets marks nothing."""
    to.print(text, markup=False, highlight=False, end=end)


def check_belongs(option: str, value, way: str, taken) -> None:
    """InputError for an option of another way than is taken."""
    if value and not taken:
        raise InputError(f"{option}: expected with {way} only, found without it")
