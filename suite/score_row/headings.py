"""What a heading over somebody's scores means: task, metric, half of MNLI.

Headings are read as words: "MNLI-mm", "mrpc_f1", "MRPC F1/acc", "STS-B (Spearman)",
"QNLI(v2)", "Score". Unknown words are an error rather than a guess.
"""

import re
from collections.abc import Sequence

from reference.errors import InputError
from suite.published import SCORE, TABLE_COLUMNS, TableColumn
from suite.tasks import TASKS

NOT_NAMED = "not named"  # the metric of a number that may be one of two

_AVERAGE = {"score", "glue", "average", "avg", "mean"}
_TASK_WORDS = {
    **{name.lower().replace("-", ""): name for name in TASKS},
    "sst": "SST-2",
    "sts": "STS-B",
    "multinli": "MNLI",
    "diagnostic": "AX",
    "diagnostics": "AX",
}
# What completes a task's name and chooses nothing.
_SILENT = {"SST-2": {"2"}, "STS-B": {"b"}, "QNLI": {"v2"}}
_METRIC_WORDS = {
    "accuracy": {"accuracy", "acc"},
    "f1": {"f1"},
    "matthews": {"matthews", "mcc", "correlation", "corr"},
    "pearson": {"pearson", "pearsonr", "pcc", "correlation", "corr"},
    "spearman": {"spearman", "spearmanr", "scc", "correlation", "corr"},
}
_MNLI_WORDS = {
    "test": {"m", "matched"},
    "test_mismatched": {"mm", "mismatched"},
}


def unnamed(task: str) -> TableColumn:
    """Where a task's number stands that is not said to be one of two."""
    return TableColumn(task, NOT_NAMED, "test")


def shown(column: TableColumn) -> str:
    """The column as a heading of one number: MNLI-mm, MRPC F1, MRPC accuracy."""
    if column.task == "MNLI" and column.metric != NOT_NAMED:
        return "MNLI-mm" if column.split == "test_mismatched" else "MNLI-m"
    own = [c for c in TABLE_COLUMNS if c.task == column.task]
    if len(own) == 1 or column.metric == NOT_NAMED:
        return column.task
    metric = {"f1": "F1", "pearson": "Pearson", "spearman": "Spearman"}
    return f"{column.task} {metric.get(column.metric, column.metric)}"


def numbers_of(where: str, text: str) -> list[str]:
    """The one or two numbers of a cell, as text."""
    numbers = [number.strip() for number in text.split("/")]
    if len(numbers) > 2 or not all(numbers):
        raise InputError(
            f"{where}: expected one number, or two like 81.1/71.1, found {text!r}; "
            "correct the cell"
        )
    return numbers


def columns_named(
    where: str, heading: str, count: int
) -> tuple[tuple[TableColumn, ...], str]:
    """The columns of `count` numbers under a heading, and how it was understood.

    The note is empty where there is nothing to understand otherwise.
    """
    words = re.findall(r"[a-z0-9]+", heading.lower())
    if words and set(words) <= _AVERAGE:
        return _as_many(where, heading, (SCORE,), count), ""
    own = [c for c in TABLE_COLUMNS if c.task == _TASK_WORDS.get((words or [""])[0])]
    if not own:
        raise InputError(
            f"{where}: expected a task of GLUE or Score as a heading, found "
            f"{heading!r}; correct or remove the column"
        )
    chosen = _chosen(where, heading, own, words[1:])
    if chosen or len(own) == 1:
        return _as_many(where, heading, chosen or tuple(own), count), ""
    task = own[0].task
    if count == 1:
        return (unnamed(task),), ""
    return tuple(own), f"{heading} is read as {', '.join(map(shown, own))}."


def _chosen(
    where: str, heading: str, own: Sequence[TableColumn], words: Sequence[str]
) -> tuple[TableColumn, ...]:
    """The columns that words after the task's name choose, in their order."""
    task, chosen = own[0].task, []
    for word in words:
        if word in _SILENT.get(task, ()):
            continue
        halves = [c for c in own if task == "MNLI" and word in _MNLI_WORDS[c.split]]
        metrics = [c for c in own if word in _METRIC_WORDS[c.metric]]
        if not halves and not metrics:
            raise InputError(
                f"{where}: expected a metric of {task} in the heading {heading!r}, "
                f"found {word!r}; known: {', '.join(TASKS[task].metrics)}"
            )
        # "accuracy" fits both halves of MNLI, "corr" both metrics of STS-B.
        chosen += halves or (metrics if len(metrics) == 1 else [])
    return tuple(dict.fromkeys(chosen))


def _as_many(
    where: str, heading: str, columns: tuple[TableColumn, ...], count: int
) -> tuple[TableColumn, ...]:
    if len(columns) != count:
        raise InputError(
            f"{where}: expected {len(columns)} number(s) under {heading!r}, found "
            f"{count}; correct the cell or the heading"
        )
    return columns
