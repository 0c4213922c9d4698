"""The original's checkpoints: bert_model.ckpt, a TensorFlow 1 "bundle".

An index of names, shapes and checksums, and one or more files of data. TensorFlow
itself reads and writes them, and is loaded by the functions that need it only. It
verifies the CRC-32C of the index and of every variable that it reads. Not here: the
first version of that format, and object-based checkpoints of TensorFlow 2.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from reference.configuration import BertConfig
from reference.errors import InputError
from reference.variables import Variable, check_variables
from reference.weights import Weights

PREFIX = "bert_model.ckpt"
INDEX = ".index"


def find_prefix(directory: Path) -> Path | None:
    """The checkpoint in a directory: bert_model.ckpt, or the only one of any name.

    Fine-tuning with the original leaves model.ckpt-STEP, several of them; InputError
    names them, since nothing says which is meant.
    """
    if (directory / f"{PREFIX}{INDEX}").exists():
        return directory / PREFIX
    found = sorted(directory.glob(f"*.ckpt*{INDEX}"))
    if len(found) > 1:
        names = ", ".join(path.name.removesuffix(INDEX) for path in found)
        raise InputError(
            f"{directory}: expected one checkpoint, found {names}; put the one that is "
            f"meant into a directory of its own, with its config and vocabulary"
        )
    return found[0].with_suffix("") if found else None


def read_tf1(prefix: Path, config: BertConfig) -> Weights:
    """Read the model's variables; the optimiser's state beside them is left out.

    InputError names the variables that do not fit the config, and what is damaged.
    """
    tf = _tensorflow(prefix, "reading")
    with _damage_explained(tf, prefix):
        reader = tf.train.load_checkpoint(str(prefix))
        header = _header(reader)
        check_variables(header, config, prefix)
        return {name: np.asarray(reader.get_tensor(name)) for name in header}


def read_tf1_header(prefix: Path) -> dict[str, Variable]:
    """Shape and dtype of the model's variables; needs the index alone."""
    tf = _tensorflow(prefix, "reading")
    with _damage_explained(tf, prefix):
        return _header(tf.train.load_checkpoint(str(prefix)))


def write_tf1(prefix: Path, weights: Weights) -> None:
    """Write the variables, and sync them; the directory must be there."""
    names = sorted(weights)
    tf = _tensorflow(prefix, "writing")
    try:
        with tf.device("CPU:0"):
            tf.raw_ops.SaveV2(
                prefix=str(prefix),
                tensor_names=names,
                shape_and_slices=[""] * len(names),
                tensors=[weights[name] for name in names],
            )
    except tf.errors.OpError as error:
        raise InputError(
            f"{prefix}: expected to write a checkpoint there, TensorFlow could not "
            f"({_first_line(error)}); make room or choose another place"
        ) from error
    for path in prefix.parent.glob(f"{prefix.name}.*"):
        with open(path, "rb+") as file:
            os.fsync(file.fileno())


def _header(reader) -> dict[str, Variable]:
    dtypes = reader.get_variable_to_dtype_map()
    shapes = reader.get_variable_to_shape_map()
    return {
        name: Variable(tuple(shape), dtypes[name].name)
        for name, shape in sorted(shapes.items())
        if not _is_optimiser_state(name)
    }


def _is_optimiser_state(name: str) -> bool:
    """What the original's training leaves beside the model (optimization.py)."""
    return name == "global_step" or name.endswith(("/adam_m", "/adam_v"))


def _tensorflow(prefix: Path, what: str):
    """The package, in the functions that need it alone."""
    try:
        import tensorflow as tf
    except ImportError as error:
        raise InputError(
            f"{prefix}: {what} a TensorFlow checkpoint needs TensorFlow; install it, "
            "or convert the checkpoint on a machine that has it"
        ) from error
    return tf


@contextmanager
def _damage_explained(tf, prefix: Path) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except (tf.errors.OpError, RuntimeError, ValueError, IndexError) as error:
        raise InputError(
            f"{prefix}: damaged checkpoint: {_first_line(error)}; take its files from "
            "where they came from again"
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
