"""Arrays are made once, kept whole, mapped and made anew when damaged."""

import json
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import pytest

from suite.array_cache import MANIFEST, kept_arrays

MADE_OF = {"format": 1, "files": {"train": "abc"}}


def arrays() -> dict[str, np.ndarray]:
    return {
        "train/ids": np.arange(12, dtype=np.uint16).reshape(3, 4),
        "AX/test/labels": np.array([0.5, 2.0], np.float32),
    }


class Making:
    """Makes the arrays and counts how often."""

    times = 0

    def __call__(self):
        self.times += 1
        return arrays()


@pytest.fixture
def making() -> Making:
    return Making()


def the_only_set(directory: Path) -> Path:
    (place,) = (path for path in directory.iterdir() if path.is_dir())
    return place


def assert_as_made(found) -> None:
    assert found.keys() == arrays().keys()
    for name, array in arrays().items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_what_was_made_is_read_from_then_on(tmp_path, making):
    for _ in range(3):
        assert_as_made(kept_arrays(tmp_path, MADE_OF, making))
    assert making.times == 1


def test_arrays_are_mapped_and_read_only(tmp_path, making):
    for array in kept_arrays(tmp_path, MADE_OF, making).values():
        assert isinstance(array.base, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


@pytest.mark.parametrize(
    "other", [{"format": 2}, {"files": {"train": "abd"}}, {"files": {"dev": "abc"}}]
)
def test_what_is_made_of_something_else_is_another_set(tmp_path, making, other):
    kept_arrays(tmp_path, MADE_OF, making)
    kept_arrays(tmp_path, MADE_OF | other, making)
    assert making.times == 2
    kept_arrays(tmp_path, MADE_OF, making)
    assert making.times == 2


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def overwrite(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def hold_another_type(path: Path) -> None:
    np.save(path, np.load(path).view(np.int16))


@pytest.mark.parametrize(
    "damage", [cut, empty, overwrite, hold_another_type, os.unlink]
)
def test_a_damaged_array_is_made_anew(tmp_path, making, damage):
    kept_arrays(tmp_path, MADE_OF, making)
    damage(the_only_set(tmp_path) / "train.ids.npy")
    assert_as_made(kept_arrays(tmp_path, MADE_OF, making))
    assert making.times == 2
    assert_as_made(kept_arrays(tmp_path, MADE_OF, making))
    assert making.times == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"arrays": {"a": {}}}', '{"a": 1}'])
def test_a_damaged_manifest_is_not_trusted(tmp_path, making, text):
    kept_arrays(tmp_path, MADE_OF, making)
    (the_only_set(tmp_path) / MANIFEST).write_text(text)
    assert_as_made(kept_arrays(tmp_path, MADE_OF, making))
    assert making.times == 2


def test_a_pickle_is_never_read(tmp_path, making):
    kept_arrays(tmp_path, MADE_OF, making)
    place = the_only_set(tmp_path)
    path, manifest = place / "train.ids.npy", place / MANIFEST
    np.save(path, np.array([{}], object), allow_pickle=True)
    listed = json.loads(manifest.read_text())
    listed["arrays"]["train/ids"] |= {
        "dtype": "|O",
        "shape": [1],
        "bytes": path.stat().st_size,
    }
    manifest.write_text(json.dumps(listed))
    assert_as_made(kept_arrays(tmp_path, MADE_OF, making))
    assert making.times == 2


def test_what_is_mapped_stays_when_it_is_made_anew(tmp_path, making):
    before = kept_arrays(tmp_path, MADE_OF, making)
    (the_only_set(tmp_path) / MANIFEST).unlink()
    kept_arrays(tmp_path, MADE_OF, making)
    assert_as_made(before)


def test_what_fails_leaves_nothing_behind(tmp_path, making):
    def failing():
        raise ValueError("no such text")

    with pytest.raises(ValueError, match="no such text"):
        kept_arrays(tmp_path, MADE_OF, failing)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]
    assert_as_made(kept_arrays(tmp_path, MADE_OF, making))


def test_what_a_killed_process_left_is_removed(tmp_path, making):
    kept_arrays(tmp_path, MADE_OF, making)
    place = the_only_set(tmp_path)
    half = tmp_path / f".{place.name}.123.part"
    place.rename(half)
    kept_arrays(tmp_path, MADE_OF, making)
    assert not half.exists()
    assert_as_made(kept_arrays(tmp_path, MADE_OF, making))
    assert making.times == 2


def test_where_nothing_can_be_kept_they_are_made(tmp_path, making):
    (tmp_path / "file").touch()
    assert_as_made(kept_arrays(tmp_path / "file" / "cache", MADE_OF, making))


def make_slowly(directory: Path) -> dict[str, np.ndarray]:
    (directory / f"made-by-{os.getpid()}").touch()
    time.sleep(0.5)  # so that the others come meanwhile
    return arrays()


def ask(directory: Path, at_once) -> None:
    at_once.wait()
    made = kept_arrays(directory / "cache", MADE_OF, lambda: make_slowly(directory))
    assert_as_made(made)


def test_of_processes_that_ask_at_once_one_makes_them(tmp_path):
    context = multiprocessing.get_context("spawn")
    at_once = context.Barrier(3)
    processes = [
        context.Process(target=ask, args=(tmp_path, at_once)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(list(tmp_path.glob("made-by-*"))) == 1
