"""`python -m suite pretrain`: checkpoints from TFRecords."""

from pathlib import Path
from typing import Annotated

import typer

from suite.options import (
    Masking,
    Vocab,
    console,
    directory_option,
    files_option,
    number_option,
    numbers_option,
)


def pretrain(
    inputs: Annotated[list[Path], files_option("TFRecords to train on.", "--input")],
    held_out: Annotated[list[Path], files_option("TFRecords to evaluate on.")],
    vocab: Vocab,
    num_train_steps: Annotated[int, number_option("Steps of training, in all.", 1)],
    output_dir: Annotated[
        Path, directory_option("The checkpoint to be made, or one in it a trial.")
    ],
    model: Annotated[
        str, typer.Option(metavar="NAME", help="BERT-Tiny, -Mini, -Small, -Medium, …")
    ] = "BERT-Tiny",
    masking: Annotated[
        list[Masking] | None,
        typer.Option(
            metavar="NAME...",
            help="wordpiece or whole-word: how the instances were masked, if known; "
            "with --dynamic-masking, how to mask, and both train side by side.",
        ),
    ] = None,
    dynamic_masking: Annotated[
        bool,
        typer.Option(
            "--dynamic-masking",
            help="Take the masks off, and draw new ones on the device at each step.",
        ),
    ] = False,
    masked_lm_prob: Annotated[
        float, number_option("Share of tokens that --dynamic-masking hides.")
    ] = 0.15,
    seed: Annotated[
        list[int] | None,
        numbers_option("One trial for each, side by side.  [default: 12345]", 0),
    ] = None,
    batch_size: Annotated[int, number_option("Sequences of a step.", 1)] = 32,
    learning_rate: Annotated[float, number_option("At the end of warm-up.")] = 5e-4,
    warmup_proportion: Annotated[
        float, number_option("Share of the steps that warm up.", 0)
    ] = 0.1,
    init_checkpoint: Annotated[
        Path | None, directory_option("Begin with these weights, not with random ones.")
    ] = None,
    second_input: Annotated[
        list[Path] | None,
        files_option("TFRecords of longer sequences for the last steps."),
    ] = None,
    second_share: Annotated[
        float, number_option("Which share of the steps those get.", 0)
    ] = 0.1,
    second_batch_size: Annotated[
        int | None, number_option("Sequences of such a step.  [default: as before]", 1)
    ] = None,
    precision: Annotated[
        str,
        typer.Option(metavar="NAME", help="float32, or bfloat16 for matrix products."),
    ] = "float32",
    micro_batch_size: Annotated[
        int | None,
        number_option("Accumulate gradients over parts of a batch this large.", 1),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="Insist on one: cpu, gpu or tpu."),
    ] = None,
    devices: Annotated[int, number_option("Divide each batch over so many.", 1)] = 1,
    trial_devices: Annotated[
        int, number_option("Divide the trials over so many groups (JAX only).", 1)
    ] = 1,
    hosts: Annotated[
        bool, typer.Option("--hosts", help="This is one of several hosts; see README.")
    ] = False,
    deterministic: Annotated[
        bool,
        typer.Option("--deterministic", help="The same bits every time, on a GPU too."),
    ] = False,
    log_every: Annotated[int, number_option("Steps to a line of metrics.", 1)] = 100,
    evaluate_every: Annotated[
        int | None, number_option("Steps between held-out evaluations.", 1)
    ] = None,
    save_every: Annotated[float, number_option("Seconds between states.", 0)] = 60.0,
    keep: Annotated[int, number_option("States to keep.", 1)] = 2,
    stop_after: Annotated[
        int | None,
        number_option("Stop after this step; the same without it goes on.", 1),
    ] = None,
    record: Annotated[
        Path | None,
        directory_option("Keep metrics and how they were made there, for the report."),
    ] = None,
    tensorboard: Annotated[
        Path | None, directory_option("Write the metrics for TensorBoard, too.")
    ] = None,
) -> None:
    """Pre-train a model on masked words and next sentences.

    Several seeds, and with --dynamic-masking both maskings, train side by side in one
    program. Stopped at any moment, the same command goes on from the last saved state.
    """
    from reference.devices import Mesh
    from reference.pretraining_settings import Execution, PretrainingSettings
    from suite.pretraining_run import Hardware, PretrainingRun, phases_of, trials_of

    first, second = (inputs, batch_size), (second_input, second_batch_size)
    run = PretrainingRun(
        phases=phases_of(first, second, num_train_steps, second_share),
        held_out=tuple(held_out),
        vocab=vocab,
        model=model,
        directory=output_dir,
        masking=str(masking[0]) if masking and not dynamic_masking else None,
        corpus=tuple(path.name for path in inputs),
        trials=trials_of(seed, masking, dynamic_masking),
        settings=PretrainingSettings(
            learning_rate,
            warmup_proportion,
            precision,
            masked_lm_prob if dynamic_masking else None,
        ),
        execution=Execution(
            micro_batch_size,
            Mesh(devices, trial_devices),
            log_every,
            evaluate_every,
            save_every,
            keep,
            stop_after,
        ),
        hardware=Hardware(device, deterministic, hosts),
        initial=init_checkpoint,
        tensorboard=tensorboard,
    )
    _show(run, record)


def _show(run, record: Path | None) -> None:
    """Pre-train in a worker, whose log takes what the framework prints."""
    from reference.pretraining_settings import checkpoint_directory
    from suite import environment
    from suite.executor import Job, LocalExecutor
    from suite.pretraining import finish_all
    from suite.pretraining_record import write_record
    from suite.pretraining_run import pretrain_one
    from suite.progress import bars

    commit = environment.commit()
    with (
        LocalExecutor(1, run.directory / "logs", one_thread=False) as executor,
        bars(console) as shown,
    ):
        (metrics,) = finish_all(executor, [Job(pretrain_one, (run,))], shown)
    for trial, found in zip(run.trials, metrics, strict=True):
        for name, value in found.items():
            console.print(f"{name} = {value:.4f}")
        made = checkpoint_directory(run.directory, run.trials, trial)
        if (made / "model.safetensors").exists():
            console.print(f"Checkpoint: {made}")
        else:
            console.print(f"Stopped as asked; {made} will be the checkpoint.")
    if record:
        write_record(record, run, commit, metrics)
        console.print(f"Record: {record}")
