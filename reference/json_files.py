"""JSON that people may edit and crashes may tear: errors say which file and line."""

import json
import os
from pathlib import Path

from reference.errors import InputError


def read_json_object(path: str | os.PathLike) -> dict:
    """A file's one object; InputError where it holds none."""
    return _object(Path(path).read_bytes(), str(path))


def read_json_lines(path: str | os.PathLike) -> list[dict]:
    """The objects of a file with one a line; InputError for a line that is none."""
    lines = Path(path).read_bytes().splitlines()
    return [_object(line, f"{path}, line {n}") for n, line in enumerate(lines, 1)]


def _object(text: bytes, where: str) -> dict:
    try:
        stated = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{where}: expected JSON, found none: {error}; restore the file"
        ) from error
    if not isinstance(stated, dict):
        found = type(stated).__name__
        raise InputError(
            f"{where}: expected a JSON object {{…}}, found a {found}; restore the file"
        )
    return stated
