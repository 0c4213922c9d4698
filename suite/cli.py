"""The command line: `python -m suite instances|pretrain|sweep|report|reproduce`.

Only options and words to the user are here. Exit code 0: done; 1: a check failed; 2:
bad usage or bad input, said in one line. A traceback appears only with --debug.
"""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

# What the libraries read when they are loaded, which the verbs below do.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from reference.errors import InputError
from suite import environment
from suite.environment import REPORTS, RESULTS
from suite.tasks import GLUE_TASKS, task_named

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Does a BERT checkpoint do what was published, and how sure can one be?",
)
console = Console(soft_wrap=True)


ALL_TASKS = ",".join(GLUE_TASKS)


class Masking(StrEnum):
    """The two masking schemes."""

    WORDPIECE = "wordpiece"
    WHOLE_WORD = "whole-word"


ExistingFiles = Annotated[
    list[Path], typer.Option("--input", help="Text, one sentence a line; repeatable.")
]
Vocab = Annotated[Path, typer.Option(help="A vocab.txt, one word piece a line.")]
GlueDir = Annotated[
    Path | None, typer.Option(help="GLUE in its official layout: DIR/<TASK>/train.tsv.")
]
TestLabels = Annotated[
    Path | None,
    typer.Option(help="Public test labels, DIR/<TASK>.tsv: index and label."),
]
Tasks = Annotated[str, typer.Option(help="Comma-separated names of GLUE tasks.")]
Seeds = Annotated[int, typer.Option(min=1, help="Seeds of every configuration.")]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Worker processes; as many as there are cores."),
]
RunDir = Annotated[
    Path | None, typer.Option(help="Where the records are kept; resumed if it exists.")
]


@app.callback()
def options(
    debug: Annotated[bool, typer.Option(help="Show tracebacks.")] = False,
) -> None:
    """Read by `main`, before a verb's own options."""


@app.command()
def instances(
    inputs: ExistingFiles,
    vocab: Vocab,
    output: Annotated[list[Path], typer.Option(help="A .tfrecord file; repeatable.")],
    masking: Masking = Masking.WORDPIECE,
    cased: Annotated[bool, typer.Option(help="Keep capitals and accents.")] = False,
    max_seq_length: int = 128,
    max_predictions_per_seq: int = 20,
    masked_lm_prob: float = 0.15,
    short_seq_prob: float = 0.1,
    dupe_factor: int = 10,
    seed: int = 12345,
) -> None:
    """Make pre-training data from text: the original's records, draw for draw.

    All inputs are pooled, and the instances are dealt out over the outputs.
    """
    from reference.instances import InstanceSettings
    from reference.masking import MaskingScheme
    from reference.shards import write_shard
    from reference.tokenization import Tokenizer
    from suite.progress import bars

    settings = InstanceSettings(
        max_seq_length=max_seq_length,
        max_predictions_per_seq=max_predictions_per_seq,
        masked_lm_prob=masked_lm_prob,
        short_seq_prob=short_seq_prob,
        dupe_factor=dupe_factor,
        masking=MaskingScheme(masking),
        seed=seed,
    )
    tokenizer = Tokenizer.from_file(vocab, lower_case=not cased)
    with bars(console) as shown:
        counts = write_shard(
            inputs,
            output,
            tokenizer,
            settings,
            lambda done, total: shown.update("instances", done, total, "documents"),
        )
    console.print(
        f"{counts['instances']:,} instances, {counts['tokens']:,} tokens, "
        f"{counts['predictions']:,} predictions in {', '.join(map(str, output))}"
    )


@app.command()
def pretrain(
    inputs: Annotated[
        list[Path], typer.Option("--input", help="TFRecords of instances; repeatable.")
    ],
    held_out: Annotated[list[Path], typer.Option(help="TFRecords to evaluate on.")],
    vocab: Vocab,
    num_train_steps: int,
    output_dir: Annotated[Path, typer.Option(help="The checkpoint directory to be.")],
    model: Annotated[str, typer.Option(help="BERT-Tiny, -Mini, -Small, …")] = (
        "BERT-Tiny"
    ),
    masking: Annotated[
        Masking | None, typer.Option(help="How the instances were masked, if known.")
    ] = None,
    batch_size: int = 32,
    learning_rate: float = 5e-4,
    seed: int = 12345,
) -> None:
    """Pre-train a model on masked language modelling and next sentence.

    Stopped at any moment, the same command goes on from the last saved state.
    """
    from dataclasses import replace

    from reference.configuration import named_size
    from reference.pretraining import Pretraining, PretrainingSettings
    from reference.tfrecords import read_tfrecords
    from reference.tokenization import Tokenizer
    from suite.progress import bars

    tokenizer = Tokenizer.from_file(vocab, lower_case=None)
    run = Pretraining(
        config=replace(named_size(model), vocab_size=len(tokenizer.vocab)),
        tokenizer=tokenizer,
        settings=PretrainingSettings(
            num_train_steps, batch_size, learning_rate, seed=seed
        ),
        train=read_tfrecords(inputs),
        held_out=read_tfrecords(held_out),
        directory=output_dir,
        description={
            "masking": masking and str(masking),
            "corpus": [path.name for path in inputs],
        },
    )
    with bars(console) as shown:
        metrics = run.run(
            lambda step, total, loss: shown.update(
                "pre-training", step, total, "steps", f"loss {loss:.3f}"
            )
        )
    for name, value in metrics.items():
        console.print(f"{name} = {value:.4f}")
    console.print(f"Checkpoint: {output_dir}")


@app.command()
def sweep(
    checkpoint: Annotated[
        list[Path], typer.Option(help="A checkpoint directory; repeatable.")
    ],
    glue_dir: Annotated[Path, typer.Option(help="GLUE in its official layout.")],
    run_dir: Annotated[Path, typer.Option(help="Where records go; resumed if there.")],
    tasks: Tasks = ALL_TASKS,
    test_labels: TestLabels = None,
    seeds: Seeds = 1,
    workers: Workers = None,
) -> None:
    """Fine-tune over the documented grid: 5 batch sizes, 4 learning rates, 4 epochs."""
    from suite import pipeline
    from suite.sources import Glue
    from suite.sweep import Grid

    pipeline.sweep(
        pipeline.Places(run_dir, run_dir / "work", REPORTS),
        checkpoint,
        Glue(glue_dir, test_labels, _task_names(tasks)),
        Grid(seeds=tuple(range(1, seeds + 1))),
        workers or environment.cores(),
        console,
    )


@app.command()
def report(
    run_dir: Annotated[
        Path | None, typer.Argument(help="A run; the newest of results/runs/.")
    ] = None,
    reports_dir: Annotated[Path, typer.Option(help="Where it is written.")] = REPORTS,
) -> None:
    """Write the Markdown report of a run from its records, without TensorFlow."""
    from suite.report import write_report

    if run_dir is None:
        recorded = sorted((RESULTS / "runs").glob("*/run.json"))
        if not recorded:
            raise InputError(f"{RESULTS / 'runs'}: no run there; name one, or make one")
        run_dir = recorded[-1].parent
    for path in write_report(run_dir, reports_dir):
        console.print(str(path))


@app.command()
def reproduce(
    glue_dir: GlueDir = None,
    test_labels: TestLabels = None,
    corpus: Annotated[
        list[Path] | None, typer.Option(help="Text to pre-train on; repeatable.")
    ] = None,
    vocab: Annotated[
        Path | None, typer.Option(help="The vocabulary to pre-train with.")
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="Use this checkpoint, do not pre-train; repeatable."),
    ] = None,
    models: Annotated[str, typer.Option(help="Sizes to pre-train.")] = "BERT-Tiny",
    tasks: Tasks = ALL_TASKS,
    pretrain_steps: Annotated[
        int | None, typer.Option(min=1, help="Budget of pre-training, in steps of 32.")
    ] = None,
    seeds: Seeds = 1,
    name: Annotated[str, typer.Option(help="What to call the run.")] = "glue",
    run_dir: RunDir = None,
    workers: Workers = None,
) -> None:
    """The whole pipeline, from text to a table of verdicts.

    Without --glue-dir it runs on sample data that it makes itself. With it, it needs
    either --checkpoint, or --corpus and --vocab to pre-train one under each masking.
    The same command typed again goes on where the last one stopped.
    """
    from suite.pipeline import Request, run_pipeline

    request = Request(
        glue_dir=glue_dir,
        test_labels=test_labels,
        corpus=tuple(corpus or ()),
        vocab=vocab,
        checkpoints=tuple(checkpoint or ()),
        models=tuple(filter(None, models.split(","))),
        tasks=_task_names(tasks),
        pretrain_steps=pretrain_steps,
        seeds=seeds,
        name=name,
        run_dir=run_dir,
        workers=workers or environment.cores(),
    )
    run_pipeline(request, console)


def main() -> None:
    """Run the command line; bad input becomes one line and exit code 2."""
    debug = "--debug" in sys.argv
    try:
        # Accepted before and after the verb.
        app([word for word in sys.argv[1:] if word != "--debug"])
    except InputError as error:
        if debug:
            raise
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from here.", file=sys.stderr)
        raise SystemExit(130) from None
    except Exception as error:
        if debug:
            raise
        first_line = (str(error).splitlines() or [""])[0]
        print(
            f"Unexpected {type(error).__name__}: {first_line} (--debug shows where)",
            file=sys.stderr,
        )
        raise SystemExit(1) from None


def _task_names(tasks: str) -> tuple[str, ...]:
    """The tasks asked for, in GLUE's order; AX comes with MNLI."""
    asked = [name.strip() for name in tasks.split(",") if name.strip()]
    for name in asked:
        task_named(name)
    if not asked:
        raise InputError(f"--tasks: none named; known: {', '.join(GLUE_TASKS)}")
    return tuple(name for name in GLUE_TASKS if name in asked)
