"""`python -m suite instances`: pre-training data from text, and a check of them.

Three ways: `--output`, one shard as the original makes it; `--output-dir`, a shard for
each input file; `--check`, what records that are there hold.
"""

import json
import tempfile
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
    console,
    directory_option,
    files_option,
    number_option,
)


def instances(
    vocab: Vocab,
    inputs: Annotated[
        list[Path] | None,
        files_option(
            "Text, one sentence a line, a blank line between documents; .gz and .xz "
            "too.",
            "--input",
        ),
    ] = None,
    output: Annotated[
        list[Path] | None,
        files_option("TFRecords to be made: all inputs pooled, dealt out over these."),
    ] = None,
    output_dir: Annotated[
        Path | None,
        directory_option(
            "Where to make a shard for each input, in parallel; a stopped run goes on."
        ),
    ] = None,
    check: Annotated[
        list[Path] | None, files_option("TFRecords to look into; makes nothing.")
    ] = None,
    masking: Annotated[
        Masking, typer.Option(help="What is hidden together.")
    ] = Masking.WORDPIECE,
    cased: Annotated[
        bool, typer.Option("--cased", help="Keep capitals and accents.")
    ] = False,
    max_seq_length: Annotated[int, number_option("Tokens of a sequence.")] = 128,
    max_predictions_per_seq: Annotated[int, number_option("Most tokens hidden.")] = 20,
    masked_lm_prob: Annotated[float, number_option("Share of tokens hidden.")] = 0.15,
    short_seq_prob: Annotated[float, number_option("Share of short sequences.")] = 0.1,
    dupe_factor: Annotated[int, number_option("Times the text is gone through.")] = 10,
    seed: Seed = 12345,
    without: Annotated[
        list[Oddity] | None,
        typer.Option(
            metavar="NAME...",
            help=f"Oddities of the original to leave out: {', '.join(Oddity)}.",
        ),
    ] = None,
    one_document: Annotated[
        bool, typer.Option("--one-document", help="Let the text be one document.")
    ] = False,
    workers: Workers = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="What --check finds, as JSON.")
    ] = False,
) -> None:
    """Make pre-training data from text, as the original does.

    The records are the original's, draw for draw: of all inputs pooled with --output,
    of each input by itself with --output-dir.
    """
    from reference.instances import InstanceSettings
    from reference.masking import MaskingScheme
    from reference.tokenization import Tokenizer

    _check_way(inputs, output, output_dir, check)
    if as_json and not check:
        raise InputError("--json: expected with --check only, found without it")
    if workers and not output_dir:
        raise InputError("--workers: expected with --output-dir only, found without it")
    tokenizer = Tokenizer.from_file(vocab, lower_case=not cased)
    if check:
        raise typer.Exit(_check(check, tokenizer, masked_lm_prob, as_json))
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
        _make_one(inputs, output, tokenizer, settings, least)
    else:
        from suite.sharding import Shards

        shards = Shards(tuple(inputs), output_dir, vocab, not cased, settings, least)
        _make_shards(shards, workers or environment.cores())


def _check_way(inputs, output, output_dir, check) -> None:
    """InputError unless it is one of the three ways."""
    ways = sum(map(bool, (output, output_dir, check)))
    if ways != 1 or bool(inputs) == bool(check):
        raise InputError(
            "instances: expected --input with --output or with --output-dir, or "
            "--check alone; see --help"
        )


def _make_one(inputs, output, tokenizer, settings, least: int) -> None:
    from reference.shards import write_shard
    from suite.corpus_check import check_pooled
    from suite.progress import bars

    with bars(console) as shown:
        shown.update("checking text", 0, 1)
        check_pooled(inputs, output, settings, least)
        shown.update("checking text", 1, 1)
        counts = write_shard(
            inputs,
            output,
            tokenizer,
            settings,
            lambda done, total: shown.update("instances", done, total, "passes"),
        )
    _say(counts, ", ".join(map(str, output)))


def _make_shards(shards, workers: int) -> None:
    from suite.executor import LocalExecutor
    from suite.progress import bars
    from suite.sharding import inspection_jobs, or_failure, shard_jobs

    number = len(shards.inputs)
    with (
        tempfile.TemporaryDirectory() as logs,
        LocalExecutor(min(workers, number), Path(logs)) as executor,
        bars(console) as shown,
    ):
        inspected = []
        shown.update("checking text", 0, number, "files")
        for event in or_failure(executor.run(inspection_jobs(shards))):
            inspected.append(event.value)
            shown.update("checking text", len(inspected), number, "files")
        jobs = shard_jobs(shards, inspected)
        if len(jobs) < number:
            console.print(f"{number - len(jobs)} of {number} are there.")
        done_of = {job: 0.0 for job in jobs}
        words = sum(job.cost for job in jobs)
        for event in or_failure(executor.run(jobs)):
            if event.kind == "report":
                done, total = event.value
                done_of[event.job] = event.job.cost * done / total
                shown.update("instances", sum(done_of.values()), words, "words")
            else:
                path = shards.directory / event.value["output"]["name"]
                _say(event.value["counts"], str(path))


def _say(counts: dict, where: str) -> None:
    console.print(
        f"{counts['instances']:,} instances, {counts['tokens']:,} tokens, "
        f"{counts['predictions']:,} predictions in {where}",
        highlight=False,
    )


def _check(paths: list[Path], tokenizer, masked_lm_prob: float, as_json: bool) -> int:
    """Print what the records hold; returns the exit code."""
    from suite.markdown import counted
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
        return int(found.is_off)
    for line in found.lines:
        console.print(str(line), markup=False, highlight=False)
    off = sum(line.status == "off" for line in found.lines)
    verdict = f"{counted(off, 'finding')} off" if off else "Nothing is off"
    console.print(f"{verdict}.", highlight=False)
    return int(found.is_off)
