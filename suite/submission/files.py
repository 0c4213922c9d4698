"""What GLUE's server takes: eleven files of predictions, by name, rows and words.

From GLUE's instructions for submissions: a zip without folders, each file a header
`index<TAB>prediction` and one line for each example of the test split, in its order.
Classes are written as the words of the distributed files (suite/tasks.py has them),
STS-B as a number from 0 to 5. AX has no training data: the MNLI model predicts it. Not
here: writing such files (writing.py), checking them (rows.py, check.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from suite.published import TableColumn
from suite.tasks import DIAGNOSTIC_SPLIT, TASKS, Task, trained_on

HEADER = ("index", "prediction")
LOWEST, HIGHEST = 0.0, 5.0  # of STS-B
_MNLI_NAMES = {"test": "MNLI-m", "test_mismatched": "MNLI-mm"}


@dataclass(frozen=True)
class PredictionFile:
    """One file of the zip: the predictions for one test split of a task."""

    task: Task
    split: str

    @property
    def label(self) -> str:
        """The task as the file and the leaderboard name it."""
        is_mnli = self.task.name == "MNLI"
        return _MNLI_NAMES[self.split] if is_mnli else self.task.name

    @property
    def name(self) -> str:
        return f"{self.label}.tsv"

    @property
    def rows(self) -> int:
        return self.task.rows[self.split]

    @property
    def trained_on(self) -> str:
        """The task whose trials predict this file."""
        return trained_on(self.task.name)

    @property
    def recorded_as(self) -> str:
        """The split under which a trial keeps these predictions."""
        return DIAGNOSTIC_SPLIT if self.task.name == "AX" else self.split

    @property
    def dev_split(self) -> str:
        """Where the same is scored with labels; AX has no such split."""
        return "" if self.task.name == "AX" else self.split.replace("test", "dev")

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The published table's columns that this file is scored in."""
        return tuple(
            TableColumn(self.task.name, metric, self.split)
            for metric in self.task.metrics
        )


def _files() -> Iterator[PredictionFile]:
    for task in TASKS.values():
        for split in task.splits:
            if split.startswith("test"):
                yield PredictionFile(task, split)


FILES: tuple[PredictionFile, ...] = tuple(_files())
BY_NAME: Mapping[str, PredictionFile] = {file.name: file for file in FILES}
