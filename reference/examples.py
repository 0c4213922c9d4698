"""tf.train.Example messages without TensorFlow: arrays to bytes and back.

Source: TensorFlow's example.proto and feature.proto. Not here: files of them
(reference/tfrecords.py). Byte features are neither written nor read: BERT uses none.
"""

import functools
from collections.abc import Iterator

import numpy as np
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message,
    message_factory,
    text_format,
)

# What is used of the two, on the wire the same.
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


def serialised(arrays: dict[str, np.ndarray]) -> Iterator[bytes]:
    """One serialised Example for each row of the [N, F] arrays, F by feature.

    Whole numbers become int64 lists and floating ones float lists. A serialised map is
    its entries one after the other, in any order; here by name, so that the bytes are
    the same every time.
    """
    columns = [_entries(name, arrays[name]) for name in sorted(arrays)]
    for entries in zip(*columns, strict=True):
        features = b"".join(entries)
        yield _example_header(len(features)) + features


def parsed(data: bytes) -> dict[str, np.ndarray]:
    """The features of one serialised Example, in alphabetical order.

    Returns int32 or float32 [F] arrays by name; ValueError for anything else than an
    Example of 32-bit numbers.
    """
    try:
        return _features(data)
    except (message.DecodeError, OverflowError) as error:
        raise ValueError(str(error)) from error


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


def _features(data: bytes) -> dict[str, np.ndarray]:
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
