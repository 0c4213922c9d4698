"""Tasks of GLUE's own sizes, label counts and layout, with words that mean nothing.

So that damage can be done to a GLUE directory where no GLUE is at hand.
"""

from pathlib import Path

from suite.doctor.facts import (
    LABEL_COUNTS,
    TEXTS_WITH_QUOTES,
    WITH_BYTE_ORDER_MARK,
    WITHOUT_LAST_LINE_END,
)
from suite.glue_files import split_path
from suite.sample_files import Row, split_file
from suite.sample_tasks import Example
from suite.tasks import TASKS

SMALL = ("CoLA", "MRPC", "STS-B", "RTE", "WNLI")
LABELS = {
    "QQP": {"0": 63, "1": 37},
    "QNLI": {"entailment": 1, "not_entailment": 1},
    "MNLI": {"contradiction": 1, "entailment": 1, "neutral": 1},
}
_OF_TWO_TEXTS = {"MRPC", "STS-B", "QQP", "MNLI", "QNLI", "RTE", "WNLI", "AX"}


def write_task(glue_dir: Path, name: str) -> None:
    for split in TASKS[name].splits:
        write_split(glue_dir, name, split, TASKS[name].rows[split])


def write_split(
    glue_dir: Path, name: str, split: str, rows: int, file_name: str | None = None
) -> None:
    path = split_path(glue_dir, TASKS[name], split)
    path = path.with_name(file_name) if file_name else path
    path.parent.mkdir(parents=True, exist_ok=True)
    labels = _labels(name, split, rows)
    text = split_file(
        name,
        split,
        [
            Row(index, Example(_texts(name, split, index), label), "made up")
            for index, label in enumerate(labels)
        ],
    )
    if (name, split) in WITH_BYTE_ORDER_MARK:
        text = f"\ufeff{text}"
    if (name, split) in WITHOUT_LAST_LINE_END:
        text = text.removesuffix("\n")
    path.write_text(text, encoding="utf-8", newline="")


def _texts(name: str, split: str, index: int) -> tuple[str, ...]:
    """Different in every row; one row in five is with quotes, where GLUE has any."""
    first = f"{split} has a café at number {index}"
    if index % 5 == 0 and TEXTS_WITH_QUOTES.get((name, split)):
        first = f'" {first} " , they said'
    second = f"Number {index} is taken."
    return (first, second) if name in _OF_TWO_TEXTS else (first,)


def _labels(name: str, split: str, rows: int) -> list[str]:
    if name == "STS-B":
        return [f"{index % 26 / 5:.3f}" for index in range(rows)]
    counts = LABEL_COUNTS.get((name, split)) or LABELS.get(name, {"-": 1})
    labels = [label for label, count in counts.items() for _ in range(count)]
    return [labels[index % len(labels)] for index in range(rows)]
