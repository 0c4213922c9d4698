"""`python -m suite doctor`: what is wrong with data and a checkpoint, before a run."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from reference.errors import InputError
from suite.doctor.finding import Finding, Level, has_fault
from suite.doctor.states import SplitReport, State, TaskReport
from suite.options import GLUE_HELP, console, directory_option, say


def doctor(
    glue_dir: Annotated[Path | None, directory_option(GLUE_HELP)] = None,
    squad_dir: Annotated[
        Path | None,
        directory_option("SQuAD 1.1, DIR/train-v1.1.json and dev-v1.1.json."),
    ] = None,
    checkpoint: Annotated[
        Path | None, directory_option("A checkpoint of any layout.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="As JSON, for scripts.")
    ] = False,
) -> None:
    """Say what is wrong with GLUE, SQuAD or a checkpoint.

    All files are read, and compared with what GLUE's and SQuAD's own are known to be:
    rows, columns, labels, quoting, line ends, splits, sums. Each fault says what to do.
    Exit code 1 when there is one; a part of a split that is named so is none.
    """
    if not (glue_dir or squad_dir or checkpoint):
        raise InputError(
            "doctor: expected --glue-dir, --squad-dir or --checkpoint, found none; "
            "name what is to be looked at"
        )
    for directory in filter(None, (glue_dir, squad_dir, checkpoint)):
        if not directory.is_dir():
            raise InputError(f"{directory}: expected a directory, found none")
    tasks = _examine_data(glue_dir, squad_dir, quiet=as_json)
    of_checkpoint = _examine_checkpoint(checkpoint) if checkpoint else []
    findings = [finding for task in tasks for finding in task.findings] + of_checkpoint
    if as_json:
        said = {
            "tasks": [task.as_dict() for task in tasks],
            "checkpoint": [finding.as_dict() for finding in of_checkpoint],
            "faults": sum(finding.level == Level.FAULT for finding in findings),
        }
        console.print_json(json.dumps(said))
    else:
        _say(tasks, findings)
    raise typer.Exit(int(has_fault(findings)))


def _examine_data(
    glue_dir: Path | None, squad_dir: Path | None, quiet: bool
) -> list[TaskReport]:
    from suite.doctor.glue import examine_glue
    from suite.doctor.squad import examine_squad
    from suite.progress import bars

    found: list[TaskReport] = []
    with bars(Console(stderr=True, quiet=quiet, soft_wrap=True)) as shown:
        if glue_dir:
            found += examine_glue(glue_dir, partial(_say_megabytes, shown))
        if squad_dir:
            found.append(
                examine_squad(
                    squad_dir,
                    lambda done, total: shown.update("SQuAD", done, total, "files"),
                )
            )
    return found


def _say_megabytes(shown, done: int, total: int) -> None:
    megabytes = max(1, round(total / 1e6))
    shown.update("GLUE", megabytes * done / max(1, total), megabytes, "MB")


def _examine_checkpoint(directory: Path) -> list[Finding]:
    from suite.commands.checkpoint import without_words_of_libraries
    from suite.doctor.checkpoint import examine_checkpoint

    with without_words_of_libraries():
        return examine_checkpoint(directory)


def _say(tasks: Sequence[TaskReport], findings: Sequence[Finding]) -> None:
    if tasks:
        console.print(_table(tasks))
    for level in Level:
        for finding in findings:
            if finding.level == level:
                say(f"{level:<6}{finding}")
    counts = {
        level: sum(f.level == level for f in findings)
        for level in (Level.FAULT, Level.NOTE)
    }
    said = ", ".join(
        f"{count or 'no'} {level}{'' if count == 1 else 's'}"
        for level, count in counts.items()
    )
    console.print(f"{said[0].upper()}{said[1:]}.", highlight=False)


def _table(tasks: Sequence[TaskReport]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("Task", "Is", "Train", "Dev", "Test"):
        table.add_column(name, justify="left" if name in ("Task", "Is") else "right")
    for task in tasks:
        cells = [
            "\n".join(_rows(s) for s in task.splits if s.split.startswith(prefix))
            for prefix in ("train", "dev", "test")
        ]
        table.add_row(task.task, str(task.state), *cells)
    return table


def _rows(split: SplitReport) -> str:
    """Rows of a split; of how many, where they are not as many as they should be."""
    if split.rows is None:
        return "–" if split.state == State.MISSING else "unreadable"
    if split.rows == split.official:
        return f"{split.rows:,}"
    return f"{split.rows:,} of {split.official:,}"
