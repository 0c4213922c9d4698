"""Which checkpoint meets which task: what a sweep is made of, checked beforehand."""

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reference.errors import InputError
from suite.glue_files import read_examples, train_problem
from suite.sweep import Entry
from suite.tasks import GLUE_TASKS, Task, task_named
from suite.trials import Sources, scored_splits


@dataclass(frozen=True, eq=False)
class Content:
    """What a sweep must know of a task's files; the text is not kept.

    `labels` are those that trials are scored against, by split.
    """

    train_rows: int
    sha256: str
    labels: dict[str, np.ndarray]


@dataclass(frozen=True)
class Glue:
    """A GLUE directory, and what of it is asked for; every file is read once."""

    directory: Path
    test_labels: Path | None
    tasks: tuple[str, ...] = GLUE_TASKS
    sample: bool = False

    @functools.cached_property
    def skipped(self) -> dict[str, str]:
        """Tasks that cannot be run here, and why: their train split is not whole."""
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
        return {task.name: self._content(task) for task in self.runnable()}

    def check(self) -> None:
        """Read `contents` now, before time is spent on what needs them."""
        _ = self.contents

    def _content(self, task: Task) -> Content:
        sources = Sources(Path(), self.directory, self.test_labels)
        train = read_examples(self.directory, task, "train")
        scored = scored_splits(sources, task)
        splits = {"train": train} | scored
        digests = "".join(f"{name} {split.sha256}\n" for name, split in splits.items())
        return Content(
            train_rows=len(train),
            sha256=hashlib.sha256(digests.encode()).hexdigest(),
            labels={split: examples.labels for split, examples in scored.items()},
        )


def check_checkpoint(checkpoint, max_seq_length: int) -> None:
    """InputError for one that cannot be fine-tuned on sequences of this length."""
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
    description = str(checkpoint.directory.name)
    if "settings" in made:
        settings = made["settings"]
        description = (
            f"pre-trained here on {', '.join(made['corpus'])}: "
            f"{settings['num_train_steps']:,} steps of {settings['batch_size']}, "
            f"held-out masked-LM accuracy {made['held_out']['masked_lm_accuracy']:.3f}"
        )
    is_whole_word = checkpoint.masking == "whole-word"
    return {
        "name": checkpoint.name,
        "masking": checkpoint.masking,
        # The compact models were released with WordPiece masking only.
        "published_as": None if is_whole_word else checkpoint.name,
        "description": description,
        "sha256": checkpoint.sha256,
        "pretraining": made,
    }


def entries(checkpoints: Sequence, glue: Glue) -> list[Entry]:
    """Every checkpoint on every task that can be run."""
    return [
        _entry(checkpoint, glue, task)
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


def _entry(checkpoint, glue: Glue, task: Task) -> Entry:
    content = glue.contents[task.name]
    return Entry(
        sources=Sources(
            checkpoint.directory.resolve(),
            glue.directory.resolve(),
            glue.test_labels.resolve() if glue.test_labels else None,
        ),
        checkpoint_sha256=checkpoint.sha256,
        model=checkpoint.name,
        masking=checkpoint.masking,
        task=task,
        data_sha256=content.sha256,
        train_rows=content.train_rows,
    )
