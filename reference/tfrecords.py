"""TFRecord files of arrays, without TensorFlow.

Source: the record framing of TensorFlow's record_writer (length, masked CRC-32C of
the length, data, masked CRC-32C of the data). Not here: the message that a record's
data are (reference/examples.py), and which features it holds
(reference/instances.py). Compressed files are neither written nor read.
"""

import itertools
import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

import google_crc32c
import numpy as np

from reference.errors import InputError
from reference.examples import parsed, serialised
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
    records = itertools.chain.from_iterable(map(serialised, blocks))
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
            row = parsed(data)
        except ValueError as error:
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
    """How many records a file holds; InputError for one that is damaged.

    One that was cut off between two records cannot be told from a shorter one.
    """
    return sum(1 for _ in _records(path))


def check_distinct(paths: Sequence[str | os.PathLike]) -> None:
    """InputError for no output file, or the same one twice."""
    distinct = {Path(path).resolve() for path in paths}
    if not paths or len(distinct) < len(paths):
        raise InputError(
            "output files: expected one or more, each named once; found "
            f"{', '.join(map(str, paths)) or 'none'}"
        )


# What the records of a file have in common


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
