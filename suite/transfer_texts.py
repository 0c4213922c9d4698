"""What a student learns from: texts without labels, of files or of the task itself.

A file holds one example a line, a pair as two texts with a tab between them; lines
without text are left out; .gz and .xz are read as they are. Without files the texts are
those of the task's own train split, whose labels are not looked at. What a teacher says
of them is not here (suite/teacher.py).
"""

import importlib.metadata
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from reference.corpus import read_lines
from reference.errors import InputError
from reference.features import Features, classification_features
from reference.files import file_sha256
from reference.tokenization import Tokenizer
from suite.array_cache import kept_arrays
from suite.glue_files import split_path
from suite.task_cache import TaskSource, tokenised_task
from suite.tasks import Task
from suite.trials import Sources

# One more whenever the same files are to give other arrays.
FORMAT = 1


@dataclass(frozen=True)
class DistilledSources(Sources):
    """And where a teacher and the texts are; no `transfer`: the task's own.

    With `then_fine_tune` the students are trained on the labels afterwards.
    """

    teacher: Path = Path()
    transfer: tuple[Path, ...] = ()
    then_fine_tune: bool = False


def texts_files(sources: DistilledSources, task: Task) -> tuple[Path, ...]:
    """Where the texts are read from."""
    return sources.transfer or (split_path(sources.glue_dir, task, "train"),)


def read_texts(paths: Sequence[Path], task: Task) -> tuple[list[str], list[str] | None]:
    """The texts of transfer files, first and second; None for a task of single texts.

    InputError names the file and line of a line that is no example of the task.
    """
    count = len(task.labelled.text)
    texts = [
        _texts(line, count, f"{path}, line {number}")
        for path in paths
        for number, line in enumerate(read_lines(path), start=1)
        if line
    ]
    if not texts:
        raise InputError(
            f"{', '.join(map(str, paths))}: expected texts, one example a line, found "
            "none"
        )
    first, *second = zip(*texts, strict=True)
    return list(first), list(second[0]) if second else None


def transfer_features(
    sources: DistilledSources, task: Task, tokenizer: Tokenizer, max_seq_length: int
) -> Features:
    """The texts as a model of this tokenizer takes them, with its own ids; kept."""
    if not sources.transfer:
        own = TaskSource(sources, task, tokenizer, max_seq_length)
        data = tokenised_task(own).data
        return with_own_ids(data.train, data.vocabulary)

    def made():
        found = classification_features(
            tokenizer, *read_texts(sources.transfer, task), max_seq_length
        )
        return {
            "input_ids": found.input_ids,
            "segment_ids": found.segment_ids.astype(np.uint8),
            "lengths": found.lengths,
        }

    if sources.cache is None:
        return Features(**made())
    made_of = {
        "format": FORMAT,
        "transfer": [file_sha256(path) for path in sources.transfer],
        "texts": len(task.labelled.text),
        "vocabulary": tokenizer.sha256,
        "lower_case": tokenizer.lower_case,
        "max_seq_length": max_seq_length,
        "tokenizers": importlib.metadata.version("tokenizers"),
        "unicode": unicodedata.unidata_version,
    }
    return Features(**kept_arrays(sources.cache, made_of, made))


def with_own_ids(features: Features, vocabulary: np.ndarray) -> Features:
    """The ids of the checkpoint's vocabulary in place of a task's."""
    return replace(features, input_ids=vocabulary[features.input_ids].astype(np.int32))


def _texts(line: str, count: int, where: str) -> list[str]:
    texts = [text for text in line.split("\t") if text.strip()]
    if len(texts) != count:
        expected = "one text", "two texts with a tab between them"
        raise InputError(
            f"{where}: expected {expected[count - 1]}, found {len(texts)}; mend the "
            "line, or remove it"
        )
    return texts
