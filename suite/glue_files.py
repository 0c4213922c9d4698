"""GLUE's own files: the splits of a task, and the test labels that are public.

`GLUE_DIR/<TASK>/<split>.tsv`; MNLI's "dev" and "test" are the matched files; AX is
`AX/diagnostic.tsv`. Labels of a test split are not part of GLUE; where they are public
they come from a second directory, `<TASK>.tsv` with columns index and label (MNLI:
`MNLI-m.tsv` and `MNLI-mm.tsv`, GLUE's submission names). Of a split there may be a part
only, as `<split>_partial.tsv`: that is no GLUE task, and `train_problem` says so.
The text is taken as it stands: no quoting, no stripping. Not here: what a task is
(suite/tasks.py), and what a tab-separated file is (suite/tsv.py).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reference.errors import InputError
from suite.stand_in import QQP_NEGATIVES, can_be_qqps
from suite.tasks import TASKS, Task, completeness, trained_on
from suite.tsv import Columns, count_rows, is_number, read_rows

_PARTIAL = "_partial.tsv"


@dataclass(frozen=True, eq=False)
class Examples:
    """A split in file order; `labels` is int32 [n] classes or float32 [n] scores."""

    text_a: list[str]
    text_b: list[str] | None
    labels: np.ndarray | None
    sha256: str  # of the file, or of the digests of the text and the label file

    def __len__(self) -> int:
        return len(self.text_a)


def split_path(glue_dir: str | Path, task: Task, split: str) -> Path:
    """Where the official layout keeps a split of a task; a part where there is that."""
    if split not in task.rows:
        raise InputError(
            f"{task.name} has no split {split!r}: expected one of "
            f"{', '.join(task.splits)}"
        )
    names = {
        ("AX", "test"): "diagnostic",
        ("MNLI", "dev"): "dev_matched",
        ("MNLI", "test"): "test_matched",
    }
    path = Path(glue_dir) / task.name / f"{names.get((task.name, split), split)}.tsv"
    partial = path.with_name(path.stem + _PARTIAL)
    return partial if partial.is_file() and not path.is_file() else path


def task_files(
    glue_dir: str | Path, task: Task, test_labels_dir: str | Path | None = None
) -> dict[str, Path]:
    """All that `read_examples` may read of a task, of what is there: split -> file.

    The labels of a test split, where they are public, stand beside it under a name of
    their own.
    """
    files = {split: split_path(glue_dir, task, split) for split in task.splits}
    if test_labels_dir is not None:
        files |= {
            f"labels of {split}": _labels_path(test_labels_dir, task, split)
            for split in task.splits
            if split.startswith("test")
        }
    return {name: path for name, path in files.items() if path.is_file()}


def read_examples(
    glue_dir: str | Path,
    task: Task,
    split: str,
    test_labels_dir: str | Path | None = None,
) -> Examples:
    """Read one split, in file order.

    A test split has labels only when `test_labels_dir` holds a file for it. InputError
    names the file and line of whatever is missing or malformed.
    """
    path = split_path(glue_dir, task, split)
    columns = task.columns(split)
    rows, digest = read_rows(path, columns)
    first_line = 2 if columns.header else 1
    texts = [[row[c] for row in rows] for c in columns.text]
    labels = None
    if columns.label is not None:
        values = [row[columns.label] for row in rows]
        labels = _parse_labels(task, values, path, first_line)
    elif test_labels_dir is not None:
        labels, digest = _test_labels(test_labels_dir, task, split, len(rows), digest)
    return Examples(texts[0], texts[1] if len(texts) > 1 else None, labels, digest)


def train_problem(
    glue_dir: str | Path, task: Task, *, sample: bool = False
) -> str | None:
    """Why the task must not be trained on what is there, in one line; None if it may.

    AX is scored with the MNLI model, so its train split is MNLI's.
    """
    task = TASKS[trained_on(task.name)]
    path = split_path(glue_dir, task, "train")
    if not path.is_file():
        return f"{task.name}: there is no train.tsv"
    rows, official = count_rows(path, task.labelled), task.rows["train"]
    of_official = f"{rows:,} rows of the official {official:,}"
    if path.name.endswith(_PARTIAL):
        only = f"{task.name}: only {path.name} is there, {of_official}"
        return only + (_stand_in(glue_dir, task) if task.name == "QQP" else "")
    if completeness(task, "train", rows, sample=sample) == "complete":
        return None
    return f"{task.name}: train.tsv holds {of_official}"


def _stand_in(glue_dir: str | Path, task: Task) -> str:
    """What there is to say of a part of QQP that is none of GLUE's."""
    labels = read_examples(glue_dir, task, "train").labels
    negatives = int((labels == 0).sum())
    if can_be_qqps(negatives, labels.size):
        return ""
    share = f"{negatives / labels.size:.0%} of them are of label 0"
    return f"; a stand-in: {share}, of GLUE's {QQP_NEGATIVES:.0%}"


def _parse_labels(
    task: Task, values: Sequence[str], path: Path, first_line: int
) -> np.ndarray:
    """int32 [n] class indices, or float32 [n] scores between 0 and 5."""
    if task.labels is None:
        for line, value in enumerate(values, start=first_line):
            if not (is_number(value) and 0 <= float(value) <= 5):
                raise InputError(
                    f"{path}, line {line}: expected a score between 0 and 5, found "
                    f"{value!r}; correct the label"
                )
        return np.array([float(value) for value in values], np.float32)
    index = {label: i for i, label in enumerate(task.labels)}
    for line, value in enumerate(values, start=first_line):
        if value not in index:
            raise InputError(
                f"{path}, line {line}: expected a label of {', '.join(index)}, found "
                f"{value!r}; correct the label"
            )
    return np.array([index[value] for value in values], np.int32)


def _test_labels(
    directory: str | Path, task: Task, split: str, rows: int, text_digest: str
) -> tuple[np.ndarray | None, str]:
    """Labels of a test split in its order, or None where no file has them."""
    if not Path(directory).is_dir():
        raise InputError(
            f"{directory}: expected a directory of test labels, found none; check the "
            "path"
        )
    path = _labels_path(directory, task, split)
    if not path.is_file():
        return None, text_digest
    labelled, digest = read_rows(path, Columns((0,), 1))
    if len(labelled) != rows:
        raise InputError(
            f"{path}: expected {rows} labels, one for each row of {task.name}'s "
            f"{split} split, found {len(labelled)}; use the labels of this very split"
        )
    for number, (index, *_) in enumerate(labelled):
        if index != str(number):
            raise InputError(
                f"{path}, line {number + 2}: expected index {number}, found {index!r}; "
                "put the labels in the order of the test file"
            )
    labels = _parse_labels(task, [row[1] for row in labelled], path, 2)
    both = hashlib.sha256(f"{text_digest}\n{digest}\n".encode())
    return labels, both.hexdigest()


def _labels_path(directory: str | Path, task: Task, split: str) -> Path:
    names = {("MNLI", "test"): "MNLI-m", ("MNLI", "test_mismatched"): "MNLI-mm"}
    return Path(directory) / f"{names.get((task.name, split), task.name)}.tsv"
