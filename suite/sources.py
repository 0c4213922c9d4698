"""Which checkpoint meets which task: what a sweep is made of, checked beforehand."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reference.errors import InputError
from suite.sweep import Entry
from suite.tasks import GLUE_TASKS, Task, read_examples, task_named, train_problem
from suite.trials import Sources, scored_splits


@dataclass(frozen=True)
class Glue:
    """A GLUE directory, and what of it is asked for."""

    directory: Path
    test_labels: Path | None
    tasks: tuple[str, ...] = GLUE_TASKS
    sample: bool = False

    def skipped(self) -> dict[str, str]:
        """Tasks that cannot be run here, and why: their train split is not whole."""
        problems = {
            name: train_problem(self.directory, task_named(name), sample=self.sample)
            for name in self.tasks
        }
        return {name: problem for name, problem in problems.items() if problem}

    def runnable(self) -> list[Task]:
        """The tasks that can be run; InputError where there is none."""
        left_out = self.skipped()
        tasks = [task_named(name) for name in self.tasks if name not in left_out]
        if not tasks:
            raise InputError(
                f"{self.directory}: none of {', '.join(self.tasks)} can be run: "
                + "; ".join(left_out.values())
            )
        return tasks

    def check(self) -> None:
        """Read all that a sweep will read; InputError for what is not in order."""
        for task in self.runnable():
            read_examples(self.directory, task, "train")
        scored_labels(self)


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


def scored_labels(glue: Glue) -> dict:
    """The labels that trials are scored against, under "TASK/split"."""
    sources = Sources(Path(), glue.directory, glue.test_labels)
    return {
        split if "/" in split else f"{task.name}/{split}": examples.labels
        for task in glue.runnable()
        for split, examples in scored_splits(sources, task).items()
    }


def _entry(checkpoint, glue: Glue, task: Task) -> Entry:
    sources = Sources(
        checkpoint.directory.resolve(),
        glue.directory.resolve(),
        glue.test_labels.resolve() if glue.test_labels else None,
    )
    train = read_examples(glue.directory, task, "train")
    splits = {"train": train} | scored_splits(sources, task)
    content = "".join(f"{name} {split.sha256}\n" for name, split in splits.items())
    return Entry(
        sources=sources,
        checkpoint_sha256=checkpoint.sha256,
        model=checkpoint.name,
        masking=checkpoint.masking,
        task=task,
        data_sha256=hashlib.sha256(content.encode()).hexdigest(),
        train_rows=len(train),
    )
