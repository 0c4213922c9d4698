"""From one layout of a checkpoint to another, bit for bit, whole or not at all.

What is written is read back and compared before it is put in its place. How the model
was made goes along as checkpoint.json, which `transformers` and the original do not
look at. Not here: what the layouts are (checkpoint.py).
"""

import dataclasses
from pathlib import Path

from reference.checkpoint import (
    DESCRIPTION_FILE,
    WEIGHTS_FILE,
    Checkpoint,
    Layout,
    read_checkpoint,
    write_checkpoint,
    write_config,
    write_description,
)
from reference.errors import InputError
from reference.files import directory_written_whole
from reference.huggingface import write_huggingface
from reference.tf1_checkpoint import PREFIX, write_tf1

# What a directory may hold that --force replaces.
REPLACEABLE = {
    "bert_config.json",
    "config.json",
    "vocab.txt",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "generation_config.json",
    DESCRIPTION_FILE,
    WEIGHTS_FILE,
}


def convert(
    source: str | Path, target: str | Path, layout: Layout, *, force: bool = False
) -> Checkpoint:
    """Write the checkpoint of one directory into another; returns what was read there.

    InputError where `target` holds anything, or with `force` anything but a
    checkpoint; `target` then is as it was.
    """
    target = Path(target).resolve()
    check_target(target, force=force)
    checkpoint = read_checkpoint(source)
    with directory_written_whole(target) as aside:
        write_layout(checkpoint, aside, layout)
        written = read_checkpoint(aside)
        if written.sha256 != checkpoint.sha256:
            raise InputError(
                f"{target}: what was written there read back otherwise; nothing was "
                "kept. Look to the disk, and run the same command again"
            )
    return dataclasses.replace(written, directory=target)


def write_layout(checkpoint: Checkpoint, directory: Path, layout: Layout) -> None:
    """Write a checkpoint into a directory that is there, in one layout or another."""
    config, weights = checkpoint.config, checkpoint.weights
    tokenizer = checkpoint.tokenizer
    description = checkpoint.description | {"lower_case": tokenizer.lower_case}
    if layout == Layout.OURS:
        write_checkpoint(directory, config, weights, tokenizer.vocab, description)
        return
    write_description(directory, description)
    if layout == Layout.HUGGINGFACE:
        write_huggingface(directory, config, weights, tokenizer)
        return
    write_config(directory, config, tokenizer.vocab)
    write_tf1(directory / PREFIX, weights)


def check_target(target: Path, *, force: bool) -> None:
    """InputError unless a checkpoint may be written there."""
    if target.exists() and not target.is_dir():
        raise InputError(f"{target}: expected a directory, found a file; name another")
    names = {path.name for path in target.iterdir()} if target.exists() else set()
    if names and not force:
        raise InputError(
            f"{target}: expected an empty directory or none, found {_some(names)}; "
            "name another, or let it be replaced with --force"
        )
    foreign = {
        name
        for name in names - REPLACEABLE
        if not name.startswith(f"{PREFIX}.") or (target / name).is_dir()
    }
    if foreign:
        raise InputError(
            f"{target}: expected nothing but a checkpoint to be replaced, found "
            f"{_some(foreign)}; name another directory, or move that away"
        )


def _some(names: set[str]) -> str:
    first = sorted(names)[:3]
    return ", ".join(first) + (", …" if len(names) > len(first) else "")
