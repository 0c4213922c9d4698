"""Safetensors files: read back, damaged, cut off, and of other programs."""

import numpy as np
import pytest
import safetensors.numpy

from reference.arrays import read_arrays, read_header, write_arrays
from reference.errors import InputError
from reference.variables import Variable

ARRAYS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.array([1, 2**31], np.uint32),
    "c": np.array(7, np.int64),
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "some.safetensors"
    write_arrays(path, ARRAYS, "a note")
    return path


def test_they_are_read_back_with_the_note(path):
    found, note = read_arrays(path)
    assert note == "a note"
    assert found.keys() == ARRAYS.keys()
    for name, value in ARRAYS.items():
        assert found[name].dtype == value.dtype
        np.testing.assert_array_equal(found[name], value)


def test_the_header_tells_shapes_and_types(path):
    header = read_header(path)
    assert header["a"] == Variable((2, 3), "float32")
    assert header["c"].shape == ()
    assert header["c"].dtype != "float32"


def test_any_flipped_bit_is_found(path):
    """Left are the note, which is not ours to judge, and the checksum's own name."""
    whole = path.read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        try:
            found, note = read_arrays(path)
        except InputError:
            continue
        assert note != "a note" or b"crc32c" not in damaged, place
        assert all((found[name] == ARRAYS[name]).all() for name in ARRAYS)


@pytest.mark.parametrize(
    "change", [lambda b: b[:-1], lambda b: b + b"\0", lambda b: b""]
)
def test_another_size_is_refused(path, change):
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(InputError, match="not a readable safetensors file"):
        read_arrays(path)


def test_files_of_others_have_no_checksum(tmp_path):
    path = tmp_path / "theirs.safetensors"
    path.write_bytes(safetensors.numpy.save(ARRAYS))
    found, note = read_arrays(path)
    assert note == ""
    np.testing.assert_array_equal(found["a"], ARRAYS["a"])
