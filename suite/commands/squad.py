"""`python -m suite squad`: checkpoints on SQuAD 1.1."""

from pathlib import Path
from typing import Annotated

import typer

from reference.errors import InputError
from suite.documented_grid import LEARNING_RATES
from suite.options import (
    BatchSizes,
    Gpus,
    LearningRates,
    Ray,
    Stack,
    Tpus,
    Workers,
    console,
    directories_option,
    directory_option,
    execution,
    file_option,
    files_option,
    grid_lists,
    number_option,
    say,
)


def squad(
    checkpoint: Annotated[list[Path], directories_option("What is fine-tuned.")],
    squad_dir: Annotated[
        Path | None,
        directory_option("SQuAD 1.1 under its names: train-v1.1.json, dev-v1.1.json."),
    ] = None,
    train: Annotated[
        list[Path] | None, files_option("Questions to train on, not in --squad-dir.")
    ] = None,
    dev: Annotated[Path | None, file_option("Questions to be answered.")] = None,
    batch_sizes: BatchSizes = (32,),
    learning_rates: LearningRates = LEARNING_RATES,
    epochs: Annotated[int, number_option("Epochs.", 1)] = 4,
    max_seq_length: Annotated[int, number_option("Word pieces of a window.", 70)] = 384,
    seeds: Annotated[
        int, number_option("Seeds; the first is the grid's, all the selected one's.", 1)
    ] = 1,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Of the run, under results/squad.")
    ] = "squad",
    run_dir: Annotated[
        Path | None,
        directory_option("Where the records go.  [default: results/squad/DATE_NAME]"),
    ] = None,
    workers: Workers = None,
    stack: Stack = None,
    ray: Ray = None,
    gpus: Gpus = 0,
    tpus: Tpus = 0,
) -> None:
    """Fine-tune checkpoints on SQuAD 1.1, and score their answers.

    Windows of 384 word pieces, 128 apart, as the original. The same command typed again
    goes on where the last one stopped; `report` makes reports/squad.md of the runs in
    results/squad. The answers of each trial lie in the run's work directory, as the
    official evaluation script reads them.
    """
    from suite.pipeline import places_of
    from suite.plan import Grid
    from suite.records import RunDirectory
    from suite.squad_report import trial_rows
    from suite.squad_run import SquadFiles, squad_sweep

    if squad_dir:
        if train or dev:
            raise InputError(
                "--squad-dir: leave --train and --dev away, the files are there"
            )
        files = SquadFiles.in_directory(squad_dir)
    elif train and dev:
        files = SquadFiles(tuple(train), dev)
    else:
        raise InputError("expected --squad-dir DIR, or --train FILE... and --dev FILE")
    lists = grid_lists(batch_sizes, learning_rates)
    grid = Grid(*lists, epochs=epochs, max_seq_length=max_seq_length).with_seeds(seeds)
    places = places_of(run_dir, name, "squad")
    means = execution(workers, stack, ray, gpus, tpus)
    squad_sweep(places, checkpoint, files, grid, means, console)
    say(trial_rows(RunDirectory(places.run).records()))
