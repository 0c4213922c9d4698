"""From a corpus to pre-trained checkpoints, one under each masking.

The corpus loses its last documents to a held-out part; both parts become TFRecords
under each masking; and each masking pre-trains a model from the same initial weights.
Every product is kept in the working directory and made only once.
"""

import hashlib
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from reference.configuration import named_size
from reference.corpus import read_lines
from reference.errors import InputError
from reference.files import written_whole
from reference.instances import InstanceSettings
from reference.masking import MaskingScheme
from reference.shards import write_shard
from reference.tokenization import Tokenizer
from suite.executor import Job

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
        """Mark the directory as this plan's; InputError if it is another one's.

        Models may be added to a plan: each has a checkpoint of its own.
        """
        files = (*self.corpus, self.vocab)
        identity = {
            "input": [[path.name, _sha256(path)] for path in files],
            "num_train_steps": self.num_train_steps,
            "batch_size": self.batch_size,
            "learning_rate": self.learning_rate,
            "instances": asdict(self.instances),
        }
        path = self.directory / "plan.json"
        if not path.exists():
            _check_input(self)
            with written_whole(path) as file:
                file.write(json.dumps(identity, indent=2) + "\n")
        elif json.loads(path.read_text(encoding="utf-8")) != identity:
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

    def records(self, part: str, masking: MaskingScheme) -> Path:
        return self.directory / "records" / f"{part}_{masking}.tfrecord"


def pretraining_jobs(plan: Plan) -> list[Job]:
    """One job per model and masking whose checkpoint is not there yet."""
    return [
        Job(pretrain_one, (plan, model, masking), affinity=model)
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
    paths = [
        plan.directory / "corpus" / f"{part}.txt" for part in ("train", "held_out")
    ]
    if all(path.exists() for path in paths):
        return
    documents = list(_documents(plan.corpus))
    lines, first_held_out = sum(map(len, documents)), len(documents)
    while sum(map(len, documents[first_held_out:])) < HELD_OUT_SHARE * lines:
        first_held_out -= 1
    first_held_out = max(1, first_held_out)
    for path, part in zip(
        paths, (documents[:first_held_out], documents[first_held_out:]), strict=True
    ):
        with written_whole(path) as file:
            for document in part:
                file.writelines(f"{line}\n" for line in document)
                file.write("\n")


def make_records(plan: Plan, part: str, masking: MaskingScheme, report) -> dict:
    """Job: one part of the corpus to TFRecords under one masking."""
    settings = replace(plan.instances, masking=masking)
    if part == "held_out":
        settings = replace(settings, dupe_factor=1)
    return write_shard(
        [plan.directory / "corpus" / f"{part}.txt"],
        [plan.records(part, masking)],
        Tokenizer.from_file(plan.vocab, lower_case=None),
        settings,
        lambda done, total: report((f"{masking} {part}", done, total)),
    )


def pretrain_one(plan: Plan, model: str, masking: MaskingScheme, report) -> dict:
    """Job: pre-train one model under one masking; returns its held-out metrics."""
    from reference.pretraining import Pretraining, PretrainingSettings
    from reference.tfrecords import read_tfrecords

    tokenizer = Tokenizer.from_file(plan.vocab, lower_case=None)
    run = Pretraining(
        config=replace(named_size(model), vocab_size=len(tokenizer.vocab)),
        tokenizer=tokenizer,
        settings=PretrainingSettings(
            plan.num_train_steps, plan.batch_size, plan.learning_rate
        ),
        train=read_tfrecords([plan.records("train", masking)]),
        held_out=read_tfrecords([plan.records("held_out", masking)]),
        directory=plan.checkpoint(model, masking),
        description={
            "masking": str(masking),
            "corpus": [Path(path).name for path in plan.corpus],
        },
    )
    what = f"{model} {masking}"
    return run.run(lambda *at: report((what, *at)))


def _sha256(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); check the name"
        ) from error


def _check_input(plan: Plan) -> None:
    """InputError for a vocabulary or a corpus that nothing can be made of."""
    Tokenizer.from_file(plan.vocab, lower_case=None)
    documents = sum(1 for _ in _documents(plan.corpus))
    if documents < 2:
        raise InputError(
            f"{', '.join(map(str, plan.corpus))}: expected at least two documents with "
            f"a blank line between them, found {documents}; one is held out for "
            "evaluation"
        )


def _documents(corpus: Sequence[Path]) -> Iterator[list[str]]:
    """The documents of all files: a blank line, not a new file, begins another."""
    lines = itertools.chain.from_iterable(map(read_lines, corpus))
    for has_text, document in itertools.groupby(lines, key=bool):
        if has_text:
            yield list(document)
