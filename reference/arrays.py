"""Named arrays in a safetensors file, with a checksum of their content.

The format has none of its own; ours is a CRC-32C of all names and bytes in the file's
metadata, which other readers ignore. Files of others are held to what the format says
of itself: a header that describes every byte there is. Not here: what the arrays
mean, see checkpoint.py.
"""

from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

import google_crc32c
import numpy as np
import safetensors
import safetensors.numpy

from reference.errors import InputError
from reference.files import written_whole
from reference.variables import Variable

CHECKSUM = "crc32c"
_DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float64"}


def write_arrays(
    path: Path,
    arrays: Mapping[str, np.ndarray],
    note: str = "",
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write named arrays as safetensors, whole or not at all."""
    contiguous = {name: np.asarray(value, order="C") for name, value in arrays.items()}
    stored = {**(metadata or {}), CHECKSUM: _checksum(contiguous)}
    if note:
        stored["note"] = note
    with written_whole(path, "wb") as file:
        file.write(safetensors.numpy.save(contiguous, stored))


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], str]:
    """Read what `write_arrays` wrote: the arrays and the note.

    InputError for what is no such file, is cut off or goes on, and for content that is
    not what was written.
    """
    with _opened(path) as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}
        metadata = file.metadata() or {}
    if CHECKSUM in metadata and metadata[CHECKSUM] != _checksum(arrays):
        raise InputError(
            f"{path}: the content is not what was written (another {CHECKSUM}); take "
            "the file from where it came from again"
        )
    return arrays, metadata.get("note", "")


def read_header(path: Path) -> dict[str, Variable]:
    """Shape and dtype of every array in the file, without reading the arrays."""
    with _opened(path) as file:
        slices = {name: file.get_slice(name) for name in file.keys()}
        return {
            name: Variable(
                tuple(part.get_shape()),
                _DTYPES.get(part.get_dtype(), str(part.get_dtype()).lower()),
            )
            for name, part in slices.items()
        }


@contextmanager
def _opened(path: Path):
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            yield file
    except (safetensors.SafetensorError, OSError) as error:
        raise InputError(
            f"{path}: not a readable safetensors file: {error}; take the file from "
            "where it came from again"
        ) from error


def _checksum(arrays: Mapping[str, np.ndarray]) -> str:
    """CRC-32C of the arrays' names, dtypes, shapes and bytes, in order of their names.

    It finds damage, as that of TFRecords and of TensorFlow's own checkpoints does.
    """
    crc = 0
    for name in sorted(arrays):
        value = arrays[name]
        what = f"{name} {value.dtype} {value.shape} "
        crc = google_crc32c.extend(crc, what.encode())
        crc = google_crc32c.extend(crc, value.tobytes())
    return f"{crc:08x}"
