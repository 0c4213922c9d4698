"""Files that are there whole or not at all: write aside, sync, rename."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from reference.errors import InputError

_ASIDE = ".part"


@contextmanager
def written_whole(path: str | os.PathLike, mode: str = "w") -> Iterator[IO]:
    """Open a file beside `path` for writing; put it in place when the block succeeds.

    When the block raises, `path` is as it was before; InputError when the disk is
    full. `mode` is "w" (UTF-8 text with Unix line ends) or "wb".
    """
    with all_written_whole([path], mode) as (file,):
        yield file


@contextmanager
def all_written_whole(
    paths: Sequence[str | os.PathLike], mode: str = "w"
) -> Iterator[list[IO]]:
    """The same for several files: none is put in place before all are on the disk."""
    paths = [Path(path) for path in paths]
    aside = [path.with_name(f".{path.name}.{os.getpid()}{_ASIDE}") for path in paths]
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with failed_write_told(paths):
            with ExitStack() as stack:
                files = [stack.enter_context(open(one, mode, **text)) for one in aside]
                yield files
                for file in files:
                    file.flush()
                    os.fsync(file.fileno())
            for name, path in zip(aside, paths, strict=True):
                os.replace(name, path)
    finally:
        for name in aside:
            with suppress(FileNotFoundError):
                name.unlink()
    for directory in {path.parent for path in paths}:
        sync_directory(directory)


@contextmanager
def directory_written_whole(path: str | os.PathLike) -> Iterator[Path]:
    """The same for a directory: the block fills the empty one beside it that it gets.

    What stood at `path` is replaced as a whole. The block syncs the files it writes.
    """
    path = Path(path)
    aside = path.with_name(f".{path.name}.{os.getpid()}{_ASIDE}")
    replaced = path.with_name(f".{path.name}.{os.getpid()}.old")
    shutil.rmtree(aside, ignore_errors=True)  # of one that was killed
    try:
        with failed_write_told([path]):
            aside.mkdir(parents=True)
            yield aside
            sync_directory(aside)
            if path.exists():
                os.replace(path, replaced)
            os.replace(aside, path)
            sync_directory(path.parent)
    except BaseException:
        if replaced.exists() and not path.exists():
            os.replace(replaced, path)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        if path.exists():
            shutil.rmtree(replaced, ignore_errors=True)


def check_can_be_written(path: str | os.PathLike) -> None:
    """InputError now if nothing could be put at `path` after hours; makes nothing."""
    path = Path(path).absolute()
    place = next(parent for parent in path.parents if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written there ({place}: {error.strerror}); name "
            "another place"
        ) from error


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable; what they stand for has been synced."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_sha256(path: str | os.PathLike) -> str:
    """SHA-256 of a file's bytes, in hexadecimal; InputError if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); check the name"
        ) from error


@contextmanager
def failed_write_told(paths: Iterable[Path]) -> Iterator[None]:
    """InputError for want of room, or of leave to write what is written aside."""
    try:
        yield
    except OSError as error:
        if str(error.filename).endswith(_ASIDE):
            raise InputError(
                f"{', '.join(map(str, paths))}: cannot be written there "
                f"({error.strerror}); name another place"
            ) from error
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise InputError(
            f"{', '.join(map(str, paths))}: expected room on the disk, found it full "
            f"({error.strerror}); nothing was written there. Make room, and run the "
            "same command again"
        ) from error
