"""Files that are there whole or not at all: write aside, sync, rename."""

import errno
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from reference.errors import InputError


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
    aside = [path.with_name(f".{path.name}.{os.getpid()}.part") for path in paths]
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with ExitStack() as stack:
            files = [stack.enter_context(open(name, mode, **text)) for name in aside]
            yield files
            for file in files:
                file.flush()
                os.fsync(file.fileno())
        for name, path in zip(aside, paths, strict=True):
            os.replace(name, path)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise InputError(
            f"{', '.join(map(str, paths))}: expected room on the disk, found it full "
            f"({error.strerror}); nothing was written there. Make room, and run the "
            "same command again"
        ) from error
    finally:
        for name in aside:
            with suppress(FileNotFoundError):
                name.unlink()
    for directory in {path.parent for path in paths}:
        _sync_directory(directory)


def file_sha256(path: str | os.PathLike) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_directory(directory: Path) -> None:
    """Make the rename itself durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
