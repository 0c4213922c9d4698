"""TFRecord files of tf.train.Example, without TensorFlow.

Sources: the record framing of TensorFlow's record_writer (length, masked CRC-32C of
the length, data, masked CRC-32C of the data) and the messages of its example.proto.
Not here: which features a record holds (reference/instances.py). Compressed record
files and byte features are neither written nor read: BERT uses none.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import google_crc32c
import numpy as np
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message,
    message_factory,
    text_format,
)

from reference.errors import InputError
from reference.files import written_whole

_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")


def write_tfrecords(
    paths: Sequence[str | os.PathLike], arrays: dict[str, np.ndarray]
) -> None:
    """Write record i of N to file i modulo the number of files.

    `arrays` holds [N, F] arrays, F by feature; whole numbers become int64 lists and
    floating ones float lists. Either every file is put in place or, when writing
    fails, none. InputError for no file or the same file twice.
    """
    _check_distinct(paths)
    with ExitStack() as stack:
        files = [stack.enter_context(written_whole(path, "wb")) for path in paths]
        for index, record in enumerate(_serialised(arrays)):
            _write_record(files[index % len(files)], record)


def read_tfrecords(paths: Sequence[str | os.PathLike]) -> dict[str, np.ndarray]:
    """Read all records of the files, one file after the other.

    Returns [N, F] arrays by feature name, int32 or float32. InputError, naming file
    and byte offset, for a damaged file, a record whose features are not those of the
    first, or a number beyond int32.
    """
    rows: list[dict[str, np.ndarray]] = []
    for path in paths:
        for offset, data in _records(path):
            try:
                row = _parsed(data)
            except (message.DecodeError, OverflowError, ValueError) as error:
                raise InputError(
                    f"{path}, byte {offset}: expected a tf.train.Example of 32-bit "
                    f"numbers, found something else ({error}); make the file again"
                ) from error
            if rows and _layout(row) != _layout(rows[0]):
                raise InputError(
                    f"{path}, byte {offset}: expected the features of the first "
                    "record in the same lengths, found others; read only files that "
                    "were made with the same settings together"
                )
            rows.append(row)
    if not rows:
        raise InputError(
            f"{', '.join(map(str, paths)) or 'records'}: expected at least one record, "
            "found none; make the instances first"
        )
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _check_distinct(paths: Sequence[str | os.PathLike]) -> None:
    distinct = {Path(path).resolve() for path in paths}
    if not paths or len(distinct) < len(paths):
        raise InputError(
            "output files: expected one or more, each named once; found "
            f"{', '.join(map(str, paths)) or 'none'}"
        )


# Framing


def _write_record(file: IO[bytes], data: bytes) -> None:
    length = _LENGTH.pack(len(data))
    file.write(length + _checksum(length) + data + _checksum(data))


def _records(path: str | os.PathLike) -> Iterator[tuple[int, bytes]]:
    """The byte offset and the content of every record of one file, verified."""
    try:
        with open(path, "rb") as file:
            offset = 0
            while head := file.read(_LENGTH.size + _CHECKSUM.size):
                length = head[: _LENGTH.size]
                if head[_LENGTH.size :] != _checksum(length):
                    raise _damaged(path, offset, "a whole length with its checksum")
                body = file.read(_LENGTH.unpack(length)[0] + _CHECKSUM.size)
                data = body[: -_CHECKSUM.size]
                if body[-_CHECKSUM.size :] != _checksum(data):
                    raise _damaged(path, offset, "whole data with their checksum")
                yield offset, data
                offset += len(head) + len(body)
    except OSError as error:
        raise InputError(
            f"{path}: expected a TFRecord file; cannot be read ({error.strerror}); "
            "check the name"
        ) from error


def _checksum(data: bytes) -> bytes:
    """CRC-32C, rotated right by 15 bits and shifted by a constant, as TFRecord has it.

    The original masks sums so that data which itself holds sums is not taken for one.
    """
    crc = google_crc32c.value(data)
    rotated = crc >> 15 | crc << 17
    return _CHECKSUM.pack((rotated + 0xA282EAD8) & 0xFFFFFFFF)


def _damaged(path: str | os.PathLike, offset: int, wanted: str) -> InputError:
    return InputError(
        f"{path}, byte {offset}: expected a record here, {wanted}; found the file "
        "truncated or damaged; make or copy it again"
    )


# Messages

# What is used of TensorFlow's example.proto and feature.proto, on the wire the same.
_DESCRIPTION = """
name: "example.proto"  syntax: "proto3"
message_type { name: "FloatList"
  field { name: "value" number: 1 type: TYPE_FLOAT label: LABEL_REPEATED } }
message_type { name: "Int64List"
  field { name: "value" number: 1 type: TYPE_INT64 label: LABEL_REPEATED } }
message_type { name: "Feature"  oneof_decl { name: "kind" }
  field { name: "float_list" number: 2 type_name: ".FloatList" oneof_index: 0 }
  field { name: "int64_list" number: 3 type_name: ".Int64List" oneof_index: 0 } }
message_type { name: "Features"
  nested_type { name: "FeatureEntry"  options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "value" number: 2 type_name: ".Feature" label: LABEL_OPTIONAL } }
  field { name: "feature" number: 1 type_name: ".Features.FeatureEntry"
          label: LABEL_REPEATED } }
message_type { name: "Example"
  field { name: "features" number: 1 type_name: ".Features" } }
"""


def _example_class() -> type[message.Message]:
    """The class of tf.train.Example, apart from the one TensorFlow may have loaded."""
    description = descriptor_pb2.FileDescriptorProto()
    pool = descriptor_pool.DescriptorPool()
    pool.Add(text_format.Parse(_DESCRIPTION, description))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("Example"))


_Example = _example_class()


def _serialised(arrays: dict[str, np.ndarray]) -> Iterator[bytes]:
    """One serialised Example for each row."""
    for rows in zip(*arrays.values(), strict=True):
        example = _Example()
        for name, row in zip(arrays, rows, strict=True):
            feature = example.features.feature[name]
            is_float = np.issubdtype(row.dtype, np.floating)
            values = feature.float_list if is_float else feature.int64_list
            values.value.extend(row.tolist())
        yield example.SerializeToString(deterministic=True)


def _parsed(data: bytes) -> dict[str, np.ndarray]:
    """The features of one serialised Example, in alphabetical order."""
    feature_map = _Example.FromString(data).features.feature
    arrays = {}
    for name in sorted(feature_map):
        feature = feature_map[name]
        match feature.WhichOneof("kind"):
            case "float_list":
                arrays[name] = np.array(feature.float_list.value, np.float32)
            case "int64_list":
                # From a list, NumPy refuses what does not fit; else it would wrap.
                arrays[name] = np.array(feature.int64_list.value[:], np.int32)
            case _:
                raise ValueError(f"{name} holds no numbers")
    return arrays


def _layout(row: dict[str, np.ndarray]) -> dict[str, tuple[int, np.dtype]]:
    """How many numbers of which kind each feature holds."""
    return {name: (values.size, values.dtype) for name, values in row.items()}
