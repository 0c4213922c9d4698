"""The released checkpoints: their pieces, and what is checked before one is kept.

No sums are published for them. So the vocabulary is held against its known sum, the
config against the size in the name, and the weights against the config; TensorFlow
verifies the checkpoint's own CRC-32C of every variable. Not here: the addresses
(suite/fetching/addresses.py), and how a checkpoint is read (reference/checkpoint.py).
"""

import difflib
import importlib.util
from collections.abc import Mapping
from pathlib import Path

from reference.checkpoint import read_checkpoint
from reference.configuration import (
    CASED_VOCABULARY,
    UNCASED_VOCABULARY,
    BertConfig,
    sized,
)
from reference.errors import InputError
from reference.files import file_sha256
from suite.fetching.addresses import CHECKPOINTS, NICKNAMES, VOCABULARIES, Release
from suite.fetching.fetch import Piece
from suite.fetching.unpack import unpack

CONFIG, VOCABULARY = "bert_config.json", "vocab.txt"


def release_named(name: str) -> Release:
    """A release by its own name or the README's; InputError names the nearest."""
    if release := CHECKPOINTS.get(NICKNAMES.get(name, name)):
        return release
    known = {each.lower(): each for each in (*NICKNAMES, *CHECKPOINTS)}
    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0)
    raise InputError(
        f"unknown checkpoint {name!r}; the nearest are "
        f"{', '.join(known[each] for each in near)}. The names are "
        f"{', '.join(NICKNAMES)}, uncased_L-2_H-128_A-2 to uncased_L-12_H-768_A-12 "
        "(L 2 4 6 8 10 12, H 128 256 512 768, A = H / 64), and "
        "wwm_uncased_L-24_H-1024_A-16 and wwm_cased_L-24_H-1024_A-16"
    )


def checkpoint_piece(release: Release) -> Piece:
    """A directory with the release's name."""

    def fill(files: Mapping[str, Path], into: Path) -> list[str]:
        (archive,) = files.values()
        unpack(archive, into, beside=CONFIG)
        return check_release(into, release)

    return Piece(release.name, (release.address,), fill)


def check_release(directory: Path, release: Release) -> list[str]:
    """What is to be said of a checkpoint that is the one meant; InputError if not."""
    try:
        return _checked(directory, release)
    except InputError as error:
        said = str(error).replace(str(directory), release.name)
        raise InputError(
            f"{release.address.name}: expected the checkpoint {release.name}, found "
            f"another or a damaged one: {said}"
        ) from error


def _checked(directory: Path, release: Release) -> list[str]:
    config, vocabulary = meant(release)
    digest = file_sha256(directory / VOCABULARY)
    if digest != vocabulary:
        raise InputError(
            f"{VOCABULARY} has SHA-256 {digest} in place of {vocabulary}; do not trust "
            "where it came from"
        )
    found = BertConfig.from_file(directory / CONFIG)
    if found != config:
        raise InputError(f"{CONFIG} is of another size: {found}")
    if importlib.util.find_spec("tensorflow") is None:
        return [
            "variables and CRCs not checked: that needs TensorFlow; where it is, "
            f"python -m suite checkpoint inspect {release.name}"
        ]
    weights = read_checkpoint(directory).weights
    return [f"{len(weights)} variables: names, shapes and CRCs are right"]


def meant(release: Release) -> tuple[BertConfig, str]:
    """The config of a release, and the SHA-256 of its vocabulary."""
    vocab_size = CASED_VOCABULARY if release.cased else UNCASED_VOCABULARY
    config = sized(release.layers, release.width, vocab_size)
    return config, VOCABULARIES[release.cased]
