"""Messages: the bytes are protobuf's own, and what is none is refused."""

import numpy as np
import pytest

from reference.examples import _Example, parsed, serialised

LIMITS = np.iinfo(np.int32)


@pytest.fixture
def arrays():
    """Numbers of every length as a varint, floating ones, and none."""
    rng = np.random.default_rng(0)
    whole = rng.integers(LIMITS.min, LIMITS.max, (7, 16), endpoint=True)
    whole >>= np.arange(16) * 2
    whole[0, :2] = LIMITS.min, LIMITS.max
    return {
        "whole": whole.astype(np.int32),
        "floating": (whole[:, :3] / 7).astype(np.float32),
        "alone": np.ones((7, 1), np.int32),
        "empty": np.zeros((7, 0), np.int32),
    }


def test_the_bytes_are_those_of_protobuf(arrays):
    for data in serialised(arrays):
        assert _Example.FromString(data).SerializeToString(deterministic=True) == data


def test_there_and_back(arrays):
    found = [parsed(data) for data in serialised(arrays)]
    assert len(found) == 7
    for index, row in enumerate(found):
        assert list(row) == sorted(arrays)
        for name, array in arrays.items():
            assert row[name].dtype == array.dtype
            np.testing.assert_array_equal(row[name], array[index])


def test_nothing_is_an_example_without_features():
    assert list(serialised({})) == []
    assert parsed(b"") == {}


def test_features_of_other_lengths_are_not_cut(arrays):
    arrays["alone"] = arrays["alone"][1:]
    with pytest.raises(ValueError, match="longer"):
        list(serialised(arrays))


def of_text() -> bytes:
    """A feature of text, which is the first of the kinds that example.proto has."""
    feature = b"\x0a\x03\x0a\x01x"
    entry = b"\x0a\x04name\x12" + bytes([len(feature)]) + feature
    features = b"\x0a" + bytes([len(entry)]) + entry
    return b"\x0a" + bytes([len(features)]) + features


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no message", "pars"),
        (next(serialised({"large": np.array([[2**31]])})), "int32"),
        (of_text(), "name holds no numbers"),
    ],
    ids=["no message", "beyond int32", "text"],
)
def test_what_is_no_example_of_numbers(data, message):
    with pytest.raises(ValueError, match=message):
        parsed(data)
