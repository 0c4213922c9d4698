"""TFRecord files: TensorFlow reads ours, we read TensorFlow's, damage is told."""

import signal
import subprocess
import sys
import warnings
from pathlib import Path

import google_crc32c
import numpy as np
import pytest

from reference.errors import InputError
from reference.instances import FEATURES, digest
from reference.tfrecords import (
    count_records,
    read_blocks,
    read_tfrecords,
    write_tfrecords,
)

NUM_RECORDS = 7
WIDTHS = dict(zip(FEATURES, (16, 16, 16, 4, 4, 4, 1), strict=True))


@pytest.fixture
def arrays():
    """The features of a few records, random within int32 and float32."""
    rng = np.random.default_rng(0)
    limits = np.iinfo(np.int32)
    arrays = {}
    for name, dtype in FEATURES.items():
        shape = NUM_RECORDS, WIDTHS[name]
        drawn = rng.integers(limits.min, limits.max, shape, endpoint=True)
        arrays[name] = (drawn / 7 if dtype == np.float32 else drawn).astype(dtype)
    arrays["input_ids"][0, :2] = limits.min, limits.max
    return arrays


@pytest.fixture(scope="module")
def tf():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its imports' own
        return pytest.importorskip("tensorflow")


def assert_same(found, wanted):
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_round_trip(tmp_path, arrays):
    path = tmp_path / "one.tfrecord"
    write_tfrecords([path], arrays)
    found = read_tfrecords([path])
    assert_same(found, arrays)
    assert digest(found) == digest(arrays)


def test_the_readmes_example_reads_them(tmp_path, monkeypatch, tf, arrays):
    monkeypatch.chdir(tmp_path)
    write_tfrecords(["records/a.tfrecord"], arrays)
    readme = Path(__file__).parents[2] / "README.md"
    example = readme.read_text().partition("```python\n")[2].partition("```")[0]
    given = {"tf": tf, "S": WIDTHS["input_ids"], "P": WIDTHS["masked_lm_ids"]}
    exec(example, given)
    records = list(given["records"].as_numpy_iterator())
    for name, array in arrays.items():
        np.testing.assert_array_equal([record[name] for record in records], array)


def test_records_go_round_the_files(tmp_path, arrays):
    paths = [tmp_path / f"{number}.tfrecord" for number in range(3)]
    write_tfrecords(paths, arrays)
    for number, path in enumerate(paths):
        share = {name: array[number::3] for name, array in arrays.items()}
        assert_same(read_tfrecords([path]), share)
    order = [0, 3, 6, 1, 4, 2, 5]  # one file after the other
    expected = {name: array[order] for name, array in arrays.items()}
    assert_same(read_tfrecords(paths), expected)


def test_a_file_is_read_in_blocks(tmp_path, arrays):
    path = tmp_path / "one.tfrecord"
    write_tfrecords([path], arrays)
    blocks = list(read_blocks(path, records=3))
    assert [len(block["input_ids"]) for block in blocks] == [3, 3, 1]
    assert_same({n: np.concatenate([b[n] for b in blocks]) for n in WIDTHS}, arrays)
    assert [len(b["input_ids"]) for b in read_blocks(path, records=7)] == [7]
    assert len(list(read_blocks(path))) == 1


def test_blocks_before_the_damage_are_read(tmp_path, arrays):
    path = tmp_path / "cut.tfrecord"
    write_tfrecords([path], arrays)
    path.write_bytes(path.read_bytes()[:-1])
    blocks = read_blocks(path, records=3)
    assert len(next(blocks)["input_ids"]) == 3
    assert len(next(blocks)["input_ids"]) == 3
    with pytest.raises(InputError, match=r"cut\.tfrecord, byte \d+: .*damaged"):
        next(blocks)


def test_records_are_counted(tmp_path, arrays):
    path = tmp_path / "one.tfrecord"
    write_tfrecords([path], arrays)
    assert count_records(path) == NUM_RECORDS
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="damaged"):
        count_records(path)
    path.write_bytes(b"")
    assert count_records(path) == 0
    assert list(read_blocks(path)) == []


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({"a": np.zeros((1, 3), np.int32)}, "3 int32 numbers of a and no b"),
        (dict.fromkeys("abc", np.zeros((1, 2), np.int32)), "2 int32 numbers of c"),
    ],
)
def test_records_in_one_file_that_are_not_alike(tmp_path, other, found):
    paths = [tmp_path / "1.tfrecord", tmp_path / "2.tfrecord"]
    write_tfrecords(paths[:1], dict.fromkeys("ab", np.zeros((1, 2), np.int32)))
    write_tfrecords(paths[1:], other)
    size = paths[0].stat().st_size
    paths[0].write_bytes(paths[0].read_bytes() + paths[1].read_bytes())
    wanted = rf"1\.tfrecord, byte {size}: .*first record.*found {found};"
    with pytest.raises(InputError, match=wanted):
        list(read_blocks(paths[0], records=1))


def test_the_same_arrays_give_the_same_bytes(tmp_path, arrays):
    one, other = tmp_path / "one.tfrecord", tmp_path / "other.tfrecord"
    write_tfrecords([one], arrays)
    write_tfrecords([other], dict(reversed(arrays.items())))
    assert one.read_bytes() == other.read_bytes()


def test_tensorflow_reads_what_we_write(tmp_path, arrays, tf):
    path = tmp_path / "ours.tfrecord"
    write_tfrecords([path], arrays)
    schema = {
        name: tf.io.FixedLenFeature(
            [width], tf.float32 if FEATURES[name] == np.float32 else tf.int64
        )
        for name, width in WIDTHS.items()
    }
    records = list(tf.data.TFRecordDataset(str(path)))
    assert len(records) == NUM_RECORDS
    for index, record in enumerate(records):
        parsed = tf.io.parse_single_example(record, schema)
        for name, array in arrays.items():
            np.testing.assert_array_equal(parsed[name].numpy(), array[index])


def test_we_read_what_tensorflow_writes(tmp_path, arrays, tf):
    path = tmp_path / "theirs.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for index in range(NUM_RECORDS):
            example = tf.train.Example()
            for name, array in arrays.items():
                feature = example.features.feature[name]
                is_float = array.dtype == np.float32
                values = feature.float_list if is_float else feature.int64_list
                values.value.extend(array[index].tolist())
            writer.write(example.SerializeToString())
    assert_same(read_tfrecords([path]), arrays)


def test_every_cut_of_a_file_is_noticed(tmp_path, arrays):
    path = tmp_path / "cut.tfrecord"
    one_record = {name: array[:1] for name, array in arrays.items()}
    write_tfrecords([path], one_record)
    size = path.stat().st_size
    write_tfrecords([path], {name: array[[0, 0]] for name, array in arrays.items()})
    whole = path.read_bytes()
    assert len(whole) == 2 * size
    for length in (*range(1, 30), *range(size - 5, size)):
        path.write_bytes(whole[: size + length])
        with pytest.raises(InputError, match=rf"cut\.tfrecord, byte {size}: "):
            read_tfrecords([path])


def test_every_flipped_bit_is_noticed(tmp_path, arrays):
    path = tmp_path / "flipped.tfrecord"
    write_tfrecords([path], {name: array[:1] for name, array in arrays.items()})
    whole = path.read_bytes()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"flipped\.tfrecord, byte 0: .*damaged"):
            read_tfrecords([path])


def test_sound_frames_around_something_else(tmp_path):
    def checksum(data):
        crc = google_crc32c.value(data)
        masked = ((crc >> 15) + (crc << 17) + 0xA282EAD8) % 2**32
        return masked.to_bytes(4, "little")

    data = b"no message"
    length = len(data).to_bytes(8, "little")
    path = tmp_path / "other.tfrecord"
    path.write_bytes(length + checksum(length) + data + checksum(data))
    with pytest.raises(InputError, match=r"byte 0: expected a tf\.train\.Example"):
        read_tfrecords([path])


def test_numbers_beyond_int32(tmp_path):
    path = tmp_path / "large.tfrecord"
    write_tfrecords([path], {"input_ids": np.array([[2**31]])})
    with pytest.raises(InputError, match=r"byte 0: .* 32-bit numbers"):
        read_tfrecords([path])


@pytest.mark.parametrize(
    "other",
    [
        {"input_ids": np.zeros((1, 3), np.int32)},
        {"input_ids": np.zeros((1, 2), np.float32)},
        {"segment_ids": np.zeros((1, 2), np.int32)},
    ],
)
def test_files_of_different_runs(tmp_path, other):
    paths = [tmp_path / "1.tfrecord", tmp_path / "2.tfrecord"]
    write_tfrecords(paths[:1], {"input_ids": np.zeros((1, 2), np.int32)})
    write_tfrecords(paths[1:], other)
    with pytest.raises(InputError, match=r"2\.tfrecord, byte 0: .*first record"):
        read_tfrecords(paths)


def test_no_records_or_files(tmp_path):
    empty = tmp_path / "empty.tfrecord"
    empty.touch()
    with pytest.raises(InputError, match="at least one record"):
        read_tfrecords([empty])
    with pytest.raises(InputError, match=r"none\.tfrecord.*No such file"):
        read_tfrecords([tmp_path / "none.tfrecord"])
    with pytest.raises(InputError, match="output files"):
        write_tfrecords([], {})
    with pytest.raises(InputError, match="each named once"):
        write_tfrecords([empty, empty.parent / "." / empty.name], {})


def test_a_failed_write_leaves_nothing_and_spoils_nothing(tmp_path):
    old, new = tmp_path / "old.tfrecord", tmp_path / "new" / "new.tfrecord"
    old.write_bytes(b"as it was")
    unequal = {"a": np.zeros((3, 1), np.int32), "b": np.zeros((2, 1), np.int32)}
    with pytest.raises(ValueError, match="shorter"):
        write_tfrecords([old, new], unequal)
    assert old.read_bytes() == b"as it was"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [old]


def test_a_killed_write_spoils_nothing(tmp_path):
    old, new = tmp_path / "old.tfrecord", tmp_path / "new.tfrecord"
    old.write_bytes(b"as it was")
    program = """
import os, signal, sys
import numpy as np
from reference.tfrecords import write_blocks

def blocks():
    for _ in range(100):
        yield {"input_ids": np.zeros((100, 128), np.int32)}
    os.kill(os.getpid(), signal.SIGKILL)

write_blocks(sys.argv[1:], blocks())
"""
    done = subprocess.run([sys.executable, "-c", program, old, new], check=False)
    assert done.returncode == -signal.SIGKILL
    assert old.read_bytes() == b"as it was"
    assert not new.exists()
