"""The pieces of GLUE and SQuAD 1.1: which downloads, and what is made of them.

GLUE comes in its official layout (suite/glue_files.py says which files). Of an archive
the files that lie beside train.tsv are kept; "original", from which GLUE was made, is
not. Not here: the addresses (suite/fetching/addresses.py).
"""

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from reference.errors import InputError
from suite.fetching.addresses import GLUE, SQUAD
from suite.fetching.fetch import Piece
from suite.fetching.mrpc import DEV_IDS, TEST, TRAIN, write_mrpc
from suite.fetching.unpack import unpack
from suite.glue_files import split_path
from suite.tasks import TASKS, task_named


def glue_pieces(tasks: Iterable[str]) -> list[Piece]:
    """A directory for each task, in GLUE's order; InputError for an unknown one."""
    asked = {task_named(name).name for name in tasks}
    return [
        Piece(name, GLUE[name], lambda files, into, name=name: _fill(name, files, into))
        for name in TASKS
        if name in asked
    ]


def squad_pieces() -> list[Piece]:
    """The two files, as they come."""
    return [Piece(address.name, (address,)) for address in SQUAD]


def _fill(name: str, files: Mapping[str, Path], into: Path) -> list[str]:
    """Make a task's directory, with a file for each of its splits."""
    wanted = [split_path("", TASKS[name], split).name for split in TASKS[name].splits]
    if name == "MRPC":
        write_mrpc(files[TRAIN], files[TEST], files[DEV_IDS], into)
    elif name == "AX":
        (path,) = files.values()
        (only,) = wanted
        shutil.copyfile(path, into / only)
        with open(into / only, "rb+") as file:
            os.fsync(file.fileno())
    else:
        (path,) = files.values()
        unpack(path, into, beside="train.tsv")
    missing = [name for name in wanted if not (into / name).is_file()]
    if missing:
        raise InputError(
            f"{', '.join(files)}: expected {', '.join(wanted)}, found no "
            f"{', '.join(missing)}; it is another archive than is meant"
        )
    return []
