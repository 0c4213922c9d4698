"""`python -m suite instances`: pre-training data from text, and a check of them.

Three ways: `--output`, one shard as the original makes it; `--output-dir`, a shard for
each input file; `--check`, what records that are there hold.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reference.errors import InputError
from reference.oddities import Oddity
from suite import environment
from suite.options import (
    Masking,
    Seed,
    Vocab,
    Workers,
    check_belongs,
    console,
    directory_option,
    files_option,
    number_option,
    say,
)

Inputs = Annotated[
    list[Path] | None,
    files_option(
        "Text, one sentence a line, a blank line between documents; .gz and .xz too.",
        "--input",
    ),
]
Output = Annotated[
    list[Path] | None,
    files_option("TFRecords to be made: all inputs pooled, dealt out over these."),
]
OutputDir = Annotated[
    Path | None,
    directory_option(
        "Where to make a shard for each input, in parallel; a stopped run goes on."
    ),
]
Check = Annotated[
    list[Path] | None, files_option("TFRecords to look into; makes nothing.")
]
Cased = Annotated[bool, typer.Option("--cased", help="Keep capitals and accents.")]
Without = Annotated[
    list[Oddity] | None,
    typer.Option(
        metavar="NAME...",
        help=f"Oddities of the original to leave out: {', '.join(Oddity)}.",
    ),
]
OneDocument = Annotated[
    bool, typer.Option("--one-document", help="Let the text be one document.")
]
AsJson = Annotated[bool, typer.Option("--json", help="What --check finds, as JSON.")]


def instances(
    vocab: Vocab,
    inputs: Inputs = None,
    output: Output = None,
    output_dir: OutputDir = None,
    check: Check = None,
    masking: Annotated[
        Masking, typer.Option(help="What is hidden together.")
    ] = Masking.WORDPIECE,
    cased: Cased = False,
    max_seq_length: Annotated[int, number_option("Tokens of a sequence.")] = 128,
    max_predictions_per_seq: Annotated[int, number_option("Most tokens hidden.")] = 20,
    masked_lm_prob: Annotated[float, number_option("Share of tokens hidden.")] = 0.15,
    short_seq_prob: Annotated[float, number_option("Share of short sequences.")] = 0.1,
    dupe_factor: Annotated[int, number_option("Times the text is gone through.")] = 10,
    seed: Seed = 12345,
    without: Without = None,
    one_document: OneDocument = False,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Make pre-training data from text, as the original does.

    The records are the original's, draw for draw: of all inputs pooled with --output,
    of each input by itself with --output-dir.
    """
    from reference.instances import InstanceSettings
    from reference.masking import MaskingScheme
    from reference.tokenization import Tokenizer
    from suite.shard_making import make_pooled, make_shards
    from suite.sharding import Shards

    _check_way(inputs, output, output_dir, check)
    check_belongs("--json", as_json, "--check", check)
    check_belongs("--workers", workers, "--output-dir", output_dir)
    if vocab.resolve() in {path.resolve() for path in output or ()}:
        raise InputError(
            f"{vocab}: expected an output that is not the vocabulary; name another"
        )
    tokenizer = Tokenizer.from_file(vocab, lower_case=not cased)
    if check:
        raise typer.Exit(_checked(check, tokenizer, masked_lm_prob, as_json))
    settings = InstanceSettings(
        max_seq_length=max_seq_length,
        max_predictions_per_seq=max_predictions_per_seq,
        masked_lm_prob=masked_lm_prob,
        short_seq_prob=short_seq_prob,
        dupe_factor=dupe_factor,
        masking=MaskingScheme(masking),
        seed=seed,
        without=tuple(without or ()),
    )
    least = 1 if one_document else 2
    if output:
        make_pooled(inputs, output, tokenizer, settings, least, console)
    else:
        shards = Shards(tuple(inputs), output_dir, vocab, not cased, settings, least)
        make_shards(shards, workers or environment.cores(), console)


def _check_way(inputs, output, output_dir, check) -> None:
    """InputError unless it is one of the three ways."""
    ways = sum(map(bool, (output, output_dir, check)))
    if ways != 1 or bool(inputs) == bool(check):
        raise InputError(
            "instances: expected --input with --output or with --output-dir, or "
            "--check alone; see --help"
        )


def _checked(
    paths: Sequence[Path], tokenizer, masked_lm_prob: float, as_json: bool
) -> int:
    """Print what the records hold; returns the exit code."""
    from suite.progress import bars
    from suite.record_check import check_records

    # JSON is for scripts: nothing else may stand around it.
    with bars(Console(stderr=True, quiet=as_json)) as shown:
        found = check_records(
            paths,
            tokenizer,
            masked_lm_prob,
            lambda done, total: shown.update("reading", done, total, "records"),
        )
    if as_json:
        console.print_json(json.dumps(found.as_dict()))
    else:
        say(str(found))
    return int(found.is_off)
