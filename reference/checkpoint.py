"""Checkpoints: a directory of a config, a vocabulary and the weights, in three layouts.

ours         bert_config.json, vocab.txt, checkpoint.json (how the model was made) and
             model.safetensors under the original's names
tf1          the original's: bert_config.json, vocab.txt, bert_model.ckpt.*
huggingface  config.json, vocab.txt or tokenizer.json, model.safetensors

Which it is, is found out from what is there. Whatever the layout, a `Checkpoint` has
the original's names and shapes, held against its config (variables.py). Not here:
from one layout to another (conversion.py). Pickles are never read.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np

from reference.arrays import read_arrays, read_header, write_arrays
from reference.configuration import BertConfig, size_name
from reference.errors import InputError
from reference.files import written_whole
from reference.huggingface import (
    check_tokenizing,
    pickle_refusal,
    read_huggingface,
    read_lower_case,
    read_vocabulary,
)
from reference.json_files import read_json_object
from reference.tf1_checkpoint import INDEX, PREFIX, find_prefix, read_tf1
from reference.tokenization import Tokenizer
from reference.variables import check_variables, parts_of
from reference.weights import Weights

WEIGHTS_FILE = "model.safetensors"
DESCRIPTION_FILE = "checkpoint.json"


class Layout(StrEnum):
    """How a checkpoint's files are named and its variables called."""

    OURS = "ours"
    HUGGINGFACE = "huggingface"
    TF1 = "tf1"


@dataclass(frozen=True)
class Checkpoint:
    """A model as read from its directory."""

    directory: Path
    config: BertConfig
    weights: Weights
    tokenizer: Tokenizer
    description: dict = field(default_factory=dict)
    layout: Layout = Layout.OURS

    @property
    def name(self) -> str:
        """The released size it has, or its layers and width."""
        return size_name(self.config)

    @property
    def masking(self) -> str | None:
        """The masking it was pre-trained with, where that was recorded."""
        return self.description.get("masking")

    @property
    def parts(self) -> tuple[str, ...]:
        """What it holds: encoder, pooler and which heads."""
        return parts_of(self.weights)

    @property
    def sha256(self) -> str:
        """A hash of everything that can change what the model computes."""
        digest = hashlib.sha256(self.config.to_json().encode())
        digest.update(f"{self.tokenizer.sha256} {self.tokenizer.lower_case}".encode())
        for name in sorted(self.weights):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(self.weights[name]))
        return digest.hexdigest()


def read_checkpoint(directory: str | Path) -> Checkpoint:
    """Read a checkpoint directory; whatever is missing or damaged is an InputError."""
    directory = Path(directory)
    if not directory.is_dir():
        raise InputError(f"{directory}: no such checkpoint directory")
    config_path, config = _read_config(directory)
    description = _read_description(directory)
    tokenizer = _read_tokenizer(directory, description.get("lower_case"))
    if len(tokenizer.vocab) != config.vocab_size:
        raise InputError(
            f"{directory / 'vocab.txt'}: {len(tokenizer.vocab)} word pieces, but "
            f"{config_path.name} says {config.vocab_size}; take both from one model"
        )
    layout, weights = _read_weights(directory, config)
    return Checkpoint(directory, config, weights, tokenizer, description, layout)


def write_checkpoint(
    directory: str | Path,
    config: BertConfig,
    weights: Weights,
    vocab: Sequence[str],
    description: dict,
) -> None:
    """Write our layout; the weights come last, so that the checkpoint is there whole.

    `description` is JSON: how the model was made ("masking", "lower_case", …).
    """
    directory = Path(directory)
    write_config(directory, config, vocab)
    write_description(directory, description)
    write_arrays(directory / WEIGHTS_FILE, weights)


def write_config(directory: Path, config: BertConfig, vocab: Sequence[str]) -> None:
    """Write bert_config.json and vocab.txt as the original has them."""
    with written_whole(directory / "bert_config.json") as file:
        file.write(config.to_json())
    with written_whole(directory / "vocab.txt") as file:
        file.writelines(f"{piece}\n" for piece in vocab)


def write_description(directory: Path, description: dict) -> None:
    """Write how the model was made, which other programs do not look at."""
    with written_whole(directory / DESCRIPTION_FILE) as file:
        file.write(json.dumps(description, indent=2) + "\n")


def _read_config(directory: Path) -> tuple[Path, BertConfig]:
    """The config under either name, and that name; two that are there must agree."""
    names = ("bert_config.json", "config.json")
    found = [directory / name for name in names if (directory / name).exists()]
    found = found or [directory / names[0]]
    configs = [BertConfig.from_file(path) for path in found]
    if configs[0] != configs[-1]:
        raise InputError(
            f"{directory}: {' and '.join(names)} are of different models; keep the one "
            "that its weights belong to"
        )
    return found[0], configs[0]


def _read_description(directory: Path) -> dict:
    path = directory / DESCRIPTION_FILE
    return read_json_object(path) if path.exists() else {}


def _read_tokenizer(directory: Path, lower_case: bool | None) -> Tokenizer:
    """In the casing on record, or else the one that its vocabulary is made for."""
    if lower_case is None:
        lower_case = read_lower_case(directory)
    path, theirs = directory / "vocab.txt", directory / "tokenizer.json"
    if theirs.exists() and not path.exists():
        tokenizer = Tokenizer(read_vocabulary(theirs), lower_case is not False)
    else:
        tokenizer = Tokenizer.from_file(path, lower_case)
    check_tokenizing(directory, tokenizer.lower_case)
    return tokenizer


def _read_weights(directory: Path, config: BertConfig) -> tuple[Layout, Weights]:
    path = directory / WEIGHTS_FILE
    if path.exists():
        header = read_header(path)
        # None of the original's names has a dot, and all of the others' have.
        if any("." in name for name in header):
            return Layout.HUGGINGFACE, read_huggingface(path, config)
        check_variables(header, config, path)
        return Layout.OURS, read_arrays(path)[0]
    if prefix := find_prefix(directory):
        return Layout.TF1, read_tf1(prefix, config)
    for pickle in sorted(directory.glob("pytorch_model*.bin")):
        raise InputError(pickle_refusal(pickle))
    raise InputError(
        f"{directory}: no weights; expected {WEIGHTS_FILE} or {PREFIX}{INDEX} with its "
        "data"
    )
