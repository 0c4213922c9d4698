"""JSON that people may edit and crashes may tear: errors say which file and line."""

import json
import os
from pathlib import Path
from typing import Any

from reference.errors import InputError


def read_json_object(path: str | os.PathLike) -> dict:
    """A file's one object; InputError where it holds none."""
    return _object(Path(path).read_bytes(), str(path))


def read_json_lines(path: str | os.PathLike) -> list[dict]:
    """The objects of a file with one a line; InputError for a line that is none."""
    lines = Path(path).read_bytes().splitlines()
    return [_object(line, f"{path}, line {n}") for n, line in enumerate(lines, 1)]


def each_key_once(pairs: list[tuple[str, Any]]) -> dict:
    """For `json.loads`, which would take the last of a key's values."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in found if keys.count(key) > 1)
        raise InputError(
            f"expected each key of an object once, found {json.dumps(twice)} twice; "
            "keep the one that is meant"
        )
    return found


def _object(text: bytes, where: str) -> dict:
    try:
        stated = json.loads(text, object_pairs_hook=each_key_once)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
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
