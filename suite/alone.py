"""A directory in which one command at a time may be at work."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reference.errors import InputError


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """Claim the directory, made if it is missing; InputError where another holds it.

    The claim ends with the block, or with the process however that ends. Where the
    file system knows no locks there is none.
    """
    directory.mkdir(parents=True, exist_ok=True)
    opened = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"{directory}: expected no other command at work there, found one; "
                "wait until it is over, or stop it"
            ) from error
        except OSError:
            pass
        yield
    finally:
        os.close(opened)
