"""Zips for GLUE's server, sound or to be broken, and a run that has one to give."""

import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from suite.records import RunDirectory
from suite.submission.files import FILES, PredictionFile
from suite.submission.writing import rendered
from suite.tasks import GLUE_TASKS
from tests.suite.synthetic import Checkpoint, Synthetic, make_run

PUBLIC = ("SST-2", "MRPC", "STS-B")
# A configuration and its trial of each task are selected from two.
RUN = Synthetic(
    tasks=GLUE_TASKS,
    test_labels=(*GLUE_TASKS, "AX"),
    batch_sizes=(16, 32),
    learning_rates=(1e-4,),
)

Members = list[tuple[str, bytes]]


def random_predictions(file: PredictionFile, rng: np.random.Generator) -> np.ndarray:
    """Classes int32 [n], or scores float32 [n]."""
    if file.task.labels is None:
        return rng.uniform(0, 5, file.rows).astype(np.float32)
    return rng.integers(0, len(file.task.labels), file.rows).astype(np.int32)


def sound_members(seed: int = 0) -> dict[str, bytes]:
    """File name -> content, of random predictions for all of GLUE's tests."""
    rng = np.random.default_rng(seed)
    return {f.name: rendered(f.task, random_predictions(f, rng)) for f in FILES}


def write_zip(path: Path, members: Mapping[str, bytes] | Iterable) -> Path:
    """Any names and contents, the same name twice if need be."""
    pairs = members.items() if isinstance(members, Mapping) else members
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in pairs:
            archive.writestr(name, content)
    return path


def whole_run(path: Path, *checkpoints: Checkpoint) -> RunDirectory:
    """Test predictions of all tasks, in official numbers; labels where public."""
    run = make_run(path, replace(RUN, checkpoints=checkpoints or (Checkpoint(),)))
    labels = run.labels()
    kept = {
        name: values
        for name, values in labels.items()
        if "/dev" in name or name.split("/")[0] in PUBLIC
    }
    (path / "labels.npz").unlink()
    run.write_labels(kept)
    changed = {"test_predictions": True, "skipped": {}}
    run.write_run(run.run() | changed)
    return run


def write_public_labels(directory: Path, run: RunDirectory) -> Path:
    """`DIR/TASK.tsv` of the public ones."""
    directory.mkdir(parents=True, exist_ok=True)
    labels = run.labels()
    for name in PUBLIC:
        lines = [f"{i}\t{label}" for i, label in enumerate(labels[f"{name}/test"])]
        text = "\n".join(["index\tlabel", *lines]) + "\n"
        (directory / f"{name}.tsv").write_text(text)
    return directory


def without_predictions(run: RunDirectory, trial_id: str, split: str) -> None:
    """As if the sweep had not predicted this split."""
    path = run.path / "predictions" / f"{trial_id}.npz"
    arrays = {k: v for k, v in run.predictions(trial_id).items() if k != split}
    np.savez(path, allow_pickle=False, **arrays)


def described(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))
