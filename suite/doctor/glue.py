"""A GLUE directory, task by task: what is there, and all that is wrong with it.

The layout is that of suite/glue_files.py. Not here: what is wrong with a file, or with
two of them (the other modules of this folder).
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from reference.errors import InputError
from suite.doctor.absent import absent_findings
from suite.doctor.finding import Finding, Level, has_fault
from suite.doctor.labels import is_stand_in, label_findings
from suite.doctor.layout import holder, layout_findings
from suite.doctor.rows import row_findings
from suite.doctor.splits import checksum_findings, mrpc_findings, overlap_findings
from suite.doctor.states import SplitReport, State, TaskReport, state_by_rows
from suite.doctor.survey import survey
from suite.doctor.text import SplitFile, quote_findings, text_findings
from suite.glue_files import task_files
from suite.tasks import TASKS, Task

# (bytes read, bytes in all)
Progress = Callable[[int, int], None]


def examine_glue(
    glue_dir: Path, progress: Progress = lambda done, total: None
) -> list[TaskReport]:
    """Go through all files of all tasks; InputError when it is no GLUE directory."""
    paths = {task.name: task_files(glue_dir, task) for task in TASKS.values()}
    if not any(paths.values()):
        raise InputError(
            f"{glue_dir}: expected GLUE's folders ({', '.join(TASKS)}) with train.tsv "
            "and dev.tsv in them, found none; name the directory that holds them"
        )
    sizes = [path.stat().st_size for files in paths.values() for path in files.values()]
    read = _Count(sum(sizes), progress)
    reports = [
        _examine(glue_dir, TASKS[name], files, read.advance)
        for name, files in paths.items()
    ]
    return [_with_exchange(glue_dir, report, reports) for report in reports]


class _Count:
    """Bytes that were read, told as they grow."""

    def __init__(self, total: int, progress: Progress):
        self._done, self._total, self._progress = 0, total, progress

    def advance(self, size: int) -> None:
        self._done += size
        self._progress(self._done, self._total)


def _examine(
    glue_dir: Path, task: Task, paths: dict[str, Path], advance: Callable[[int], None]
) -> TaskReport:
    folder = glue_dir / task.name
    findings: list[Finding] = []
    readable: dict[str, SplitFile] = {}  # files whose columns are the task's
    reports: dict[str, SplitReport] = {}
    holders: set[str | None] = set()
    for split, path in paths.items():
        file = SplitFile(task, split, survey(path, task.columns(split), advance))
        told, columns_hold = file_findings(file)
        if columns_hold:
            readable[split] = file
        findings += told
        reports[split] = _split_report(file, told)
        holders.add(holder(file))
    findings += overlap_findings(readable)
    findings += checksum_findings(task.name, folder, set(paths.values()))
    if task.name == "MRPC":
        findings += mrpc_findings(folder)
    findings += absent_findings(glue_dir, task, reports)
    splits = tuple(
        reports.get(split, SplitReport(split, State.MISSING, official))
        for split, official in task.rows.items()
    )
    holds = holders.pop() if len(holders) == 1 else None
    return TaskReport(task.name, splits, tuple(findings), holds)


def file_findings(file: SplitFile) -> tuple[list[Finding], bool]:
    """All that one file says, and whether its columns are those of its split.

    Where they are not, nothing is said of its labels and rows.
    """
    found = list(text_findings(file))
    if file.survey.is_unreadable:
        return found, False
    layout = list(layout_findings(file))
    found += layout
    if has_fault(layout):
        return found, False
    for check in (quote_findings, label_findings, row_findings):
        found += check(file)
    return found, True


def _split_report(file: SplitFile, findings: list[Finding]) -> SplitReport:
    rows = file.survey.rows
    if has_fault(findings):
        state = State.FAULTY
    elif is_stand_in(file):
        state = State.STAND_IN
    else:
        state = state_by_rows(rows, file.official)
    return SplitReport(file.split, state, file.official, file.survey.path, rows)


def _with_exchange(
    glue_dir: Path, report: TaskReport, reports: list[TaskReport]
) -> TaskReport:
    """A finding more where another task holds this one's files, and this one its."""
    others = {(other.task, other.holds) for other in reports}
    if (report.holds, report.task) not in others:
        return report
    finding = Finding(
        Level.FAULT,
        "tasks exchanged",
        glue_dir / report.task,
        f"{report.holds}'s, and {report.task}'s in {glue_dir / report.holds}",
        f"{report.task}'s files",
        "let the two folders change names",
    )
    return replace(report, findings=(finding, *report.findings))
