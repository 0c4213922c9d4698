"""`python -m suite pretrain`: checkpoints from TFRecords."""

from pathlib import Path
from typing import Annotated

import typer

from suite.options import (
    Masking,
    Vocab,
    check_belongs,
    console,
    directory_option,
    files_option,
    number_option,
    numbers_option,
)

SECOND_SHARE, MASKED_LM_PROB = 0.1, 0.15

# What is trained, and on what

Inputs = Annotated[list[Path], files_option("TFRecords to train on.", "--input")]
HeldOut = Annotated[list[Path], files_option("TFRecords to evaluate on.")]
Steps = Annotated[int, number_option("Steps of training, in all.", 1)]
OutputDir = Annotated[
    Path, directory_option("The checkpoint to be made, or one in it a trial.")
]
Model = Annotated[
    str, typer.Option(metavar="NAME", help="BERT-Tiny, -Mini, -Small, -Medium, …")
]
Maskings = Annotated[
    list[Masking] | None,
    typer.Option(
        metavar="NAME...",
        help="wordpiece or whole-word: how the instances were masked, if known; "
        "with --dynamic-masking, how to mask, and both train side by side.",
    ),
]
DynamicMasking = Annotated[
    bool,
    typer.Option(
        "--dynamic-masking",
        help="Take the masks off, and draw new ones on the device at each step.",
    ),
]
MaskedShare = Annotated[
    float, number_option("Share of tokens that --dynamic-masking hides.")
]
TrialSeeds = Annotated[
    list[int] | None,
    numbers_option("One trial for each, side by side.  [default: 12345]", 0),
]
BatchSize = Annotated[int, number_option("Sequences of a step.", 1)]
LearningRate = Annotated[float, number_option("At the end of warm-up.")]
WarmupShare = Annotated[float, number_option("Share of the steps that warm up.", 0)]
InitCheckpoint = Annotated[
    Path | None, directory_option("Begin with these weights, not with random ones.")
]
SecondInput = Annotated[
    list[Path] | None,
    files_option("TFRecords of longer sequences for the last steps."),
]
SecondShare = Annotated[float, number_option("Which share of the steps those get.", 0)]
SecondBatchSize = Annotated[
    int | None, number_option("Sequences of such a step.  [default: as before]", 1)
]

# How it is computed

Precision = Annotated[
    str, typer.Option(metavar="NAME", help="float32, or bfloat16 for matrix products.")
]
MicroBatchSize = Annotated[
    int | None,
    number_option("Accumulate gradients over parts of a batch this large.", 1),
]
Device = Annotated[
    str | None, typer.Option(metavar="KIND", help="Insist on one: cpu, gpu or tpu.")
]
Devices = Annotated[int, number_option("Divide each batch over so many.", 1)]
TrialDevices = Annotated[
    int, number_option("Divide the trials over so many groups (JAX only).", 1)
]
Hosts = Annotated[
    bool, typer.Option("--hosts", help="This is one of several hosts; see README.")
]
Deterministic = Annotated[
    bool,
    typer.Option("--deterministic", help="The same bits every time, on a GPU too."),
]

# What is written on the way

LogEvery = Annotated[int, number_option("Steps to a line of metrics.", 1)]
EvaluateEvery = Annotated[
    int | None, number_option("Steps between held-out evaluations.", 1)
]
SaveEvery = Annotated[float, number_option("Seconds between states.", 0)]
Keep = Annotated[int, number_option("States to keep.", 1)]
StopAfter = Annotated[
    int | None,
    number_option(
        "Stop after this step, a multiple of --log-every; the same without it goes on.",
        1,
    ),
]
Record = Annotated[
    Path | None,
    directory_option("Keep metrics and how they were made there, for the report."),
]
TensorBoard = Annotated[
    Path | None, directory_option("Write the metrics for TensorBoard, too.")
]


def pretrain(
    inputs: Inputs,
    held_out: HeldOut,
    vocab: Vocab,
    num_train_steps: Steps,
    output_dir: OutputDir,
    model: Model = "BERT-Tiny",
    masking: Maskings = None,
    dynamic_masking: DynamicMasking = False,
    masked_lm_prob: MaskedShare = MASKED_LM_PROB,
    seed: TrialSeeds = None,
    batch_size: BatchSize = 32,
    learning_rate: LearningRate = 5e-4,
    warmup_proportion: WarmupShare = 0.1,
    init_checkpoint: InitCheckpoint = None,
    second_input: SecondInput = None,
    second_share: SecondShare = SECOND_SHARE,
    second_batch_size: SecondBatchSize = None,
    precision: Precision = "float32",
    micro_batch_size: MicroBatchSize = None,
    device: Device = None,
    devices: Devices = 1,
    trial_devices: TrialDevices = 1,
    hosts: Hosts = False,
    deterministic: Deterministic = False,
    log_every: LogEvery = 100,
    evaluate_every: EvaluateEvery = None,
    save_every: SaveEvery = 60.0,
    keep: Keep = 2,
    stop_after: StopAfter = None,
    record: Record = None,
    tensorboard: TensorBoard = None,
) -> None:
    """Pre-train a model on masked words and next sentences.

    Several seeds, and with --dynamic-masking both maskings, train side by side in one
    program. Stopped at any moment, the same command goes on from the last saved state.
    """
    two_phases = "--second-input", second_input
    check_belongs("--second-share", second_share != SECOND_SHARE, *two_phases)
    check_belongs("--second-batch-size", second_batch_size, *two_phases)
    drawn = "--dynamic-masking", dynamic_masking
    check_belongs("--masked-lm-prob", masked_lm_prob != MASKED_LM_PROB, *drawn)

    from reference.devices import Mesh
    from reference.pretraining_settings import Execution, PretrainingSettings
    from suite.checkpoint_making import make_checkpoints
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
    make_checkpoints(run, record, console)
