"""Sound pre-training records to be checked, or damaged first, and what is found."""

import functools
import random
import tempfile
from pathlib import Path

import numpy as np

from reference.instances import (
    InstanceSettings,
    as_arrays,
    create_training_instances,
)
from reference.masking import MaskingScheme
from reference.tfrecords import write_tfrecords
from reference.tokenization import SPECIAL_TOKENS, Tokenizer
from suite.record_check import RecordCheck, check_records
from suite.record_findings import Finding

LETTERS = "abcdefgh"
VOCAB = [*SPECIAL_TOKENS, "[unused0]", "[unused1]", *LETTERS]
VOCAB += [f"##{letter}" for letter in LETTERS]
TOKENIZER = Tokenizer(VOCAB)
CONTINUES = TOKENIZER.is_continuation
SETTINGS = {"max_seq_length": 48, "max_predictions_per_seq": 7, "dupe_factor": 6}
# Every line that names a kind of hidden token, by what it is called here.
FATES = {
    "masked": "hidden tokens that became [MASK]",
    "kept": "hidden tokens that were kept",
    "random": "hidden tokens that became another piece",
}
BUDGET, CONTINUATIONS = "predictions a sequence", "## pieces among hidden tokens"
WHOLE = "words of several pieces, one hidden, that are hidden whole"
LABELS = "next-sentence labels that are 1 (random)"
REPEATS = "records that repeat another, masks included"


Arrays = dict[str, np.ndarray]


def made_with(settings: InstanceSettings) -> Arrays:
    """Records of sentences of words of one to three pieces, in documents."""
    rng = random.Random(0)

    def sentence():
        lengths = rng.choices([1, 2, 3], [6, 3, 1], k=rng.randint(4, 9))
        return " ".join("".join(rng.choices(LETTERS, k=n)) for n in lengths)

    documents = ["\n".join(sentence() for _ in range(9)) for _ in range(50)]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "text.txt"
        path.write_text("\n\n".join(documents))
        instances = create_training_instances([path], TOKENIZER, settings)
    return as_arrays(instances, settings)


def sound(masking: str = "wordpiece") -> Arrays:
    """Records in which nothing is off; a copy, for who wants to damage them."""
    return {name: array.copy() for name, array in _made_once(masking).items()}


@functools.cache
def _made_once(masking: str) -> Arrays:
    return made_with(InstanceSettings(masking=MaskingScheme(masking), **SETTINGS))


def checked(
    directory: Path, arrays: Arrays, tokenizer: Tokenizer = TOKENIZER
) -> RecordCheck:
    """Write arrays to a file in the directory, and check it."""
    path = directory / "records.tfrecord"
    write_tfrecords([path], arrays)
    return check_records([path], tokenizer)


def off(result: RecordCheck) -> dict[str, str]:
    """The notes of the lines that are off, by name."""
    return {line.name: line.note for line in result.lines if line.status == "off"}


def line(result: RecordCheck, name: str) -> Finding:
    """The line of that name."""
    return next(line for line in result.lines if line.name == name)


def restored(arrays: Arrays) -> list[list[int]]:
    """The sequences before masking, by a plain loop."""
    rows = arrays["input_ids"].tolist()
    for row, positions, labels, weights in zip(
        rows,
        arrays["masked_lm_positions"].tolist(),
        arrays["masked_lm_ids"].tolist(),
        arrays["masked_lm_weights"].tolist(),
        strict=True,
    ):
        for position, label, weight in zip(positions, labels, weights, strict=True):
            if weight:
                row[position] = label
    return rows
