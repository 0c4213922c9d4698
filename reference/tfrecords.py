"""TFRecord files of tf.train.Example, without TensorFlow.

Sources: the record framing of TensorFlow's record_writer (length, masked CRC-32C of
the length, data, masked CRC-32C of the data) and the messages of its example.proto.
Not here: which features a record holds (reference/instances.py). Compressed record
files and byte features are neither written nor read: BERT uses none.
"""

import functools
import itertools
import os
import struct
from collections.abc import Iterable, Iterator, Sequence
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
from reference.files import all_written_whole

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
    write_blocks(paths, [arrays])


def write_blocks(
    paths: Sequence[str | os.PathLike], blocks: Iterable[dict[str, np.ndarray]]
) -> None:
    """write_tfrecords for records that are made a block at a time."""
    check_distinct(paths)
    records = itertools.chain.from_iterable(map(_serialised, blocks))
    with all_written_whole(paths, "wb") as files:
        for index, record in enumerate(records):
            _write_record(files[index % len(files)], record)


def read_tfrecords(paths: Sequence[str | os.PathLike]) -> dict[str, np.ndarray]:
    """Read all records of the files, one file after the other.

    Returns [N, F] arrays by feature name, int32 or float32. InputError, naming file
    and byte offset, for a damaged file, a record whose features are not those of the
    first, or a number beyond int32.
    """
    blocks: list[dict[str, np.ndarray]] = []
    for path in paths:
        for block in read_blocks(path):
            if blocks and _layout(block) != _layout(blocks[0]):
                # All records of a file are alike, so the first one differs already.
                raise _other_features(path, 0, _layout(block), _layout(blocks[0]))
            blocks.append(block)
    if not blocks:
        raise InputError(
            f"{', '.join(map(str, paths)) or 'records'}: expected at least one record, "
            "found none; make the instances first"
        )
    return {name: np.concatenate([b[name] for b in blocks]) for name in blocks[0]}


def read_blocks(
    path: str | os.PathLike, records: int = 4096
) -> Iterator[dict[str, np.ndarray]]:
    """Read one file of any size in bounded memory, up to `records` records at a time.

    Yields [N, F] arrays by feature name, int32 or float32, N = `records` but for the
    last, and nothing for an empty file. InputError as in read_tfrecords, when it comes
    to the place.
    """
    rows: list[dict[str, np.ndarray]] = []
    first = None
    for offset, data in _records(path):
        try:
            row = _parsed(data)
        except (message.DecodeError, OverflowError, ValueError) as error:
            raise InputError(
                f"{path}, byte {offset}: expected a tf.train.Example of 32-bit "
                f"numbers, found something else ({error}); make the file again"
            ) from error
        first = first or _layout(row)
        if _layout(row) != first:
            raise _other_features(path, offset, _layout(row), first)
        rows.append(row)
        if len(rows) == records:
            yield _stacked(rows)
            rows = []
    if rows:
        yield _stacked(rows)


def count_records(path: str | os.PathLike) -> int:
    """How many records a file holds; InputError for one that is damaged anywhere."""
    return sum(1 for _ in _records(path))


def check_distinct(paths: Sequence[str | os.PathLike]) -> None:
    """InputError for no output file, or the same one twice."""
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
message_type { name: "FloatList"  field { name: "value" number: 1 FLOATS } }
message_type { name: "Int64List"  field { name: "value" number: 1 INTS } }
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


def _example_class(floats: str, ints: str) -> type[message.Message]:
    """The class of tf.train.Example, apart from the one TensorFlow may have loaded.

    `floats` and `ints` say how it takes the numbers of a list.
    """
    text = _DESCRIPTION.replace("FLOATS", floats).replace("INTS", ints)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(text_format.Parse(text, descriptor_pb2.FileDescriptorProto()))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("Example"))


_Example = _example_class(
    "type: TYPE_FLOAT label: LABEL_REPEATED", "type: TYPE_INT64 label: LABEL_REPEATED"
)
# A list of numbers is written as bytes with their length before them, and so it may as
# well be given as bytes, which NumPy makes for many records at once.
_PackedExample = _example_class("type: TYPE_BYTES", "type: TYPE_BYTES")


def _serialised(arrays: dict[str, np.ndarray]) -> Iterator[bytes]:
    """One serialised Example for each row.

    A serialised map is its entries one after the other, in any order; here by name,
    so that the bytes are the same every time.
    """
    columns = [_entries(name, arrays[name]) for name in sorted(arrays)]
    for entries in zip(*columns, strict=True):
        features = b"".join(entries)
        yield _example_header(len(features)) + features


def _entries(name: str, array: np.ndarray) -> list[bytes]:
    """The entry of the map of features for each row."""
    is_float = np.issubdtype(array.dtype, np.floating)
    rows = _packed_floats(array) if is_float else _packed_ints(array)
    return [_entry_header(name, is_float, len(row)) + row for row in rows]


@functools.cache
def _entry_header(name: str, is_float: bool, length: int) -> bytes:
    """What stands before the numbers of a feature; their length decides it."""
    example = _PackedExample()
    feature = example.features.feature[name]
    numbers = feature.float_list if is_float else feature.int64_list
    numbers.value = bytes(length)
    return example.features.SerializeToString()[: -length or None]


@functools.cache
def _example_header(length: int) -> bytes:
    """What stands before the features: as before anything of one field, number 1."""
    numbers = type(_PackedExample().features.feature[""].int64_list)
    return numbers(value=bytes(length)).SerializeToString()[: -length or None]


def _packed_floats(array: np.ndarray) -> list[bytes]:
    """The bytes of the numbers of each row."""
    return [row.tobytes() for row in array.astype("<f4")]


def _packed_ints(array: np.ndarray) -> list[bytes]:
    """The varints of each row: 7 bits a byte, low ones first, more where bit 7 is set.

    Source: Protocol Buffers, Encoding, "Base 128 Varints"; a negative number is
    written as the 64 bits of its two's complement.
    """
    bits = array.astype(np.int64).view(np.uint64)
    widest = int(bits.max(initial=1)).bit_length()
    if widest <= 32:
        bits = bits.astype(np.uint32)
    shifts = np.arange(0, widest, 7, dtype=bits.dtype)
    rest = bits[..., None] >> shifts  # [N, F, bytes of the widest]
    is_used = (rest > 0) | (shifts == 0)
    more = np.pad(is_used[..., 1:], ((0, 0), (0, 0), (0, 1)))
    low_bits = rest.astype(np.uint8) & 0x7F
    content = (low_bits | more.astype(np.uint8) << 7)[is_used].tobytes()
    ends = is_used.sum(axis=(1, 2)).cumsum().tolist()
    return [content[start:end] for start, end in zip([0, *ends], ends, strict=False)]


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


def _stacked(rows: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


_Layout = dict[str, tuple[int, np.dtype]]


def _layout(arrays: dict[str, np.ndarray]) -> _Layout:
    """How many numbers of which kind a record has of each feature."""
    return {name: (array.shape[-1], array.dtype) for name, array in arrays.items()}


def _other_features(
    path: str | os.PathLike, offset: int, found: _Layout, first: _Layout
) -> InputError:
    differing = [
        f"{size} {dtype} numbers of {name}"
        for name, (size, dtype) in sorted(found.items())
        if first.get(name) != (size, dtype)
    ] + [f"no {name}" for name in sorted(first.keys() - found.keys())]
    return InputError(
        f"{path}, byte {offset}: expected the features of the first record in the same "
        f"lengths, found {' and '.join(differing)}; read only files that were made "
        "with the same settings together"
    )
