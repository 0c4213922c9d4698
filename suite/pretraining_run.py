"""A pre-training as a job: TFRecords and a vocabulary in, checkpoints out.

The files are read and checked in the worker, before it loads the framework. What is
trained and how a stopped run goes on is in reference/pretraining.py; which runs a
corpus asks for, in suite/pretraining.py.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from reference.checkpoint import Checkpoint, read_checkpoint
from reference.configuration import BertConfig, named_size
from reference.errors import InputError
from reference.instances import FEATURES
from reference.masking import MaskingScheme
from reference.pretraining_settings import (
    DEFAULT_EXECUTION,
    DEFAULT_SETTINGS,
    Execution,
    PretrainingSettings,
    Trial,
)
from reference.tfrecords import read_blocks
from reference.tokenization import Tokenizer
from suite.sharding import check_whole


@dataclass(frozen=True)
class Records:
    """TFRecords, and how many steps on batches of which size they are trained on."""

    paths: tuple[Path, ...]
    num_train_steps: int
    batch_size: int = 32


@dataclass(frozen=True)
class Hardware:
    """What to compute on: the kind asked for, if any, and how."""

    kind: str | None = None
    deterministic: bool = False
    several_hosts: bool = False


@dataclass(frozen=True)
class PretrainingRun:
    """What checkpoints are made from; `corpus` and `masking` are kept with them."""

    phases: tuple[Records, ...]
    held_out: tuple[Path, ...]
    vocab: Path
    model: str
    directory: Path
    masking: str | None = None
    corpus: tuple[str, ...] = ()
    trials: tuple[Trial, ...] = (Trial(),)
    settings: PretrainingSettings = DEFAULT_SETTINGS
    execution: Execution = DEFAULT_EXECUTION
    hardware: Hardware = Hardware()
    initial: Path | None = None
    tensorboard: Path | None = None

    @property
    def name(self) -> str:
        of = self.masking or ", ".join(t.name for t in self.trials if t.masking)
        return f"{self.model} {of}".strip()


def phases_of(
    first: tuple[Sequence[Path], int],
    second: tuple[Sequence[Path] | None, int | None],
    num_train_steps: int,
    second_share: float,
) -> tuple[Records, ...]:
    """One phase, or two of which the second has a share of the steps.

    A phase is given as files and batch size, the first one's where it has none.
    """
    paths, batch_size = tuple(first[0]), first[1]
    if not second[0]:
        return (Records(paths, num_train_steps, batch_size),)
    steps = round(num_train_steps * second_share)
    if not 0 < steps < num_train_steps:
        raise InputError(
            f"--second-share: expected both inputs to get steps, found {steps} of "
            f"{num_train_steps} for the second; choose a share between 0 and 1"
        )
    return (
        Records(paths, num_train_steps - steps, batch_size),
        Records(tuple(second[0]), steps, second[1] or batch_size),
    )


def trials_of(
    seeds: Sequence[int] | None, maskings: Sequence[str] | None, drawn: bool
) -> tuple[Trial, ...]:
    """A trial for each seed and, where masks are drawn, each masking."""
    seeds, maskings = seeds or [Trial().seed], list(dict.fromkeys(maskings or []))
    if drawn and not maskings:
        raise InputError(
            "--dynamic-masking: expected a --masking, or both, found none; say how to "
            "mask"
        )
    if len(maskings) > 1 and not drawn:
        raise InputError(
            f"--masking: expected one, as the instances were masked, found "
            f"{' and '.join(maskings)}; for both side by side add --dynamic-masking"
        )
    schemes = [MaskingScheme(m) for m in maskings] if drawn else [None]
    return tuple(Trial(seed, scheme) for seed in seeds for scheme in schemes)


def pretrain_one(run: PretrainingRun, report) -> list[dict[str, float]]:
    """Job: pre-train, or go on where it was stopped; each trial's held-out metrics."""
    tokenizer = Tokenizer.from_file(run.vocab, lower_case=None)
    config = replace(named_size(run.model), vocab_size=len(tokenizer.vocab))
    initial = run.initial and fitting_checkpoint(run.initial, config, tokenizer)
    paths = (*(phase.paths for phase in run.phases), run.held_out)
    *trained_on, held_out = (read_instances(files, config) for files in paths)
    # Loads the framework, which takes seconds: not before the input is in order.
    from reference import accelerator
    from reference.backend import join_hosts
    from reference.pretraining import Phase, Pretraining

    if run.hardware.deterministic:
        accelerator.make_deterministic()
    if run.hardware.several_hosts:
        join_hosts()
    accelerator.require(run.hardware.kind, run.execution.mesh.size)
    phases = tuple(
        Phase(instances, records.num_train_steps, records.batch_size)
        for instances, records in zip(trained_on, run.phases, strict=True)
    )
    training = Pretraining(
        config=config,
        tokenizer=tokenizer,
        phases=phases,
        held_out=held_out,
        directory=run.directory,
        trials=run.trials,
        settings=run.settings,
        execution=run.execution,
        initial=initial,
        description={"masking": run.masking, "corpus": list(run.corpus)},
    )
    with _watching(run) as watch:
        training = replace(training, watch=watch)
        return training.run(lambda *at: report((run.name, *at)))


def fitting_checkpoint(
    directory: Path, config: BertConfig, tokenizer: Tokenizer
) -> Checkpoint:
    """What to begin with; InputError unless it is of this model and vocabulary."""
    found = read_checkpoint(directory)
    for what, theirs, ours in (
        ("model", found.config, config),
        ("vocabulary", found.tokenizer.sha256, tokenizer.sha256),
    ):
        if theirs != ours:
            raise InputError(
                f"{directory}: expected a checkpoint of the {what} to be trained, "
                "found another one's; name the checkpoint's own --model and --vocab"
            )
    return found


def read_instances(paths: Sequence[Path], config: BertConfig) -> dict[str, np.ndarray]:
    """Read TFRecords; InputError for what a model of this shape cannot take.

    Numbers come in as few bytes as the model's limits need.
    """
    files = ", ".join(map(str, paths))
    for path in paths:
        check_whole(path)
    blocks = [
        compacted(checked(block, config, path))
        for path in paths
        for block in read_blocks(path)
    ]
    if not blocks:
        raise InputError(f"{files}: expected at least one record, found none")
    widths = {block["input_ids"].shape[1] for block in blocks}
    if len(widths) > 1:
        raise InputError(
            f"{files}: expected sequences of one length, found {sorted(widths)}; "
            "read only files that were made with the same settings together"
        )
    return {name: np.concatenate([b[name] for b in blocks]) for name in FEATURES}


def compacted(block: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same numbers in half the bytes and less: ids below 65,536 in two."""
    fits = all(values.max(initial=0) < 2**16 for values in block.values())
    if not fits:
        return block
    small = {"input_mask": np.uint8, "segment_ids": np.uint8}
    small |= {"masked_lm_weights": np.float32}
    return {n: v.astype(small.get(n, np.uint16)) for n, v in block.items()}


def checked(
    block: dict[str, np.ndarray], config: BertConfig, path: Path
) -> dict[str, np.ndarray]:
    """The seven features of a block; InputError for what the model cannot take."""
    missing = [name for name in FEATURES if name not in block]
    if missing:
        raise InputError(
            f"{path}: expected pre-training instances, found no "
            f"{', '.join(missing)}; make them with the verb instances"
        )
    length = block["input_ids"].shape[1]
    config.check_sequence_length(length, str(path))
    for name, limit, what in (
        ("input_ids", config.vocab_size, "size of the vocabulary"),
        ("masked_lm_ids", config.vocab_size, "size of the vocabulary"),
        ("segment_ids", config.type_vocab_size, "model's number of segments"),
        ("masked_lm_positions", length, "length of the sequences"),
    ):
        # An embedding would be looked up there, and on some devices silently be wrong.
        wrong = block[name][(block[name] < 0) | (block[name] >= limit)]
        if wrong.size:
            raise InputError(
                f"{path}: expected {name} from 0 up and below {limit}, the {what}, "
                f"found {wrong[0]}; make the instances with this very vocabulary"
            )
    return {name: block[name] for name in FEATURES}


def _watching(run: PretrainingRun):
    """What is called with every line of the metrics, for as long as the block runs."""
    if run.tensorboard is None:
        return nullcontext()
    from suite.tensorboard import metrics_writer

    return metrics_writer(run.tensorboard, [trial.name for trial in run.trials])
