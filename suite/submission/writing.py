"""The zip for GLUE's server, from recorded test predictions.

Beside the zip stands a JSON file that says which trial each file is from. Which trials
those are is decided in suite/submission/trials.py; what the server takes is in
suite/submission/files.py.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reference.errors import InputError
from reference.files import all_written_whole
from suite.submission.files import HEADER
from suite.submission.trials import Predicted, Submission
from suite.tasks import Task

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date of a zip
_REGULAR_FILE = 0o100644 << 16
_UNIX = 3


def write_submission(submission: Submission, path: Path) -> Path:
    """Write the zip, and beside it the JSON, both whole; returns the latter's path.

    The same predictions give the same bytes. InputError where there is no prediction
    at all, or for a name that does not end in .zip.
    """
    path = Path(path)
    if path.suffix != ".zip":
        raise InputError(f"{path}: expected a name that ends in .zip; rename it")
    if not submission.files:
        raise InputError(
            f"{submission.run.path}: expected test predictions, found none; make them "
            f"with {submission.command()}"
        )
    content = _zipped(submission.files)
    digest = {"zip": path.name, "sha256": hashlib.sha256(content).hexdigest()}
    beside = path.with_suffix(".json")
    said = json.dumps(digest | submission.described(), indent=1, ensure_ascii=False)
    with all_written_whole([path, beside], "wb") as (zipped, described):
        zipped.write(content)
        described.write(f"{said}\n".encode())
    return beside


def rendered(task: Task, predictions: np.ndarray) -> bytes:
    """A file's bytes from classes [n], as words, or scores [n] within the range.

    A score has as many digits as tell it from every other float32: rounding would make
    ties, which change Spearman's correlation.
    """
    if task.labels is None:
        words = [np.format_float_positional(p, trim="-") for p in predictions]
    else:
        words = [task.labels[p] for p in predictions]
    lines = ["\t".join(HEADER), *(f"{i}\t{word}" for i, word in enumerate(words))]
    return ("\n".join(lines) + "\n").encode()


def _zipped(files: Sequence[Predicted]) -> bytes:
    """Stored, not deflated: what a deflater gives depends on its version."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for predicted in files:
            info = zipfile.ZipInfo(predicted.file.name, _EPOCH)
            info.create_system, info.external_attr = _UNIX, _REGULAR_FILE
            archive.writestr(info, rendered(predicted.file.task, predicted.predictions))
    return buffer.getvalue()
