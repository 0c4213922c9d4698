"""The command line: `python -m suite instances|pretrain|sweep|report|reproduce`.

Only options and words to the user are here. Exit code 0: done; 1: a check failed; 2:
bad usage or bad input, said in one line. A traceback appears only with --debug.
"""

import os
import sys
import traceback
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
from suite.environment import RESULTS
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


def _file(help: str, *names: str):
    return typer.Option(*names, metavar="FILE", dir_okay=False, help=help)


def _directory(help: str):
    return typer.Option(metavar="DIR", file_okay=False, help=help)


def _number(help: str, least: float | None = None):
    return typer.Option(metavar="N", min=least, help=help)


Vocab = Annotated[Path, _file("The vocabulary, one word piece a line.")]
GLUE_HELP = "GLUE in its official layout, DIR/TASK/train.tsv."
TestLabels = Annotated[
    Path | None, _directory("Public test labels, DIR/TASK.tsv: index and label.")
]
Tasks = Annotated[
    str,
    typer.Option(metavar="NAMES", help="GLUE tasks, comma-separated; AX is in MNLI."),
]
Seeds = Annotated[int, _number("Seeds of every configuration, from 1 up.", 1)]
Seed = Annotated[int, _number("What every random draw comes from.")]
Workers = Annotated[
    int | None, _number("Worker processes.  [default: one for each core]", 1)
]


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error.")
    ] = False,
) -> None:
    """Read by `main`, before a verb's own options."""


@app.command()
def instances(
    inputs: Annotated[
        list[Path],
        _file(
            "Text, one sentence a line, a blank line between documents; .gz and .xz "
            "too. Repeatable.",
            "--input",
        ),
    ],
    vocab: Vocab,
    output: Annotated[list[Path], _file("TFRecords to be made. Repeatable.")],
    masking: Annotated[
        Masking, typer.Option(help="What is hidden together.")
    ] = Masking.WORDPIECE,
    cased: Annotated[
        bool, typer.Option("--cased", help="Keep capitals and accents.")
    ] = False,
    max_seq_length: Annotated[int, _number("Tokens of a sequence.")] = 128,
    max_predictions_per_seq: Annotated[int, _number("Most tokens hidden.")] = 20,
    masked_lm_prob: Annotated[float, _number("Share of tokens hidden.")] = 0.15,
    short_seq_prob: Annotated[float, _number("Share of short sequences.")] = 0.1,
    dupe_factor: Annotated[int, _number("Times the text is gone through.")] = 10,
    seed: Seed = 12345,
) -> None:
    """Make pre-training data from text, as the original does.

    The records are the original's, draw for draw. All inputs are pooled, and the
    instances are dealt out over the outputs.
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
        list[Path], _file("TFRecords to train on. Repeatable.", "--input")
    ],
    held_out: Annotated[list[Path], _file("TFRecords to evaluate on. Repeatable.")],
    vocab: Vocab,
    num_train_steps: Annotated[int, _number("Steps of training.", 1)],
    output_dir: Annotated[Path, _directory("The checkpoint to be made.")],
    model: Annotated[
        str, typer.Option(metavar="NAME", help="BERT-Tiny, -Mini, -Small, -Medium, …")
    ] = "BERT-Tiny",
    masking: Annotated[
        Masking | None, typer.Option(help="How the instances were masked, if known.")
    ] = None,
    batch_size: Annotated[int, _number("Sequences of a step.", 1)] = 32,
    learning_rate: Annotated[float, _number("At the end of warm-up.")] = 5e-4,
    seed: Seed = 12345,
) -> None:
    """Pre-train a model on masked words and next sentences.

    Stopped at any moment, the same command goes on from the last saved state.
    """
    from dataclasses import replace

    from reference.configuration import named_size
    from reference.tfrecords import read_tfrecords
    from reference.tokenization import Tokenizer
    from suite.progress import bars

    tokenizer = Tokenizer.from_file(vocab, lower_case=None)
    config = replace(named_size(model), vocab_size=len(tokenizer.vocab))
    train, evaluated = read_tfrecords(inputs), read_tfrecords(held_out)
    # Loads the framework, which takes seconds: not before the input is in order.
    from reference.pretraining import Pretraining, PretrainingSettings

    run = Pretraining(
        config=config,
        tokenizer=tokenizer,
        settings=PretrainingSettings(
            num_train_steps, batch_size, learning_rate, seed=seed
        ),
        train=train,
        held_out=evaluated,
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
    checkpoint: Annotated[list[Path], _directory("What is fine-tuned. Repeatable.")],
    glue_dir: Annotated[Path, _directory(GLUE_HELP)],
    run_dir: Annotated[
        Path, _directory("Where the records go; a run that is there is resumed.")
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
        Glue(glue_dir, test_labels, _task_names(tasks)),
        Grid(seeds=tuple(range(1, seeds + 1))),
        workers or environment.cores(),
        console,
    )


@app.command()
def report(
    run_dir: Annotated[
        Path | None,
        typer.Argument(
            metavar="RUN_DIR", help="A run.  [default: the newest of results/runs]"
        ),
    ] = None,
    reports_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where it is written.  [default: reports, with the README's table; "
            "reports/sample for a run on sample data]",
        ),
    ] = None,
) -> None:
    """Write the tables of a recorded run, without TensorFlow."""
    from suite.readme import publish
    from suite.report import write_report

    if run_dir is None:
        recorded = sorted((RESULTS / "runs").glob("*/run.json"))
        if not recorded:
            raise InputError(f"{RESULTS / 'runs'}: no run there; name one, or make one")
        run_dir = recorded[-1].parent
    written = write_report(run_dir, reports_dir) if reports_dir else publish(run_dir)
    for path in written:
        console.print(str(path))


@app.command()
def reproduce(
    glue_dir: Annotated[
        Path | None, _directory(f"{GLUE_HELP}  [default: sample data]")
    ] = None,
    test_labels: TestLabels = None,
    corpus: Annotated[
        list[Path] | None, _file("Text to pre-train on. Repeatable.")
    ] = None,
    vocab: Annotated[Path | None, _file("The vocabulary to pre-train with.")] = None,
    checkpoint: Annotated[
        list[Path] | None,
        _directory("Fine-tune this, do not pre-train. Repeatable."),
    ] = None,
    models: Annotated[
        str, typer.Option(metavar="NAMES", help="Sizes to pre-train, comma-separated.")
    ] = "BERT-Tiny",
    tasks: Tasks = ALL_TASKS,
    pretrain_steps: Annotated[
        int | None, _number("Steps of pre-training, 32 sequences each.", 1)
    ] = None,
    seeds: Seeds = 1,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="What to call a run on --glue-dir.")
    ] = "glue",
    run_dir: Annotated[
        Path | None,
        _directory(
            "Where the records go; a run that is there is resumed.  [default: "
            "results/runs/DATE_NAME_COMMIT, or results/sample]"
        ),
    ] = None,
    workers: Workers = None,
) -> None:
    """Run the whole pipeline, from text to a table of verdicts.

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
        models=tuple(_names(models)),
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
    except SystemExit as end:
        if end.code == 130:  # what Typer makes of Ctrl-C
            print("Stopped. The same command goes on from here.", file=sys.stderr)
        raise
    except Exception as error:
        if debug:
            traceback.print_exc()
        line, code = _explained(error)
        print(line, file=sys.stderr)
        raise SystemExit(code) from None


def _explained(error: Exception) -> tuple[str, int]:
    """What to tell the user, in one line, and the exit code."""
    if isinstance(error, InputError):
        return f"Error: {' '.join(str(error).splitlines())}", 2
    if isinstance(error, OSError) and error.filename:
        return f"Error: {error.filename}: {error.strerror}", 2
    first_line = (str(error).splitlines() or [""])[0]
    return f"Unexpected {type(error).__name__}: {first_line} (--debug shows where)", 1


def _task_names(tasks: str) -> tuple[str, ...]:
    """The tasks asked for, in GLUE's order; AX comes with MNLI."""
    asked = {task_named(name).name for name in _names(tasks)}
    if not asked:
        raise InputError(f"--tasks: none named; known: {', '.join(GLUE_TASKS)}")
    if "AX" in asked:
        asked.add("MNLI")
    return tuple(name for name in GLUE_TASKS if name in asked)


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]
