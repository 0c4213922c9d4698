"""Checkpoints: a directory of bert_config.json, vocab.txt and the weights.

Weights are either our `model.safetensors`, under the original's variable names, or
the original's `bert_model.ckpt` (TensorFlow 1), read through TensorFlow. Pickles are
never read. `checkpoint.json`, which only ours have, says how the model was made.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from reference.configuration import BertConfig, size_name
from reference.errors import InputError
from reference.files import written_whole
from reference.tokenization import Tokenizer
from reference.weights import Weights

WEIGHTS_FILE = "model.safetensors"
TENSORFLOW_PREFIX = "bert_model.ckpt"
# What a TensorFlow 1 checkpoint holds beside the model.
OPTIMISER_STATE = ("adam_m", "adam_v", "global_step")


@dataclass(frozen=True)
class Checkpoint:
    """A model as read from its directory."""

    directory: Path
    config: BertConfig
    weights: Weights
    tokenizer: Tokenizer
    description: dict = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The released size it has, or its layers and width."""
        return size_name(self.config)

    @property
    def masking(self) -> str | None:
        """The masking it was pre-trained with, where that was recorded."""
        return self.description.get("masking")

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
    config = BertConfig.from_file(directory / "bert_config.json")
    description = _read_description(directory / "checkpoint.json")
    lower_case = description.get("lower_case")
    tokenizer = Tokenizer.from_file(directory / "vocab.txt", lower_case)
    if len(tokenizer.vocab) != config.vocab_size:
        raise InputError(
            f"{directory / 'vocab.txt'}: {len(tokenizer.vocab)} word pieces, but "
            f"bert_config.json says {config.vocab_size}; take both from one model"
        )
    weights = _read_weights(directory)
    return Checkpoint(directory, config, weights, tokenizer, description)


def write_checkpoint(
    directory: str | Path,
    config: BertConfig,
    weights: Weights,
    vocab: Sequence[str],
    description: dict,
) -> None:
    """Write a checkpoint directory; the weights come last, so that it is there whole.

    `description` is JSON: how the model was made ("masking", "lower_case", …).
    """
    directory = Path(directory)
    with written_whole(directory / "bert_config.json") as file:
        file.write(config.to_json())
    with written_whole(directory / "vocab.txt") as file:
        file.writelines(f"{piece}\n" for piece in vocab)
    with written_whole(directory / "checkpoint.json") as file:
        file.write(json.dumps(description, indent=2) + "\n")
    write_arrays(directory / WEIGHTS_FILE, weights)


def write_arrays(path: Path, arrays: dict[str, np.ndarray], note: str = "") -> None:
    """Write named arrays as safetensors, whole or not at all."""
    contiguous = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
    metadata = {"note": note} if note else None
    with written_whole(path, "wb") as file:
        file.write(safetensors.numpy.save(contiguous, metadata))


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], str]:
    """Read what `write_arrays` wrote: the arrays and the note."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}
            return arrays, (file.metadata() or {}).get("note", "")
    except (safetensors.SafetensorError, OSError) as error:
        raise InputError(f"{path}: not a readable safetensors file: {error}") from error


def _read_weights(directory: Path) -> Weights:
    if (directory / WEIGHTS_FILE).exists():
        return read_arrays(directory / WEIGHTS_FILE)[0]
    if (directory / f"{TENSORFLOW_PREFIX}.index").exists():
        return _read_tensorflow(directory / TENSORFLOW_PREFIX)
    raise InputError(
        f"{directory}: no weights; expected {WEIGHTS_FILE} or "
        f"{TENSORFLOW_PREFIX}.index with its data"
    )


def _read_tensorflow(prefix: Path) -> Weights:
    try:
        import tensorflow as tf
    except ImportError as error:
        raise InputError(
            f"{prefix}: reading a TensorFlow checkpoint needs TensorFlow; install it, "
            f"or convert the checkpoint on a machine that has it"
        ) from error
    try:
        reader = tf.train.load_checkpoint(str(prefix))
        names = reader.get_variable_to_shape_map()
        return {
            name: reader.get_tensor(name)
            for name in sorted(names)
            if not name.endswith(OPTIMISER_STATE)
        }
    except (tf.errors.OpError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{prefix}: damaged checkpoint: {reason}") from error


def _read_description(path: Path) -> dict:
    if not path.exists():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}") from error
