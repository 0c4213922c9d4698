"""GLUE's own file layout, for the sample tasks: headers and columns.

After GLUE's distributed files. A field that GLUE fills and a sample cannot (ids, parse
trees) is "-" or the row's number. Reading is suite/glue_files.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from suite.sample_tasks import Example

# Headers, for files with labels and without; CoLA's labelled files have none.
_MNLI = (
    "index promptID pairID genre sentence1_binary_parse sentence2_binary_parse "
    "sentence1_parse sentence2_parse sentence1 sentence2"
)
_STS_B = "index genre filename year old_index source1 source2 sentence1 sentence2"
_PAIR = "index sentence1 sentence2"
_MRPC = "#1 ID\t#2 ID\t#1 String\t#2 String"

_LABELLED: Mapping[str, str] = {
    "SST-2": "sentence label",
    "STS-B": f"{_STS_B} score",
    "QQP": "id qid1 qid2 question1 question2 is_duplicate",
    "QNLI": "index question sentence label",
    "RTE": f"{_PAIR} label",
    "WNLI": f"{_PAIR} label",
}
_UNLABELLED: Mapping[str, str] = {
    "CoLA": "index sentence",
    "SST-2": "index sentence",
    "STS-B": _STS_B,
    "QQP": "id question1 question2",
    "MNLI": _MNLI,
    "QNLI": "index question sentence",
    "RTE": _PAIR,
    "WNLI": _PAIR,
    "AX": _PAIR,
}


@dataclass(frozen=True)
class Row:
    """An example in its split; the genre is the package its statement is from."""

    index: int
    example: Example
    genre: str


def label_file_name(task: str, split: str) -> str:
    """Name of the file with a test split's labels: GLUE's names for submissions."""
    names = {("MNLI", "test"): "MNLI-m", ("MNLI", "test_mismatched"): "MNLI-mm"}
    return f"{names.get((task, split), task)}.tsv"


def split_file(task: str, split: str, rows: Sequence[Row]) -> str:
    """The text of a split's file; only a train or dev split shows its labels."""
    labelled = not split.startswith("test")
    lines = [_fields(task, row, labelled, split) for row in rows]
    header = _header(task, labelled, split)
    return _tsv([header, *lines] if header else lines)


def label_file(rows: Sequence[Row]) -> str:
    """The text of a test split's label file."""
    labels = ((str(row.index), row.example.label) for row in rows)
    return _tsv([("index", "label"), *labels])


def _header(task: str, labelled: bool, split: str) -> tuple[str, ...]:
    if task == "MRPC":
        return ("Quality" if labelled else "index", *_MRPC.split("\t"))
    if task == "MNLI" and labelled:
        annotators = 1 if split == "train" else 5
        labels = (f"label{i + 1}" for i in range(annotators))
        return (*_MNLI.split(), *labels, "gold_label")
    return tuple((_LABELLED if labelled else _UNLABELLED).get(task, "").split())


def _fields(task: str, row: Row, labelled: bool, split: str) -> tuple[str, ...]:
    index, texts, label = str(row.index), row.example.texts, row.example.label
    if task == "CoLA" and labelled:  # source, label, the linguist's star, sentence
        return row.genre, label, "*" if label == "0" else "", *texts
    if task == "SST-2" and labelled:
        return *texts, label
    shown = (label,) if labelled else ()
    if task == "MRPC":
        return label if labelled else index, f"{index}1", f"{index}2", *texts
    if task == "STS-B":
        return index, row.genre, "-", "-", index, "none", "none", *texts, *shown
    if task == "QQP" and labelled:
        return index, f"{index}1", f"{index}2", *texts, *shown
    if task == "MNLI":
        annotators = 1 if split == "train" else 5
        shown *= annotators + 1  # all of one mind, and the gold label
        return index, index, index, row.genre, *"----", *texts, *shown
    return index, *texts, *shown


def _tsv(lines: Sequence[tuple[str, ...]]) -> str:
    return "".join("\t".join(fields) + "\n" for fields in lines)
