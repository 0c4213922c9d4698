"""A task as a model takes it: tokenised once, kept, and shared by all who train on it.

What is kept depends on the files of the task, the vocabulary and the length, all of
which name it (suite/array_cache.py). The arrays are compact: the ids of word pieces,
renumbered over those that occur, are uint16 where they fit, segments uint8. The text is
not kept.
"""

import importlib.metadata
import unicodedata
from dataclasses import dataclass

import numpy as np

from reference.features import Features, Truncation, classification_features
from reference.files import file_sha256
from reference.task_data import TaskData, only_occurring_pieces
from reference.tokenization import Tokenizer
from suite.array_cache import Arrays, kept_arrays
from suite.glue_files import Examples, read_examples, task_files
from suite.tasks import TASKS, Task
from suite.trials import Sources, predicted_splits

# One more whenever the same files are to give other arrays.
FORMAT = 2


@dataclass(frozen=True, eq=False)
class TokenisedTask:
    """What is trained on and predicted, and the labels [n] of the splits scored."""

    data: TaskData
    labels: dict[str, np.ndarray]


@dataclass(frozen=True)
class TaskSource:
    """A task's files, and what makes ids of their text."""

    sources: Sources
    task: Task
    tokenizer: Tokenizer
    max_seq_length: int
    truncation: str = Truncation.LONGER

    def description(self) -> dict:
        """All that the arrays depend on, in words and digests."""
        places = self.sources.glue_dir, self.sources.test_labels
        owners = [self.task, TASKS["AX"]] if self.task.name == "MNLI" else [self.task]
        return {
            "format": FORMAT,
            "task": self.task.name,
            "files": {
                f"{owner.name}/{name}": file_sha256(path)
                for owner in owners
                for name, path in task_files(places[0], owner, places[1]).items()
            },
            "test_predictions": self.sources.test_predictions,
            "vocabulary": self.tokenizer.sha256,
            "lower_case": self.tokenizer.lower_case,
            "max_seq_length": self.max_seq_length,
            "truncation": self.truncation,
            "tokenizers": importlib.metadata.version("tokenizers"),
            "unicode": unicodedata.unidata_version,
        }


def tokenised_task(source: TaskSource) -> TokenisedTask:
    """The task, from the cache that its sources name, where it is made if need be.

    Without a cache it is tokenised here and now. Kept arrays are read only.
    """
    cache = source.sources.cache
    if cache is None:
        return _as_task(source.task, _tokenised(source))
    kept = kept_arrays(cache, source.description(), lambda: _tokenised(source))
    return _as_task(source.task, kept)


def _tokenised(source: TaskSource) -> Arrays:
    """Read and tokenise; `SPLIT/input_ids` and so on, and `vocabulary`."""

    def features(examples: Examples) -> Features:
        texts = examples.text_a, examples.text_b
        how = source.max_seq_length, source.truncation
        return classification_features(source.tokenizer, *texts, *how)

    train = read_examples(source.sources.glue_dir, source.task, "train")
    predicted = predicted_splits(source.sources, source.task)
    splits = {"train": train} | predicted
    data = only_occurring_pieces(
        TaskData(
            train=features(train),
            labels=train.labels,
            evaluated={name: features(split) for name, split in predicted.items()},
            outputs=1,
        )
    )
    arrays = {"vocabulary": data.vocabulary}
    small = np.uint16 if len(data.vocabulary) <= 1 << 16 else np.int32
    for name, found in {"train": data.train, **data.evaluated}.items():
        arrays[f"{name}/input_ids"] = found.input_ids.astype(small)
        arrays[f"{name}/segment_ids"] = found.segment_ids.astype(np.uint8)
        arrays[f"{name}/lengths"] = found.lengths
        if (labels := splits[name].labels) is not None:
            arrays[f"{name}/labels"] = labels
    return arrays


def _as_task(task: Task, arrays: Arrays) -> TokenisedTask:
    features, labels = {}, {}
    for name in arrays:
        split, _, part = name.rpartition("/")
        if part == "lengths":
            features[split] = Features(
                arrays[f"{split}/input_ids"],
                arrays[f"{split}/segment_ids"],
                arrays[name],
            )
        elif part == "labels":
            labels[split] = arrays[name]
    data = TaskData(
        train=features.pop("train"),
        labels=labels.pop("train"),
        evaluated=features,
        outputs=len(task.labels) if task.labels else 1,
        vocabulary=arrays["vocabulary"],
    )
    return TokenisedTask(data, labels)
