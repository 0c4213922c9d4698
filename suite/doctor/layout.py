"""Is it the file that its name says: the right columns, of the right task and split?

A file shows it in its first line. Not here: its text (text.py), its labels (labels.py).
"""

from collections.abc import Iterator

from suite.doctor.facts import COLA_WIDTH, header, owners
from suite.doctor.finding import Finding
from suite.doctor.text import SplitFile
from suite.tasks import TASKS

_OF_LABELS = {"label", "labels", "gold_label", "score", "quality", "is_duplicate"}
_KEEP_LABELS_APART = (
    "GLUE's test labels are hidden; take the column out, and give labels that are "
    "public as --test-labels DIR"
)


def layout_findings(file: SplitFile) -> Iterator[Finding]:
    """What is wrong with the first line; after a fault the columns mean nothing."""
    if not file.survey.first:
        return  # an empty file, of which its rows say so
    first, official = _unquoted(file.survey.first), header(file.task, file.split)
    if not official and _is_of_cola(first):
        return
    if first == official:
        return
    if len(first) == 1 and "," in first[0]:
        yield file.fault(
            "comma-separated",
            repr(first[0]),
            expected=_tabs(official),
            line=1,
            advice=file.fetch,
        )
        return
    holders = _holders(first)
    if not holders:
        yield from _own_but_changed(file, first, official)
    elif file.task.name in {task for task, _ in holders}:
        yield from _other_kind_of_split(file, official)
    else:
        yield another_tasks_file(file, {task for task, _ in holders})


def holder(file: SplitFile) -> str | None:
    """The other task whose file this is by its first line, if it is one's alone."""
    tasks = {task for task, _ in _holders(_unquoted(file.survey.first))}
    return tasks.pop() if len(tasks) == 1 and file.task.name not in tasks else None


def another_tasks_file(file: SplitFile, tasks: set[str]) -> Finding:
    """For first lines, and for labels, that are those of other tasks."""
    names = " or ".join(sorted(tasks))
    return file.fault(
        "another task's file",
        f"a file of {names}",
        expected=f"a file of {file.task.name}",
        line=1,
        advice=f"put it into the folder {names}, and see whether {file.task.name}'s "
        f"own is there; else {file.fetch}",
    )


def _holders(first: tuple[str, ...]) -> set[tuple[str, str]]:
    return {("CoLA", "train")} if _is_of_cola(first) else owners(first)


def _is_of_cola(first: tuple[str, ...]) -> bool:
    """CoLA's train and dev begin with an example: a label, and a star or nothing."""
    return len(first) == COLA_WIDTH and first[1] in "01" and first[2] in ("", "*")


def _other_kind_of_split(file: SplitFile, official: tuple[str, ...]) -> Iterator:
    """The task's own columns, but with labels in test, or without them elsewhere."""
    if not file.is_labelled:
        yield _test_labels(file, official)
    else:
        yield file.fault(
            "labels missing",
            "the columns of the test split",
            expected=_tabs(official) if official else "CoLA's four columns",
            line=1,
            advice=f"this is likely test.tsv under another name; {file.fetch}",
        )


def _own_but_changed(
    file: SplitFile, first: tuple[str, ...], official: tuple[str, ...]
) -> Iterator[Finding]:
    if not file.is_labelled and _has_label_column(first):
        yield _test_labels(file, official)
    elif not official:
        yield _cola_changed(file, first)
    elif len(first) == len(official) and _is_example(file, first):
        yield file.fault(
            "header missing",
            "an example",
            expected=_tabs(official),
            line=1,
            advice="its first example would be lost; put the header line back",
        )
    elif _named_where_read(file, first, official):
        yield file.note(
            "unusual header",
            _tabs(first),
            expected=_tabs(official),
            line=1,
            advice="the columns that are read have their names; see that the others "
            "do not matter to you",
        )
    else:
        yield file.fault(
            "unknown columns",
            _tabs(first),
            expected=_tabs(official),
            line=1,
            advice=f"is it a file of {file.task.name}? Else {file.fetch}",
        )


def _cola_changed(file: SplitFile, first: tuple[str, ...]) -> Finding:
    own = "CoLA's four columns without a header"
    if len(first) == COLA_WIDTH:
        return file.fault(
            "header where none belongs",
            _tabs(first),
            expected=own,
            line=1,
            advice="it would be read as an example; take the line out",
        )
    return file.fault(
        "unknown columns", _tabs(first), expected=own, line=1, advice=file.fetch
    )


def _test_labels(file: SplitFile, official: tuple[str, ...]) -> Finding:
    return file.fault(
        "test labels present",
        "a column of labels",
        expected=_tabs(official),
        line=1,
        advice=_KEEP_LABELS_APART,
    )


def _has_label_column(first: tuple[str, ...]) -> bool:
    return bool({first[0].lower(), first[-1].lower()} & _OF_LABELS)


def _is_example(file: SplitFile, first: tuple[str, ...]) -> bool:
    """Whether the first line has a label, or the index 0, where a name should be."""
    if file.is_labelled:
        cell = first[file.survey.columns.label]
        labels = {label for task in TASKS.values() for label in task.labels or ()}
        return cell in labels or cell.replace(".", "", 1).isdigit()
    return first[0].isdigit()


def _named_where_read(
    file: SplitFile, first: tuple[str, ...], official: tuple[str, ...]
) -> bool:
    """Whether texts and label stand where they are looked for, under their names."""
    read = [*file.survey.columns.text]
    if file.is_labelled:
        read.append(file.survey.columns.label)
    least = max(c + 1 if c >= 0 else -c for c in read)
    return len(first) >= least and all(first[c] == official[c] for c in read)


def _unquoted(first: tuple[str, ...]) -> tuple[str, ...]:
    """The names of a header that is quoted as CSV, which text.py complains of."""
    if all(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in first):
        return tuple(cell[1:-1] for cell in first)
    return first


def _tabs(cells: tuple[str, ...]) -> str:
    """Few words of a line, for a message."""
    shown = " ".join(cell[:20] for cell in cells[:6])
    more = f" … ({len(cells)})" if len(cells) > 6 else ""
    return f"the columns {shown}{more}"
