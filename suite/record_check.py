"""Are these records of pre-training data what the original would have made?

TFRecord files of any project are read in bounded memory, file by file and block by
block, and what is counted (suite/record_statistics.py) becomes lines
(suite/record_findings.py, suite/masking_findings.py). Not here: what is printed.
"""

import itertools
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from reference.errors import InputError
from reference.tfrecords import count_records, read_blocks
from reference.tokenization import Tokenizer
from suite.markdown import counted
from suite.masking_findings import (
    budget_findings,
    masking_scheme,
    replacement_findings,
    word_findings,
)
from suite.record_findings import (
    OFF,
    Broken,
    Finding,
    Summary,
    label_findings,
    repetition_findings,
    size_findings,
    structure_findings,
)
from suite.record_statistics import (
    Block,
    budget,
    counts,
    fingerprints,
    special_ids,
    violations,
)

# TensorFlow Models' names (--use_v2_feature_names) for the original's.
OTHER_NAMES = {"input_word_ids": "input_ids", "input_type_ids": "segment_ids"}
# Features of one length: a number for each token, for each prediction, one in all.
TOGETHER = (
    ("input_ids", "input_mask", "segment_ids"),
    ("masked_lm_positions", "masked_lm_ids", "masked_lm_weights"),
    ("next_sentence_labels",),
)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class RecordCheck:
    """What was found, line by line; `masking` is a guess, None where nothing tells."""

    lines: tuple[Finding, ...]
    masking: str | None

    @property
    def is_off(self) -> bool:
        """Whether any line is off."""
        return any(line.status == OFF for line in self.lines)

    def as_dict(self) -> dict:
        """The same for JSON."""
        lines = [asdict(line) for line in self.lines]
        return {"is_off": self.is_off, "masking": self.masking, "lines": lines}

    def __str__(self) -> str:
        """The lines, and how many of them are off."""
        off = sum(line.status == OFF for line in self.lines)
        verdict = f"{counted(off, 'finding')} off." if off else "Nothing is off."
        return "\n".join([*map(str, self.lines), verdict])


def check_records(
    paths: Sequence[str | os.PathLike],
    tokenizer: Tokenizer,
    masked_lm_prob: float = 0.15,
    progress: Progress | None = None,
) -> RecordCheck:
    """Read TFRecord files of pre-training instances and compare with the original's.

    Beside a block of a file it keeps 16 bytes a record. `progress` is called with
    (done, total) records. InputError for a file that cannot be read or has not the
    original's features, by its or TF Models' names; and where no file has a record.
    """
    total = sum(map(count_records, paths)) if progress else 0
    tally = _Tally(tokenizer, masked_lm_prob)
    for path in paths:
        tally.files.append(0)
        for arrays in read_blocks(path):
            tally.add(str(path), _block(path, arrays, tokenizer))
            if progress:
                progress(tally.counts["records"], total)
    if not tally.counts["records"]:
        raise InputError(
            f"{', '.join(map(str, paths)) or 'records'}: expected at least one record, "
            "found none; make the instances first"
        )
    summary = tally.summary()
    lines = itertools.chain(
        size_findings(summary),
        budget_findings(summary),
        replacement_findings(summary),
        word_findings(summary),
        label_findings(summary),
        repetition_findings(summary),
        structure_findings(summary),
    )
    return RecordCheck(tuple(lines), masking_scheme(summary.counts))


def _block(
    path: str | os.PathLike, arrays: dict[str, np.ndarray], tokenizer: Tokenizer
) -> Block:
    """The original's features by its names; InputError for one that is not there."""
    named = {OTHER_NAMES.get(name, name): array for name, array in arrays.items()}
    features = {}
    for together in TOGETHER:
        for name in together:
            if name not in named:
                raise InputError(
                    f"{path}: expected the feature {name}, found "
                    f"{', '.join(sorted(arrays))}; give records of masked language "
                    "modelling and next-sentence prediction"
                )
            features[name] = named[name]
        _check_lengths(path, {name: named[name].shape[1] for name in together})
    weights = features.pop("masked_lm_weights").astype(np.float32)
    return Block(**features, masked_lm_weights=weights, tokenizer=tokenizer)


def _check_lengths(path: str | os.PathLike, lengths: dict[str, int]) -> None:
    distinct = set(lengths.values())
    wanted = {1} if "next_sentence_labels" in lengths else distinct - {0}
    if len(distinct) > 1 or distinct != wanted:
        found = ", ".join(f"{length} of {name}" for name, length in lengths.items())
        much = "one number" if wanted == {1} else "one length"
        raise InputError(
            f"{path}: lengths that disagree: expected {much} in a record, found "
            f"{found}; make the file again"
        )


@dataclass
class _Tally:
    """What has been counted so far."""

    tokenizer: Tokenizer
    masked_lm_prob: float
    files: list[int] = field(default_factory=list)
    lengths: dict[tuple[int, int], str] = field(default_factory=dict)
    counts: Counter = field(default_factory=Counter)
    predictions: Counter = field(default_factory=Counter)
    broken: dict[str, Broken] = field(default_factory=dict)
    records: list[np.ndarray] = field(default_factory=list)
    sequences: list[np.ndarray] = field(default_factory=list)

    def add(self, path: str, block: Block) -> None:
        """Count one more block of a file."""
        lengths = block.input_ids.shape[1], block.masked_lm_ids.shape[1]
        self.lengths.setdefault(lengths, path)
        self.counts.update(counts(block), budget=budget(block, self.masked_lm_prob))
        self.predictions.update(block.is_predicted.sum(axis=1).tolist())
        for rule, is_broken in violations(block).items():
            if is_broken.any():
                self._add_broken(rule, path, is_broken)
        record, sequence = fingerprints(block)
        self.records.append(record)
        self.sequences.append(sequence)
        self.files[-1] += len(record)

    def _add_broken(self, rule: str, path: str, is_broken: np.ndarray) -> None:
        index = self.files[-1] + int(is_broken.argmax())
        first = self.broken.get(rule) or Broken(0, path, index)
        number = first.records + int(is_broken.sum())
        self.broken[rule] = Broken(number, first.path, first.index)

    def summary(self) -> Summary:
        """All of it."""
        return Summary(
            files=self.files,
            lengths=self.lengths,
            counts=self.counts,
            predictions=self.predictions,
            broken=self.broken,
            distinct_records=np.unique(np.concatenate(self.records)).size,
            distinct_sequences=np.unique(np.concatenate(self.sequences)).size,
            vocab_size=len(self.tokenizer.vocab),
            special_size=special_ids(self.tokenizer).size,
            masked_lm_prob=self.masked_lm_prob,
        )
