"""`python -m suite checkpoint inspect|convert`: what a checkpoint is, in any layout."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from suite.options import console, say

checkpoint = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Look into a checkpoint, or write it in another layout.",
)


class Format(StrEnum):
    """The layouts that are read and written (`reference.checkpoint.Layout`)."""

    OURS = "ours"
    HUGGINGFACE = "huggingface"
    TF1 = "tf1"


def directory_argument(name: str, help: str):
    return typer.Argument(metavar=name, file_okay=False, help=help)


Json = Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")]


@checkpoint.command("inspect")
def inspect_checkpoint(
    directory: Annotated[
        Path,
        directory_argument("DIR", "A checkpoint of any format."),
    ],
    variables: Annotated[
        bool, typer.Option("--variables", help="Every variable with its shape, too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say what a checkpoint is: its format, size, parameters, heads and vocabulary.

    All of it is read and verified: names, shapes and types, and checksums where the
    format has them.
    """
    from reference.checkpoint import read_checkpoint

    with without_words_of_libraries():
        found = read_checkpoint(directory)
    _say(facts(found, variables=variables), as_json)


@checkpoint.command("convert")
def convert_checkpoint(
    source: Annotated[Path, directory_argument("FROM", "A checkpoint of any format.")],
    target: Annotated[Path, directory_argument("TO", "The directory to be made.")],
    layout: Annotated[
        Format,
        typer.Option(
            "--format", help="huggingface is for transformers, tf1 for the original."
        ),
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Replace a checkpoint that is in TO.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a checkpoint in another format, bit for bit.

    TO is there whole or not at all; what was written is read back and compared.
    """
    from reference.checkpoint import Layout
    from reference.conversion import convert

    with without_words_of_libraries():
        written = convert(source, target, Layout(layout), force=force)
    _say(facts(written, variables=False), as_json)


def facts(found, *, variables: bool) -> dict:
    """What is said of a `reference.checkpoint.Checkpoint`."""
    from reference.config_file import has_exact_gelu
    from reference.variables import parameter_count

    config = found.config
    by_part = {
        part: parameter_count(config, [part])
        for part in found.parts
        if part != "classifier"
    }
    total = sum(value.size for value in found.weights.values())
    if "classifier" in found.parts:  # as wide as its task has classes
        by_part["classifier"] = total - sum(by_part.values())
    said = {
        "directory": str(found.directory),
        "format": str(found.layout),
        "name": found.name,
        "layers": config.num_hidden_layers,
        "hidden_size": config.hidden_size,
        "attention_heads": config.num_attention_heads,
        "positions": config.max_position_embeddings,
        "parameters": total,
        "parts": by_part,
        "masking": found.masking,
        "vocab_size": config.vocab_size,
        "lower_case": found.tokenizer.lower_case,
        "sha256": found.sha256,
        "variables": len(found.weights),
        "exact_gelu_in_transformers": has_exact_gelu(found.directory),
    }
    if variables:
        said["shapes"] = {
            name: list(value.shape) for name, value in sorted(found.weights.items())
        }
    return said


def _say(said: dict, as_json: bool) -> None:
    if as_json:
        console.print_json(json.dumps(said))
        return
    parts = ", ".join(f"{part} {count:,}" for part, count in said["parts"].items())
    casing = "lower-cased" if said["lower_case"] else "cased"
    rows = {
        "Directory": said["directory"],
        "Format": said["format"],
        "Size": f"{said['name']}: {said['layers']} layers, {said['hidden_size']} wide, "
        f"{said['attention_heads']} attention heads, {said['positions']} positions",
        "Parameters": f"{said['parameters']:,} ({parts})",
        "Masking": said["masking"] or "not recorded",
        "Vocabulary": f"{said['vocab_size']:,} word pieces, {casing}",
        "SHA-256": said["sha256"],
        "Variables": f"{said['variables']}, all float32",
    }
    if said["exact_gelu_in_transformers"]:
        rows["Activation"] = (
            'the original\'s approximation of GELU by tanh ("gelu_new"); transformers '
            "computes the exact one for this config.json"
        )
    for name, value in rows.items():
        say(f"{name:<11} {value}")
    for name, shape in said.get("shapes", {}).items():
        sizes = " × ".join(map(str, shape))
        say(f"  {name}  {sizes}")


@contextmanager
def without_words_of_libraries() -> Iterator[None]:
    """TensorFlow's C++ writes to the terminal when it is loaded, whatever it is told.

    Errors are raised, not written, and so are not lost.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
