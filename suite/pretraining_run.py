"""One pre-training as a job: TFRecords and a vocabulary in, a checkpoint out.

The files are read and checked in the worker, before it loads the framework. What is
trained and how a stopped run goes on is in reference/pretraining.py; which runs a
corpus asks for, in suite/pretraining.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from reference.configuration import BertConfig, named_size
from reference.errors import InputError
from reference.tfrecords import read_tfrecords
from reference.tokenization import Tokenizer

FEATURES = (
    "input_ids",
    "input_mask",
    "segment_ids",
    "masked_lm_positions",
    "masked_lm_ids",
    "masked_lm_weights",
    "next_sentence_labels",
)


@dataclass(frozen=True)
class PretrainingRun:
    """What one checkpoint is made from; `corpus` and `masking` are kept with it."""

    train: tuple[Path, ...]
    held_out: tuple[Path, ...]
    vocab: Path
    model: str
    masking: str | None
    corpus: tuple[str, ...]
    directory: Path
    num_train_steps: int
    batch_size: int = 32
    learning_rate: float = 5e-4
    seed: int = 12345

    @property
    def name(self) -> str:
        return f"{self.model} {self.masking}" if self.masking else self.model


def pretrain_one(run: PretrainingRun, report) -> dict[str, float]:
    """Job: pre-train, or go on where it was stopped; returns the held-out metrics."""
    tokenizer = Tokenizer.from_file(run.vocab, lower_case=None)
    config = replace(named_size(run.model), vocab_size=len(tokenizer.vocab))
    train, held_out = (read_instances(p, config) for p in (run.train, run.held_out))
    # Loads the framework, which takes seconds: not before the input is in order.
    from reference.pretraining import Pretraining, PretrainingSettings

    training = Pretraining(
        config=config,
        tokenizer=tokenizer,
        settings=PretrainingSettings(
            run.num_train_steps, run.batch_size, run.learning_rate, seed=run.seed
        ),
        train=train,
        held_out=held_out,
        directory=run.directory,
        description={"masking": run.masking, "corpus": list(run.corpus)},
    )
    return training.run(lambda *at: report((run.name, *at)))


def read_instances(paths: Sequence[Path], config: BertConfig) -> dict[str, np.ndarray]:
    """Read TFRecords; InputError for what a model of this shape cannot take."""
    instances, files = read_tfrecords(paths), ", ".join(map(str, paths))
    missing = [name for name in FEATURES if name not in instances]
    if missing:
        raise InputError(
            f"{files}: expected pre-training instances, found no "
            f"{', '.join(missing)}; make them with the verb instances"
        )
    length = instances["input_ids"].shape[1]
    if length > config.max_position_embeddings:
        raise InputError(
            f"{files}: expected sequences of at most {config.max_position_embeddings} "
            f"tokens, the model's positions, found {length}; make the instances with "
            "a lower --max-seq-length"
        )
    for name, limit, what in (
        ("input_ids", config.vocab_size, "size of the vocabulary"),
        ("masked_lm_ids", config.vocab_size, "size of the vocabulary"),
        ("segment_ids", config.type_vocab_size, "model's number of segments"),
        ("masked_lm_positions", length, "length of the sequences"),
    ):
        # An embedding would be looked up there, and on some devices silently be wrong.
        wrong = instances[name][(instances[name] < 0) | (instances[name] >= limit)]
        if wrong.size:
            raise InputError(
                f"{files}: expected {name} from 0 up and below {limit}, the {what}, "
                f"found {wrong[0]}; make the instances with this very vocabulary"
            )
    return instances
