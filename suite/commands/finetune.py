"""`python -m suite finetune`: one configuration on one task, and its checkpoint."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reference.errors import InputError
from suite.environment import RESULTS
from suite.options import (
    GLUE_HELP,
    PartialTrain,
    Seed,
    console,
    directory_option,
    number_option,
    task_names,
)


def finetune(
    checkpoint: Annotated[Path, directory_option("What is fine-tuned.")],
    glue_dir: Annotated[Path, directory_option(GLUE_HELP)],
    task: Annotated[str, typer.Option(metavar="NAME", help="A GLUE task.")],
    output_dir: Annotated[
        Path, directory_option("Where the fine-tuned checkpoint is to be.")
    ],
    batch_size: Annotated[int, number_option("Examples of a step.", 1)] = 32,
    learning_rate: Annotated[
        float, typer.Option(metavar="RATE", min=0, help="At the end of the warm-up.")
    ] = 1e-4,
    seed: Seed = 1,
    partial_train: PartialTrain = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the scores as JSON, for scripts.")
    ] = False,
) -> None:
    """Fine-tune a checkpoint on one task, and keep it.

    One configuration and seed, 4 epochs, as a trial of the sweep. The checkpoint is
    there whole or not at all; stopped, the same command begins anew. It can be
    inspected, converted, and be the teacher of `distill`.
    """
    from suite import fine_tuned_checkpoint as checkpoints
    from suite.markdown import percent
    from suite.plan import Grid
    from suite.recorded_sweep import say_what_is_left_out
    from suite.sources import Glue

    names = task_names(task)
    if len(names) != 1:
        raise InputError(f"--task: expected one task, found {task!r}; name one")
    glue = Glue(glue_dir, None, names, partial_train=partial_train)
    work = RESULTS / "work" / "finetune"
    shown = Console(stderr=True, soft_wrap=True) if as_json else console
    grid = Grid((batch_size,), (learning_rate,), (seed,))
    stack = checkpoints.planned(checkpoint, glue, grid, work)
    scores = (checkpoints.fine_tuned(output_dir, stack) or {}).get("scores")
    if not scores:
        say_what_is_left_out(glue, shown)
        result = checkpoints.make(stack, output_dir, work, shown)
        if result.diverged:
            shown.print(f"Nothing is kept: {result.diverged}; take a lower rate.")
            raise typer.Exit(1)
        scores = result.scores
    if as_json:
        console.print_json(
            json.dumps({"checkpoint": str(output_dir), "scores": scores})
        )
        return
    for split, metrics in scores.items():
        said = ", ".join(f"{name} {percent(value)}" for name, value in metrics.items())
        console.print(f"{names[0]} {split}: {said}", highlight=False)
    console.print(f"Checkpoint: {output_dir}", highlight=False)
