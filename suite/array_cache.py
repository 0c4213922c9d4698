"""Arrays that are made once and kept, under a name that says what they were made of.

Each set is a directory: an .npy file for each array and `manifest.json`, which lists
them with their types, shapes and sizes. It is put in place whole and never changed, and
read by memory map, so that processes which read the same set share its pages. One whose
files are not as the manifest lists them is made anew; that their content is still what
was written is not checked again, which would cost what the map saves. What is kept is
not known here (suite/task_cache.py).
"""

import fcntl
import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from reference.files import directory_written_whole, written_whole

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"

Arrays = dict[str, np.ndarray]


def kept_arrays(
    directory: Path, made_of: Mapping[str, object], make: Callable[[], Arrays]
) -> Arrays:
    """What `make` gives for `made_of`, made once for all processes that ask for it.

    `made_of` is what JSON can hold, and all that the arrays depend on. They are read
    only, and stay readable when others make the set anew. Where `directory` cannot be
    made they are not kept.
    """
    canonical = json.dumps(made_of, sort_keys=True, separators=(",", ":"))
    place = directory / hashlib.sha256(canonical.encode()).hexdigest()[:16]
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        log.warning("%s: nothing is kept there (%s)", directory, error.strerror)
        return make()
    if (found := _read(place)) is not None:
        return found
    with _alone(place):
        if (found := _read(place)) is None:  # nor did another make it meanwhile
            _write(place, made_of, make())
            found = _read(place)
    if found is None:
        raise RuntimeError(f"{place}: cannot be read after it was written")
    return found


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Wait for the process that makes this set; one that dies gives up its turn."""
    with open(place.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in place.parent.glob(f".{place.name}.*"):
            shutil.rmtree(left)  # half written by one that was killed
        yield


def _write(place: Path, made_of: Mapping[str, object], arrays: Arrays) -> None:
    listed = {}
    with directory_written_whole(place) as aside:
        for name, array in arrays.items():
            path = aside / f"{name.replace('/', '.')}.npy"
            with written_whole(path, "wb") as file:
                np.save(file, array, allow_pickle=False)
            listed[name] = {
                "file": path.name,
                "dtype": array.dtype.str,
                "shape": list(array.shape),
                "bytes": path.stat().st_size,
            }
        with written_whole(aside / MANIFEST) as file:
            json.dump({"made_of": made_of, "arrays": listed}, file, indent=2)


def _read(place: Path) -> Arrays | None:
    """The arrays as they are on the disk, None where they are not all there."""
    if not place.exists():
        return None
    try:
        listed = json.loads((place / MANIFEST).read_text(encoding="utf-8"))["arrays"]
        return {name: _mapped(place, about) for name, about in listed.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("%s: damaged (%s), made anew", place, error)
        return None


def _mapped(place: Path, about: Mapping) -> np.ndarray:
    """One array by memory map; ValueError unless it is what the manifest lists."""
    path = place / about["file"]
    if (size := path.stat().st_size) != about["bytes"]:
        raise ValueError(f"{path.name}: {size} bytes, {about['bytes']} were written")
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if (array.dtype.str, list(array.shape)) != (about["dtype"], about["shape"]):
        raise ValueError(f"{path.name}: another type or shape than was written")
    # Indexing goes through no Python code as a plain array.
    return np.asarray(array)
