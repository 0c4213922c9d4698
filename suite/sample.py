"""Sample data: a corpus, a vocabulary and GLUE-shaped tasks, generated on the spot.

`write_sample` writes everything that a whole run needs. The same seed and the same
pinned packages give the same bytes, on any Python and whether or not TensorFlow or JAX
is installed. Scores on these tasks are not comparable with published ones. The
sentences are in sample_corpus.py, the rules of the tasks in sample_tasks.py, GLUE's
file layout in sample_files.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from reference.errors import InputError
from reference.files import written_whole
from suite.glue_files import split_path
from suite.sample_corpus import (
    Document,
    corpus_text,
    read_documents,
    train_vocabulary,
)
from suite.sample_files import Row, label_file, label_file_name, split_file
from suite.sample_statements import Statement, as_statement
from suite.sample_tasks import make_examples
from suite.tasks import TASKS

SAMPLE_SEED = 12345

# Rows of every split, under the split names of suite/tasks.py.
_ROWS = {"train": 256, "dev": 200, "test": 100}
SAMPLE_ROWS: Mapping[str, Mapping[str, int]] = {
    "CoLA": _ROWS,
    "SST-2": _ROWS,
    "MRPC": _ROWS,
    "STS-B": _ROWS,
    "QQP": _ROWS,
    "MNLI": {
        "train": 256,
        "dev": 200,
        "dev_mismatched": 100,
        "test": 100,
        "test_mismatched": 100,
    },
    "QNLI": _ROWS,
    "RTE": _ROWS,
    "WNLI": {"train": 256, "dev": 100, "test": 100},
    "AX": {"test": 100},
}

# MNLI's genres are the packages its statements are from; two are never trained on.
_MATCHED, _MISMATCHED = ("pandas", "scipy"), ("matplotlib", "numpy")


@dataclass(frozen=True)
class SamplePaths:
    """Where the parts of a sample are."""

    corpus: Path
    vocab: Path
    glue_dir: Path
    test_labels: Path


def write_sample(directory: Path, seed: int = SAMPLE_SEED) -> SamplePaths:
    """Write corpus.txt, vocab.txt, glue/ and test_labels/ into `directory`.

    Files of these names are replaced, each as a whole. Raises InputError when the
    documentation of the installed packages has too few usable sentences.
    """
    directory = Path(directory)
    paths = SamplePaths(
        corpus=directory / "corpus.txt",
        vocab=directory / "vocab.txt",
        glue_dir=directory / "glue",
        test_labels=directory / "test_labels",
    )
    documents = read_documents()
    text = corpus_text(documents)
    splits = list(sample_splits(documents, seed))
    _write(paths.corpus, text)
    _write(paths.vocab, "".join(f"{piece}\n" for piece in train_vocabulary(text)))
    for task, split, rows in splits:
        path = split_path(paths.glue_dir, TASKS[task], split)
        _write(path, split_file(task, split, rows))
        if split.startswith("test"):
            _write(paths.test_labels / label_file_name(task, split), label_file(rows))
    return paths


def sample_splits(
    documents: Iterable[Document], seed: int
) -> Iterator[tuple[str, str, list[Row]]]:
    """Every task, split and its rows.

    No statement is in two splits that the same model sees, so AX and MNLI share a draw.
    """
    statements = list(_statements(documents))
    for model in SAMPLE_ROWS:
        if model != "AX":
            rng = Random(f"{seed} {model}")
            rest = rng.sample(statements, len(statements))
            for task in (model, "AX") if model == "MNLI" else (model,):
                for split in SAMPLE_ROWS[task]:
                    chosen, rest = _draw(task, split, rest)
                    yield task, split, _rows(task, chosen, rng)


def _statements(documents: Iterable[Document]) -> Iterator[Statement]:
    for document in documents:
        for sentence in document.sentences:
            if statement := as_statement(sentence, document.package):
                yield statement


def _draw(
    task: str, split: str, statements: Sequence[Statement]
) -> tuple[list[Statement], list[Statement]]:
    """The first statements that suit a split, as many as it has rows, and the rest."""
    packages, count = _packages(task, split), SAMPLE_ROWS[task][split]
    chosen: list[Statement] = []
    rest: list[Statement] = []
    for statement in statements:
        suits = statement.package in packages and len(chosen) < count
        (chosen if suits else rest).append(statement)
    if len(chosen) < count:
        raise InputError(
            f"documentation of {', '.join(packages)}: expected {count} plain "
            f"statements for the sample of {task}'s {split} split, found "
            f"{len(chosen)}; install the versions of constraints.txt"
        )
    return chosen, rest


def _packages(task: str, split: str) -> tuple[str, ...]:
    if task != "MNLI":
        return _MATCHED + _MISMATCHED
    return _MISMATCHED if split.endswith("mismatched") else _MATCHED


def _rows(task: str, statements: Sequence[Statement], rng: Random) -> list[Row]:
    examples = make_examples(task, statements, rng)
    return [
        Row(index, example, statement.package)
        for index, (example, statement) in enumerate(
            zip(examples, statements, strict=True)
        )
    ]


def _write(path: Path, text: str) -> None:
    with written_whole(path) as file:
        file.write(text)
