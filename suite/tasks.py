"""The nine GLUE tasks and the diagnostic set AX, read from GLUE's own file layout.

Columns, label orders and row counts follow GLUE's distributed files; tasks that the
original `run_classifier.py` has are read from the same columns as there. The text is
taken as it stands: no quoting, no stripping. Metrics are only named here
(suite/metrics.py computes them) and nothing is tokenised.

Files: `GLUE_DIR/<TASK>/<split>.tsv`; MNLI's "dev" and "test" are the matched files;
AX is `AX/diagnostic.tsv`. Labels of a test split are not part of GLUE; where they are
public they come from a second directory, `<TASK>.tsv` with columns index and label
(MNLI: `MNLI-m.tsv` and `MNLI-mm.tsv`, GLUE's submission names).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from reference.errors import InputError
from suite.tsv import Columns, count_rows, is_number, read_rows

# AX has no model of its own. A record of an MNLI trial keeps its diagnostic scores and
# predictions under this name, beside "dev" and "dev_mismatched".
DIAGNOSTIC_SPLIT = "AX/test"


@dataclass(frozen=True)
class Task:
    """One GLUE task: what its files look like and how it is scored.

    `labels` are in the order of the class indices, None for regression. `rows` are the
    official numbers of examples per split.
    """

    name: str
    labels: tuple[str, ...] | None
    metrics: tuple[str, ...]
    rows: Mapping[str, int] = field(hash=False)
    labelled: Columns  # train and dev
    unlabelled: Columns  # test

    @property
    def is_regression(self) -> bool:
        return self.labels is None

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.rows)

    def columns(self, split: str) -> Columns:
        return self.unlabelled if split.startswith("test") else self.labelled


@dataclass(frozen=True, eq=False)
class Examples:
    """A split in file order; `labels` is int32 [n] classes or float32 [n] scores."""

    text_a: list[str]
    text_b: list[str] | None
    labels: np.ndarray | None
    sha256: str  # of the file, or of the digests of the text and the label file

    def __len__(self) -> int:
        return len(self.text_a)


def _splits(train: int, dev: int, test: int) -> dict[str, int]:
    return {"train": train, "dev": dev, "test": test}


_BINARY = ("0", "1")
_ENTAILMENT = ("entailment", "not_entailment")
_NLI = ("contradiction", "entailment", "neutral")
_MNLI_ROWS = {
    "train": 392702,
    "dev": 9815,
    "dev_mismatched": 9832,
    "test": 9796,
    "test_mismatched": 9847,
}

TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task(
            "CoLA",
            _BINARY,
            ("matthews",),
            _splits(8551, 1043, 1063),
            Columns((3,), 1, header=False),
            Columns((1,)),
        ),
        Task(
            "SST-2",
            _BINARY,
            ("accuracy",),
            _splits(67349, 872, 1821),
            Columns((0,), 1),
            Columns((1,)),
        ),
        Task(
            "MRPC",
            _BINARY,
            ("f1", "accuracy"),
            _splits(3668, 408, 1725),
            Columns((3, 4), 0),
            Columns((3, 4)),
        ),
        Task(
            "STS-B",
            None,
            ("pearson", "spearman"),
            _splits(5749, 1500, 1379),
            Columns((-3, -2), -1),
            Columns((-2, -1)),
        ),
        Task(
            "QQP",
            _BINARY,
            ("f1", "accuracy"),
            _splits(363846, 40430, 390965),
            Columns((3, 4), 5),
            Columns((1, 2)),
        ),
        Task(
            "MNLI",
            _NLI,
            ("accuracy",),
            _MNLI_ROWS,
            Columns((8, 9), -1),
            Columns((8, 9)),
        ),
        Task(
            "QNLI",
            _ENTAILMENT,
            ("accuracy",),
            _splits(104743, 5463, 5463),
            Columns((1, 2), 3),
            Columns((1, 2)),
        ),
        Task(
            "RTE",
            _ENTAILMENT,
            ("accuracy",),
            _splits(2490, 277, 3000),
            Columns((1, 2), 3),
            Columns((1, 2)),
        ),
        Task(
            "WNLI",
            _BINARY,
            ("accuracy",),
            _splits(635, 71, 146),
            Columns((1, 2), 3),
            Columns((1, 2)),
        ),
        Task(
            "AX", _NLI, ("matthews",), {"test": 1104}, Columns((1, 2)), Columns((1, 2))
        ),
    )
}
GLUE_TASKS = tuple(name for name in TASKS if name != "AX")


def task_named(name: str) -> Task:
    """The task called `name` in the GLUE directory; InputError for any other name."""
    if name not in TASKS:
        raise InputError(
            f"unknown task {name!r}: expected one of {', '.join(TASKS)}; "
            "spell it as in the GLUE directory"
        )
    return TASKS[name]


def split_path(glue_dir: str | Path, task: Task, split: str) -> Path:
    """Where the official layout keeps a split of a task."""
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
    return Path(glue_dir) / task.name / f"{names.get((task.name, split), split)}.tsv"


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


def completeness(task: Task, split: str, rows: int, *, sample: bool = False) -> str:
    """ "complete" when `rows` is the official number, else "partial".

    Sample tasks have no official number: with `sample` any split is complete.
    """
    return "complete" if sample or rows == task.rows[split] else "partial"


def train_problem(
    glue_dir: str | Path, task: Task, *, sample: bool = False
) -> str | None:
    """Why the task must not be trained on what is there, in one line; None if it may.

    AX is scored with the MNLI model, so its train split is MNLI's.
    """
    task = TASKS["MNLI"] if task.name == "AX" else task
    path = split_path(glue_dir, task, "train")
    official = task.rows["train"]
    if path.is_file():
        rows = count_rows(path, task.labelled)
        if completeness(task, "train", rows, sample=sample) == "complete":
            return None
        return (
            f"{task.name}: train.tsv holds {rows:,} rows of the official {official:,}"
        )
    partial = path.with_name("train_partial.tsv")
    if partial.is_file():
        rows = count_rows(partial, task.labelled)
        return (
            f"{task.name}: only {partial.name} is there, {rows:,} rows of the "
            f"official {official:,}"
        )
    return f"{task.name}: there is no train.tsv"


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
    names = {("MNLI", "test"): "MNLI-m", ("MNLI", "test_mismatched"): "MNLI-mm"}
    path = Path(directory) / f"{names.get((task.name, split), task.name)}.tsv"
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
