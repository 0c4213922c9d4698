"""What is said of a task: its splits, their rows, and what can be done with it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from suite.doctor.finding import Finding, has_fault


class State(StrEnum):
    """What can be done with a split or a task."""

    COMPLETE = "complete"
    WITHOUT_TEST = "complete but for test"
    PARTIAL = "partial"
    STAND_IN = "stand-in"
    FAULTY = "faulty"
    MISSING = "missing"


@dataclass(frozen=True)
class SplitReport:
    """A split, its file and its number of rows; both None where there is no file."""

    split: str
    state: State
    official: int
    file: Path | None = None
    rows: int | None = None

    def as_dict(self) -> dict:
        return {
            "state": str(self.state),
            "file": None if self.file is None else str(self.file),
            "rows": self.rows,
            "official_rows": self.official,
        }


@dataclass(frozen=True)
class TaskReport:
    """A task with what was found in its folder."""

    task: str
    splits: tuple[SplitReport, ...]
    findings: tuple[Finding, ...]
    holds: str | None = None  # another task, whose files these are

    @property
    def state(self) -> State:
        states = {split.state for split in self.splits}
        needed = {s.state for s in self.splits if not s.split.startswith("test")}
        if has_fault(self.findings):
            return State.FAULTY
        if len(states) == 1:
            return states.pop()
        if needed == {State.COMPLETE} and states == {State.COMPLETE, State.MISSING}:
            return State.WITHOUT_TEST
        return State.STAND_IN if State.STAND_IN in states else State.PARTIAL

    def as_dict(self) -> dict:
        return {
            "task": self.task,
            "state": str(self.state),
            "splits": {split.split: split.as_dict() for split in self.splits},
            "findings": [finding.as_dict() for finding in self.findings],
        }


def state_by_rows(rows: int, official: int) -> State:
    return State.COMPLETE if rows == official else State.PARTIAL
