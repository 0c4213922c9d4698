"""`python -m suite reproduce`: everything, from text to a table of verdicts."""

from pathlib import Path
from typing import Annotated

import typer

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
    file_option,
    files_option,
    grid_lists,
    listed,
    number_option,
    task_names,
)


def reproduce(
    glue_dir: Annotated[
        Path | None, directory_option(f"{GLUE_HELP}  [default: sample data]")
    ] = None,
    test_labels: TestLabels = None,
    test_predictions: TestPredictions = False,
    partial_train: PartialTrain = False,
    corpus: Annotated[list[Path] | None, files_option("Text to pre-train on.")] = None,
    vocab: Annotated[
        Path | None, file_option("The vocabulary to pre-train with.")
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        directories_option("Fine-tune these, do not pre-train."),
    ] = None,
    published_as: PublishedAs = None,
    models: Annotated[
        str, typer.Option(metavar="NAMES", help="Sizes to pre-train, comma-separated.")
    ] = "BERT-Tiny",
    tasks: Tasks = ALL_TASKS,
    pretrain_steps: Annotated[
        int | None, number_option("Steps of pre-training, 32 sequences each.", 1)
    ] = None,
    batch_sizes: BatchSizes = BATCH_SIZES,
    learning_rates: LearningRates = LEARNING_RATES,
    seeds: Seeds = 1,
    grid_seeds: GridSeeds = 1,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="What to call a run on --glue-dir.")
    ] = "glue",
    run_dir: Annotated[
        Path | None,
        directory_option(
            "Where the records go; a run that is there is resumed.  [default: "
            "results/runs/DATE_NAME_COMMIT, or results/sample]"
        ),
    ] = None,
    workers: Workers = None,
    stack: Stack = None,
    ray: Ray = None,
    gpus: Gpus = 0,
    tpus: Tpus = 0,
) -> None:
    """Run the whole pipeline, from text to a table of verdicts.

    Without --glue-dir it runs on sample data that it makes itself. With it, it needs
    either --checkpoint, or --corpus and --vocab to pre-train one under each masking.
    The same command typed again goes on where the last one stopped.
    """
    from suite.pipeline import Request, run_pipeline
    from suite.plan import Grid

    lists = grid_lists(batch_sizes, learning_rates)
    request = Request(
        glue_dir=glue_dir,
        test_labels=test_labels,
        corpus=tuple(corpus or ()),
        vocab=vocab,
        checkpoints=tuple(checkpoint or ()),
        published_as=published_as,
        models=tuple(listed(models)),
        tasks=task_names(*tasks),
        pretrain_steps=pretrain_steps,
        grid=Grid(*lists).with_seeds(seeds, grid_seeds),
        execution=execution(workers, stack, ray, gpus, tpus),
        name=name,
        run_dir=run_dir,
        partial_train=partial_train,
        test_predictions=test_predictions,
    )
    run_pipeline(request, console)
