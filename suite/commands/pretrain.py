"""`python -m suite pretrain`: a checkpoint from TFRecords."""

from pathlib import Path
from typing import Annotated

import typer

from suite.options import (
    Masking,
    Seed,
    Vocab,
    console,
    directory_option,
    files_option,
    number_option,
)


def pretrain(
    inputs: Annotated[list[Path], files_option("TFRecords to train on.", "--input")],
    held_out: Annotated[list[Path], files_option("TFRecords to evaluate on.")],
    vocab: Vocab,
    num_train_steps: Annotated[int, number_option("Steps of training.", 1)],
    output_dir: Annotated[Path, directory_option("The checkpoint to be made.")],
    model: Annotated[
        str, typer.Option(metavar="NAME", help="BERT-Tiny, -Mini, -Small, -Medium, …")
    ] = "BERT-Tiny",
    masking: Annotated[
        Masking | None, typer.Option(help="How the instances were masked, if known.")
    ] = None,
    batch_size: Annotated[int, number_option("Sequences of a step.", 1)] = 32,
    learning_rate: Annotated[float, number_option("At the end of warm-up.")] = 5e-4,
    seed: Seed = 12345,
) -> None:
    """Pre-train a model on masked words and next sentences.

    Stopped at any moment, the same command goes on from the last saved state.
    """
    from suite.executor import Job, LocalExecutor
    from suite.pretraining import finish_all
    from suite.pretraining_run import PretrainingRun, pretrain_one
    from suite.progress import bars

    run = PretrainingRun(
        train=tuple(inputs),
        held_out=tuple(held_out),
        vocab=vocab,
        model=model,
        masking=masking and str(masking),
        corpus=tuple(path.name for path in inputs),
        directory=output_dir,
        num_train_steps=num_train_steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
    )
    # In a worker, whose log takes what the framework prints.
    with (
        LocalExecutor(1, output_dir / "logs", one_thread=False) as executor,
        bars(console) as shown,
    ):
        (metrics,) = finish_all(executor, [Job(pretrain_one, (run,))], shown)
    for name, value in metrics.items():
        console.print(f"{name} = {value:.4f}")
    console.print(f"Checkpoint: {output_dir}")
