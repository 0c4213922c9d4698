"""A dry run: what is submitted, scored on dev and on test labels that are public.

`DIR/<TASK>.tsv`, columns index and label, in the order of GLUE's test files; MNLI's are
`MNLI-m.tsv` and `MNLI-mm.tsv`. Labels are read by the rules of predictions, and scored
by suite/metrics.py: fractions of 1.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from reference.errors import InputError
from suite.markdown import NOTHING, percent, table, trials
from suite.metrics import scores
from suite.submission.files import BY_NAME, FILES
from suite.submission.rows import read_rows
from suite.submission.trials import Predicted

_HEADER = ("index", "label")


def public_scores(
    predictions: Mapping[str, np.ndarray], labels_dir: Path
) -> dict[str, dict[str, float]]:
    """File name -> metric -> score, of the files whose labels are in the directory.

    `predictions` [n] go by file name. InputError where no label file is there, or for
    one that is not in order.
    """
    labels = public_labels(labels_dir)
    return {
        file.name: scores(file.task, predictions[file.name], labels[file.name])
        for file in FILES
        if file.name in predictions and file.name in labels
    }


def public_labels(labels_dir: Path) -> dict[str, np.ndarray]:
    """File name -> labels [n], int32 classes or float32 scores."""
    found = {}
    for file in FILES:
        path = Path(labels_dir) / file.name
        if not path.is_file():
            continue
        rows = read_rows(file, path.read_bytes(), member=str(path), header=_HEADER)
        if rows.values is None:
            raise InputError(str(rows.complaints[0]))
        found[file.name] = rows.values
    if not found:
        raise InputError(
            f"{labels_dir}: expected public test labels as TASK.tsv, found none; check "
            "the directory"
        )
    return found


def scores_table(
    files: Sequence[Predicted], scored: Mapping[str, Mapping[str, float]]
) -> str:
    """What each file is from, and its scores on dev and on public test labels.

    Without a run, and so without `files`, the latter alone.
    """
    if not files:
        rows = [[*_named(name), _pair(scored[name], name)] for name in scored]
        return table(("File", "Metric", "Test"), rows, sample=False)
    rows = [[*_named(one.file.name), *_told(one, scored)] for one in files]
    header = ("Trial", "Batch", "Rate", "Seed", "Dev", "Test", "Note")
    words = table(("File", "Metric", *header), rows, sample=False)
    return f"{words}\nDev selected the trials: their scores there are optimistic.\n"


def _told(one: Predicted, scored: Mapping[str, Mapping[str, float]]) -> list[str]:
    name, trial = one.file.name, one.record.trial
    configuration = str(trial.batch_size), f"{trial.learning_rate:g}", str(trial.seed)
    both = _pair(one.dev_scores, name), _pair(scored.get(name), name)
    return [trials([trial.id]), *configuration, *both, "; ".join(one.notes)]


def _named(name: str) -> tuple[str, str]:
    return name, "/".join(BY_NAME[name].task.metrics)


def _pair(scored: Mapping[str, float] | None, name: str) -> str:
    """A task's scores in points, "81.1/71.1"."""
    metrics = BY_NAME[name].task.metrics
    return "/".join(percent(scored[m]) for m in metrics) if scored else NOTHING
