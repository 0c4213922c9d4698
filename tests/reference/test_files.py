"""Files written whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from reference.errors import InputError
from reference.files import (
    all_written_whole,
    check_can_be_written,
    directory_written_whole,
    file_sha256,
    written_whole,
)


@pytest.mark.parametrize(("mode", "content"), [("w", "zwölf\n"), ("wb", b"\x00\xff")])
def test_what_is_written_is_there(tmp_path, mode, content):
    path = tmp_path / "deep" / "file"
    with written_whole(path, mode) as file:
        file.write(content)
    found = path.read_bytes()
    assert found == (content.encode() if isinstance(content, str) else content)
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_what_was_there(tmp_path):
    path = tmp_path / "file"
    path.write_text("before")

    def fail_half_way():
        with written_whole(path) as file:
            file.write("half")
            raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        fail_half_way()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_said_and_spoils_nothing(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("before")

    def fill(descriptor):  # the file's content goes to a disk that is always full
        os.write(os.open("/dev/full", os.O_WRONLY), b"x")

    monkeypatch.setattr(os, "fsync", fill)
    with (
        pytest.raises(InputError, match=r"file: expected room on the disk, found it"),
        written_whole(path) as file,
    ):
        file.write("after")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_of_several_files_none_is_put_in_place_before_all_are_there(
    tmp_path, monkeypatch
):
    paths = [tmp_path / "1", tmp_path / "2"]
    paths[0].write_text("before")
    synced = []

    def fill(descriptor):  # at the second file
        synced.append(descriptor)
        if len(synced) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    def write():
        with all_written_whole(paths) as files:
            for file in files:
                file.write("after")

    monkeypatch.setattr(os, "fsync", fill)
    with pytest.raises(InputError, match=r"1, .*2: expected room on the disk"):
        write()
    assert list(tmp_path.iterdir()) == paths[:1]
    assert paths[0].read_text() == "before"


@pytest.fixture(params=[False, True], ids=["new", "there"])
def directory(request, tmp_path):
    """A path, with or without a directory that is to be replaced."""
    path = tmp_path / "directory"
    if request.param:
        path.mkdir()
        (path / "old").write_text("before")
    return path


def content(directory: Path) -> dict[str, str]:
    """Of the directory and of all that stands beside it."""
    return {str(p): p.read_text() for p in directory.parent.rglob("*") if p.is_file()}


def test_a_directory_is_replaced_as_a_whole(directory):
    with directory_written_whole(directory) as aside:
        (aside / "new").write_text("after")
        assert not (directory / "new").exists()
    assert content(directory) == {str(directory / "new"): "after"}
    assert list(directory.parent.iterdir()) == [directory]


@pytest.mark.parametrize(
    ("stopped", "said", "message"),
    [
        (KeyboardInterrupt("stop"), KeyboardInterrupt, "stop"),
        (OSError(errno.EIO, "Input/output error"), OSError, "Input/output error"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            InputError,
            r"directory: expected room on the disk, found it full \(No space left",
        ),
    ],
)
def test_a_directory_that_is_not_finished_spoils_nothing(
    directory, stopped, said, message
):
    before = content(directory)

    def stop_half_way():
        with directory_written_whole(directory) as aside:
            (aside / "new").write_text("half")
            raise stopped

    with pytest.raises(said, match=message):
        stop_half_way()
    assert content(directory) == before
    there = [directory] if before else []
    assert list(directory.parent.iterdir()) == there


def test_a_directory_that_cannot_be_put_in_place_spoils_nothing(tmp_path, monkeypatch):
    """The old one has been moved away when the new one cannot take its place."""
    directory, replace = tmp_path / "directory", os.replace
    directory.mkdir()
    (directory / "old").write_text("before")

    def full(source, target):
        if str(source).endswith(".part"):
            raise OSError(errno.EDQUOT, "Disk quota exceeded")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with (
        pytest.raises(InputError, match="Disk quota exceeded"),
        directory_written_whole(directory),
    ):
        pass
    assert content(directory) == {str(directory / "old"): "before"}
    assert list(tmp_path.iterdir()) == [directory]


def test_the_hash_of_a_file(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert file_sha256(tmp_path / "a").startswith("ba7816bf8f01cfea414140de5dae2223")
    with pytest.raises(InputError, match=r"b: cannot be read \(No such file"):
        file_sha256(tmp_path / "b")


def test_a_place_that_cannot_be_written_is_named_not_the_file_beside_it():
    with (
        pytest.raises(InputError, match=r"^/proc/x.txt: cannot be written there"),
        written_whole("/proc/x.txt"),
    ):
        pass
    with (
        pytest.raises(InputError, match=r"^/proc/x: cannot be written there"),
        directory_written_whole("/proc/x"),
    ):
        pass


def test_whether_a_place_can_be_written_is_asked_without_a_trace(tmp_path):
    check_can_be_written(tmp_path / "deep" / "file")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    for place in ("/proc/deep/x", tmp_path / "file" / "x"):
        with pytest.raises(InputError, match=f"^{place}: cannot be written there"):
            check_can_be_written(place)
