"""Which checkpoint meets which task: what a sweep is made of, checked beforehand."""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reference.errors import InputError
from suite.checkpoint_words import phases_in_words
from suite.glue_files import read_examples, split_path, train_problem
from suite.origin import found_origin
from suite.plan import Entry
from suite.tasks import GLUE_TASKS, Task, task_named
from suite.trials import Sources, predicted_splits


@dataclass(frozen=True, eq=False)
class Content:
    """What a sweep must know of a task's files; the text is not kept.

    `labels` are those that trials are scored against, by split.
    """

    train_rows: int
    sha256: str
    labels: dict[str, np.ndarray]


@dataclass(frozen=True)
class Checkpoints:
    """The directories asked for, and which published model the one is said to be."""

    directories: Sequence[Path]
    published_as: str | None = None

    def __post_init__(self) -> None:
        if self.published_as is not None and len(self.directories) != 1:
            raise InputError(
                f"--published-as {self.published_as}: expected one --checkpoint, which "
                f"it is said of, found {len(self.directories)}; run each by itself"
            )


@dataclass(frozen=True)
class Glue:
    """A GLUE directory, and what of it is asked for; every file is read once.

    With `partial_train` a task is run on what is there of its train split; with
    `test_predictions` test splits are predicted whose labels are not known.
    """

    directory: Path
    test_labels: Path | None
    tasks: tuple[str, ...] = GLUE_TASKS
    sample: bool = False
    partial_train: bool = False
    test_predictions: bool = False

    @functools.cached_property
    def partial(self) -> dict[str, str]:
        """Tasks that are run on a part of their train split, and on how much of it."""
        if not self.partial_train:
            return {}
        return {
            name: problem
            for name, problem in self._problems.items()
            if all(
                split_path(self.directory, task_named(name), split).is_file()
                for split in ("train", "dev")
            )
        }

    @functools.cached_property
    def skipped(self) -> dict[str, str]:
        """Tasks that are not run here, and why: their train split is not whole."""
        problems = self._problems.items()
        return {name: why for name, why in problems if name not in self.partial}

    @functools.cached_property
    def _problems(self) -> dict[str, str]:
        problems = {
            name: train_problem(self.directory, task_named(name), sample=self.sample)
            for name in self.tasks
        }
        return {name: problem for name, problem in problems.items() if problem}

    def runnable(self) -> list[Task]:
        """The tasks that can be run; InputError where there is none."""
        tasks = [task_named(name) for name in self.tasks if name not in self.skipped]
        if not tasks:
            raise InputError(
                f"{self.directory}: none of {', '.join(self.tasks)} can be run: "
                + "; ".join(self.skipped.values())
            )
        return tasks

    @functools.cached_property
    def contents(self) -> dict[str, Content]:
        """All that a sweep will read, by task; InputError for what is not in order."""
        self._check_test_labels()
        return {task.name: self._content(task) for task in self.runnable()}

    def check(self) -> None:
        """Read `contents` now, before time is spent on what needs them."""
        _ = self.contents

    def _check_test_labels(self) -> None:
        """Given and not found they would leave the comparison dev vs test."""
        labels = self.test_labels
        if labels and not any((labels / f"{t}.tsv").is_file() for t in GLUE_TASKS):
            raise InputError(
                f"{labels}: expected public test labels as TASK.tsv, found none; check "
                "the directory"
            )

    def sources(self, checkpoint: Path = Path(), cache: Path | None = None) -> Sources:
        """What a worker is to read, from wherever it is started."""
        return Sources(
            checkpoint=checkpoint.resolve(),
            glue_dir=self.directory.resolve(),
            test_labels=self.test_labels and self.test_labels.resolve(),
            cache=cache and cache.resolve(),
            test_predictions=self.test_predictions,
        )

    def _content(self, task: Task) -> Content:
        train = read_examples(self.directory, task, "train")
        predicted = predicted_splits(self.sources(), task)
        # What is predicted without being scored changes no result.
        scored = {s: e for s, e in predicted.items() if e.labels is not None}
        splits = {"train": train} | scored
        digests = "".join(f"{name} {split.sha256}\n" for name, split in splits.items())
        return Content(
            train_rows=len(train),
            sha256=hashlib.sha256(digests.encode()).hexdigest(),
            labels={split: examples.labels for split, examples in scored.items()},
        )


def check_checkpoint(checkpoint, max_seq_length: int) -> None:
    """InputError for one that cannot be fine-tuned on such sequences, or was already.

    A trial would go on training a classifier that it found there.
    """
    if "classifier" in checkpoint.parts:
        raise InputError(
            f"{checkpoint.directory}: expected a pre-trained checkpoint, found one "
            "with a classifier; take the checkpoint that it was fine-tuned from"
        )
    check_encoder(checkpoint, max_seq_length)


def check_encoder(checkpoint, max_seq_length: int) -> None:
    """InputError for one on which no classifier of sequences of this length can be."""
    where = str(checkpoint.directory)
    checkpoint.config.check_sequence_length(max_seq_length, where)
    if "pooler" not in checkpoint.parts:
        raise InputError(
            f"{where}: expected a checkpoint with a pooler, whose output is what is "
            f"classified, found {', '.join(checkpoint.parts)} alone; take one that was "
            "saved with it (by transformers, a BertModel or BertForPreTraining and no "
            "BertForMaskedLM)"
        )


def describe_checkpoint(checkpoint) -> dict:
    """What run.json says of a checkpoint (`reference.checkpoint.Checkpoint`)."""
    made = checkpoint.description
    description = how_pretrained(made) or str(checkpoint.directory.name)
    is_whole_word = checkpoint.masking == "whole-word"
    return {
        "name": checkpoint.name,
        "masking": checkpoint.masking,
        # By its shape: the compact models were released with WordPiece masking only.
        "published_as": None if is_whole_word else checkpoint.name,
        "description": description,
        "origin": found_origin(checkpoint.directory, made),
        "sha256": checkpoint.sha256,
        # Which pre-trainings of two maskings make a pair.
        "seed": made.get("settings", {}).get("seed"),
        "pretraining": made,
    }


def how_pretrained(made: Mapping) -> str:
    """In words what a checkpoint that was pre-trained here says of itself; else ""."""
    if not {"corpus", "settings", "held_out"} <= made.keys():
        return ""
    settings, held_out = made["settings"], made["held_out"]
    whole = (settings["num_train_steps"], settings["batch_size"])
    phases = [phase[:2] for phase in made.get("phases", [whole])]
    steps = phases_in_words(phases, made.get("max_seq_lengths"))
    return (
        f"pre-trained here on {_named(made['corpus'])}: {steps}; held-out masked-LM "
        f"accuracy {held_out['masked_lm_accuracy']:.3f}, next-sentence accuracy "
        f"{held_out['next_sentence_accuracy']:.3f}"
    )


def _named(files: Sequence[str]) -> str:
    """All of a few files, or the first and the last of many."""
    if len(files) < 4:
        return ", ".join(files)
    return f"{files[0]} … {files[-1]} ({len(files)} files)"


def entries(
    checkpoints: Sequence, glue: Glue, cache: Path | None = None
) -> list[Entry]:
    """Every checkpoint on every task that can be run.

    Tokenised tasks are kept in the directory `cache`, if one is given.
    """
    return [
        _entry(checkpoint, glue, task, cache)
        for task in glue.runnable()
        for checkpoint in checkpoints
    ]


def scored_labels(glue: Glue) -> dict[str, np.ndarray]:
    """The labels that trials are scored against, under "TASK/split"."""
    return {
        split if "/" in split else f"{task}/{split}": labels
        for task, content in glue.contents.items()
        for split, labels in content.labels.items()
    }


def _entry(checkpoint, glue: Glue, task: Task, cache: Path | None) -> Entry:
    content = glue.contents[task.name]
    return Entry(
        sources=glue.sources(checkpoint.directory, cache),
        checkpoint_sha256=checkpoint.sha256,
        model=checkpoint.name,
        masking=checkpoint.masking,
        task=task,
        data_sha256=content.sha256,
        train_rows=content.train_rows,
    )
