"""The nine GLUE tasks and the diagnostic set AX: labels, metrics, columns, sizes.

Columns, label orders and row counts follow GLUE's distributed files; tasks that the
original `run_classifier.py` has are read from the same columns as there. Metrics are
only named here (suite/metrics.py computes them). Not here: reading the files
(suite/glue_files.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reference.errors import InputError
from suite.tsv import Columns

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
    def outputs(self) -> int:
        """How many numbers a model gives for an example."""
        return len(self.labels or "1")

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.rows)

    def columns(self, split: str) -> Columns:
        return self.unlabelled if split.startswith("test") else self.labelled


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
# No task of GLUE: its files, questions and scores are in suite/squad_*.py.
SQUAD = Task(
    "SQuAD 1.1",
    None,
    ("f1", "exact_match"),
    {"train": 87599, "dev": 10570},
    Columns(()),
    Columns(()),
)
GLUE_TASKS = tuple(name for name in TASKS if name != "AX")


def trained_on(name: str) -> str:
    """The task on whose train split a task's model is trained: for AX, MNLI's."""
    return "MNLI" if name == "AX" else name


def task_named(name: str) -> Task:
    """The task called `name` in the GLUE directory; InputError for any other name."""
    if name not in TASKS:
        raise InputError(
            f"unknown task {name!r}: expected one of {', '.join(TASKS)}; "
            "spell it as in the GLUE directory"
        )
    return TASKS[name]


def completeness(task: Task, split: str, rows: int, *, sample: bool = False) -> str:
    """ "complete" when `rows` is the official number, else "partial".

    Sample tasks have no official number: with `sample` any split is complete.
    """
    return "complete" if sample or rows == task.rows[split] else "partial"
