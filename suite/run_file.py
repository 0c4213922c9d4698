"""Reading `run.json`, which people edit: what is there is of the types that are read.

What is written into it is in suite/run_description.py; which of it a page needs, in
suite/run_kind.py.
"""

from pathlib import Path

from reference.errors import InputError
from reference.json_files import read_json_object

_TYPES = {
    **dict.fromkeys(("command", "commit", "device", "backend", "started"), str),
    **dict.fromkeys(("versions", "skipped", "partial"), dict),
    **dict.fromkeys(("seeds", "fresh_seeds", "checkpoints"), list),
    **dict.fromkeys(("batch_sizes", "learning_rates"), list),
}
_IN_JSON = {str: "a text", dict: "an object {…}", list: "a list […]"}


def read_run_file(path: Path) -> dict:
    """What run.json says; InputError if it is missing or not of its types."""
    try:
        said = read_json_object(path)
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: expected the description of a run, found no such file; is this a "
            "run directory?"
        ) from error
    for key, kind in _TYPES.items():
        if key in said:
            _expect(path, key, said[key], kind)
    for checkpoint in said.get("checkpoints", []):
        _expect(path, "checkpoints", checkpoint, dict)
    return said


def _expect(path: Path, key: str, found: object, kind: type) -> None:
    if not isinstance(found, kind):
        raise InputError(
            f"{path}, {key}: expected {_IN_JSON[kind]}, found {found!r}; restore the "
            "file as it was written"
        )
