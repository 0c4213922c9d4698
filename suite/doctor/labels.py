"""Are the labels those of the task, and as many of each as GLUE's own split has?

Not here: a label column that is missing, or where none belongs (layout.py).
"""

from collections.abc import Iterator, Mapping

from suite.doctor.facts import LABEL_COUNTS, header, owners
from suite.doctor.finding import Finding
from suite.doctor.layout import another_tasks_file
from suite.doctor.text import SplitFile
from suite.stand_in import QQP_NEGATIVES, can_be_qqps
from suite.tasks import TASKS
from suite.tsv import is_number

_HIDDEN = ("-1", "")
_CLASS_NUMBERS = (
    "class numbers are in another order elsewhere (Hugging Face begins MNLI with "
    "entailment, the original with contradiction)"
)


def label_findings(file: SplitFile) -> Iterator[Finding]:
    """What is wrong with the labels of a train or dev file."""
    if not file.is_labelled or not file.survey.labels:
        return
    if file.task.is_regression:
        yield from _scores(file)
        return
    unknown = {
        label: count
        for label, count in file.survey.labels.items()
        if label not in file.task.labels
    }
    if unknown:
        yield _unknown(file, unknown)
    else:
        yield from _shares(file)


def is_stand_in(file: SplitFile) -> bool:
    """Whether a file of QQP cannot be a random part of GLUE's split."""
    if file.task.name != "QQP" or not file.is_labelled or not file.survey.rows:
        return False
    return not can_be_qqps(file.survey.labels["0"], file.survey.rows)


def _scores(file: SplitFile) -> Iterator[Finding]:
    found = file.survey
    wrong = [
        label
        for label in found.labels
        if not (is_number(label) and 0 <= float(label) <= 5)
    ]
    if wrong:
        yield file.fault(
            "unknown labels",
            f"{wrong[0]!r}, and {sum(found.labels[w] for w in wrong):,} such rows",
            expected="scores between 0 and 5",
            line=min(found.label_lines[label] for label in wrong),
            advice=file.fetch,
        )
    elif max(map(float, found.labels)) <= 1 and found.rows > 1:
        yield file.fault(
            "scores divided by 5",
            "none above 1",
            expected="scores between 0 and 5",
            advice=f"multiply them by 5, or {file.fetch}",
        )


def _unknown(file: SplitFile, unknown: Mapping[str, int]) -> Finding:
    others = _tasks_with_these_labels(file)
    if others and set(unknown) == set(file.survey.labels):
        return another_tasks_file(file, others)
    shown = ", ".join(repr(label) for label in sorted(unknown)[:3])
    name, advice = "unknown labels", f"correct them, or {file.fetch}"
    if set(unknown) <= set(_HIDDEN):
        name, advice = "labels hidden", f"this is a test split; {file.fetch}"
    elif all(label.isdigit() for label in unknown):
        name, advice = "class numbers for labels", f"{_CLASS_NUMBERS}; {file.fetch}"
    elif set(unknown) == {"-"}:
        advice = "rows without a majority label are not in GLUE; take them out"
    return file.fault(
        name,
        f"{shown} in {sum(unknown.values()):,} rows",
        expected=f"the labels {', '.join(file.task.labels)}",
        line=min(file.survey.label_lines[label] for label in unknown),
        advice=advice,
    )


def _tasks_with_these_labels(file: SplitFile) -> set[str]:
    """Tasks with the same first line, whose labels and number of rows these are."""
    names = {task for task, _ in owners(header(file.task, file.split))}
    return {
        name
        for name in names - {file.task.name}
        if set(file.survey.labels) == set(TASKS[name].labels or ())
        and file.survey.rows in TASKS[name].rows.values()
    }


def _shares(file: SplitFile) -> Iterator[Finding]:
    """Counts can be told only of a whole split."""
    found = file.survey
    if found.rows != file.official:
        return
    official, counts = LABEL_COUNTS.get(file.key), dict(found.labels)
    if file.task.name == "QQP" and is_stand_in(file):
        swapped = can_be_qqps(found.labels["1"], found.rows)
        yield _changed(file, swapped, f"{QQP_NEGATIVES:.0%} of the rows labelled 0")
    elif official and counts != official:
        swapped = sorted(counts.values()) == sorted(official.values())
        yield _changed(file, swapped, _counted(official))


def _changed(file: SplitFile, swapped: bool, official: str) -> Finding:
    if swapped:
        name, why = "labels exchanged", "one label was written for another"
    else:
        name, why = "labels changed", "the rows are as many as GLUE's, the labels not"
    return file.fault(
        name,
        _counted(file.survey.labels),
        expected=official,
        advice=f"{why}; {file.fetch}",
    )


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} of {label}" for label, count in sorted(counts.items()))
