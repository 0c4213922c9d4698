"""From a corpus to pre-trained checkpoints, one under each masking.

The corpus loses its last documents to a held-out part; both parts become TFRecords
under each masking; and each masking pre-trains a model from the same initial weights.
Every product is kept in the working directory and made only once.
"""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reference.corpus import untokenised_documents
from reference.errors import InputError
from reference.files import file_sha256, written_whole
from reference.instances import InstanceSettings
from reference.json_files import read_json_object
from reference.masking import MaskingScheme
from reference.pretraining_settings import PretrainingSettings
from reference.shards import write_shard
from reference.tokenization import Tokenizer
from suite.jobs import Job, or_failure
from suite.local_executor import LocalExecutor
from suite.pretraining_run import PretrainingRun, Records, pretrain_one
from suite.progress import Bars

HELD_OUT_SHARE = 0.01


@dataclass(frozen=True)
class Plan:
    """What to pre-train: text, vocabulary, sizes and budget.

    `directory` keeps the products; it belongs to one plan (see `claim`).
    """

    corpus: tuple[Path, ...]
    vocab: Path
    models: tuple[str, ...]
    num_train_steps: int
    directory: Path
    instances: InstanceSettings
    batch_size: int = 32
    learning_rate: float = 5e-4

    def claim(self) -> None:
        """Split the corpus and mark the directory as this plan's.

        InputError if it is another one's, or if nothing can be made of the input.
        Models may be added to a plan: each has a checkpoint of its own.
        """
        files = (*self.corpus, self.vocab)
        identity = {
            "input": [[path.name, file_sha256(path)] for path in files],
            "num_train_steps": self.num_train_steps,
            "batch_size": self.batch_size,
            "learning_rate": self.learning_rate,
            "instances": self.instances.as_json(),
        }
        path = self.directory / "plan.json"
        if not path.exists():
            Tokenizer.from_file(self.vocab, lower_case=None)
            split_corpus(self)
            # The mark comes last: a split without it is made anew.
            with written_whole(path) as file:
                file.write(json.dumps(identity, indent=2) + "\n")
        elif read_json_object(path) != identity:
            raise InputError(
                f"{path}: this pre-training was begun on other text, vocabulary or "
                "settings; use another --name (for sample data --run-dir), or remove "
                "the directory"
            )

    def checkpoint(self, model: str, masking: MaskingScheme) -> Path:
        return self.directory / "checkpoints" / f"{model}_{masking}"

    def checkpoints(self) -> list[Path]:
        pairs = itertools.product(self.models, MaskingScheme)
        return [self.checkpoint(model, masking) for model, masking in pairs]

    def text(self, part: str) -> Path:
        return self.directory / "corpus" / f"{part}.txt"

    def records(self, part: str, masking: MaskingScheme) -> Path:
        return self.directory / "records" / f"{part}_{masking}.tfrecord"

    def run(self, model: str, masking: MaskingScheme) -> PretrainingRun:
        records = (self.records("train", masking),)
        return PretrainingRun(
            phases=(Records(records, self.num_train_steps, self.batch_size),),
            held_out=(self.records("held_out", masking),),
            vocab=self.vocab,
            model=model,
            directory=self.checkpoint(model, masking),
            masking=str(masking),
            corpus=tuple(path.name for path in self.corpus),
            settings=PretrainingSettings(self.learning_rate),
        )


def pretraining_jobs(plan: Plan) -> list[Job]:
    """One job per model and masking whose checkpoint is not there yet."""
    return [
        Job(pretrain_one, (plan.run(model, masking),), affinity=model)
        for model, masking in itertools.product(plan.models, MaskingScheme)
        if not (plan.checkpoint(model, masking) / "model.safetensors").exists()
    ]


def instance_jobs(plan: Plan) -> list[Job]:
    """One job per part and masking whose records are not there yet."""
    return [
        Job(make_records, (plan, part, masking))
        for part, masking in itertools.product(("train", "held_out"), MaskingScheme)
        if not plan.records(part, masking).exists()
    ]


def split_corpus(plan: Plan) -> None:
    """Put the last documents, at least 1 % of the lines, aside as held-out text."""
    documents = list(map(list, untokenised_documents(plan.corpus)))
    if len(documents) < 2:
        raise InputError(
            f"{', '.join(map(str, plan.corpus))}: expected at least two documents with "
            f"a blank line between them, found {len(documents)}; one is held out for "
            "evaluation"
        )
    lines, first_held_out = sum(map(len, documents)), len(documents)
    while sum(map(len, documents[first_held_out:])) < HELD_OUT_SHARE * lines:
        first_held_out -= 1
    first_held_out = max(1, first_held_out)
    parts = {
        "train": documents[:first_held_out],
        "held_out": documents[first_held_out:],
    }
    for name, part in parts.items():
        with written_whole(plan.text(name)) as file:
            for document in part:
                file.writelines(f"{line}\n" for line in document)
                file.write("\n")


def make_records(plan: Plan, part: str, masking: MaskingScheme, report) -> dict:
    """Job: one part of the corpus to TFRecords under one masking."""
    settings = replace(plan.instances, masking=masking)
    if part == "held_out":
        settings = replace(settings, dupe_factor=1)
    return write_shard(
        [plan.text(part)],
        [plan.records(part, masking)],
        Tokenizer.from_file(plan.vocab, lower_case=None),
        settings,
        lambda done, total: report((f"{masking} {part}", done, total)),
    )


def finish_all(executor: LocalExecutor, jobs: Sequence, shown: Bars) -> list:
    """Run the jobs of a stage of pre-training, showing progress; returns their values.

    A job reports (what, done, total), and what to say of it where it trains.
    """
    values = []
    for event in or_failure(executor.run(jobs), "a stage of pre-training"):
        if event.kind == "report":
            what, done, total, *note = event.value
            unit = "steps" if note else "passes"
            shown.update(what, done, total, unit, *note)
        else:
            values.append(event.value)
    return values
