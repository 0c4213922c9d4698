"""Training instances for masked language modelling and next-sentence prediction.

Source: create_pretraining_data.py of google-research/bert, draw for draw, on integer
ids instead of strings: one random generator, seeded once, is drawn from in the
original's order, so one set of input files and one seed give the original's records.
Not here: reading text (reference/corpus.py), hiding tokens (reference/masking.py),
TFRecord files (reference/tfrecords.py, reference/shards.py).
"""

import hashlib
import itertools
import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from reference.corpus import Document, Segment, read_documents
from reference.errors import InputError
from reference.masking import MaskingScheme, MaskingSettings, mask_tokens
from reference.oddities import Oddity, checked
from reference.tokenization import Tokenizer

# The seven features of a record, in the order in which digests are taken.
FEATURES = {
    "input_ids": np.int32,
    "input_mask": np.int32,
    "segment_ids": np.int32,
    "masked_lm_positions": np.int32,
    "masked_lm_ids": np.int32,
    "masked_lm_weights": np.float32,
    "next_sentence_labels": np.int32,
}

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class InstanceSettings:
    """Everything but the text and the vocabulary that the instances depend on."""

    max_seq_length: int = 128
    max_predictions_per_seq: int = 20
    masked_lm_prob: float = 0.15
    short_seq_prob: float = 0.1
    dupe_factor: int = 10
    masking: MaskingScheme = MaskingScheme.WORDPIECE
    seed: int = 12345
    without: tuple[Oddity, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "without", checked(self.without))
        for name in ("max_seq_length", "max_predictions_per_seq", "dupe_factor"):
            least = 5 if name == "max_seq_length" else 1  # [CLS] a [SEP] b [SEP]
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise InputError(
                    f"{name}: expected a whole number from {least} up, found {value!r}"
                )
        if not 0 <= self.short_seq_prob <= 1:
            raise InputError(
                "short_seq_prob: expected a number from 0 to 1, found "
                f"{self.short_seq_prob!r}"
            )
        if not isinstance(self.seed, int):
            raise InputError(f"seed: expected a whole number, found {self.seed!r}")
        _ = self.masking_settings  # checks its own

    @property
    def masking_settings(self) -> MaskingSettings:
        """The part that is about masking."""
        return MaskingSettings(
            self.masking,
            self.masked_lm_prob,
            self.max_predictions_per_seq,
            self.without,
        )

    def as_json(self) -> dict:
        """All of it as it comes back from JSON, which has lists only."""
        return json.loads(json.dumps(asdict(self)))


@dataclass(frozen=True, slots=True)
class TrainingInstance:
    """One sequence [CLS] A [SEP] B [SEP] with tokens hidden, not yet padded."""

    token_ids: list[int]
    first_length: int  # of [CLS] A [SEP]
    is_random_next: bool
    masked_lm_positions: list[int]
    masked_lm_labels: list[int]

    @property
    def segment_ids(self) -> list[int]:
        """0 up to and with the first [SEP], then 1."""
        second_length = len(self.token_ids) - self.first_length
        return [0] * self.first_length + [1] * second_length


def create_training_instances(
    input_files: Sequence[str | os.PathLike],
    tokenizer: Tokenizer,
    settings: InstanceSettings,
    progress: Progress | None = None,
) -> list[TrainingInstance]:
    """All instances of the files, in the original's order.

    `progress` is called with (done, total) once the text is read and after every
    document; each document counts once for every time it is gone through.
    """
    rng = random.Random(settings.seed)
    documents = read_documents(input_files, tokenizer)
    rng.shuffle(documents)
    instances: list[TrainingInstance] = []
    total = settings.dupe_factor * len(documents)
    report = progress or (lambda done, total: None)
    report(0, total)
    for done in range(total):
        index = done % len(documents)
        instances += _document_instances(documents, index, tokenizer, settings, rng)
        report(done + 1, total)
    rng.shuffle(instances)
    return instances


def _document_instances(
    documents: list[Document],
    index: int,
    tokenizer: Tokenizer,
    settings: InstanceSettings,
    rng: random.Random,
) -> Iterator[TrainingInstance]:
    """The instances of one document, gone through once."""
    cls, sep = [tokenizer.cls_id], [tokenizer.sep_id]
    masking = settings.masking_settings
    # One pair at a time: masking draws from the generator between two pairs.
    for first, second, is_random_next in next_sentence_pairs(
        documents, index, settings, rng
    ):
        token_ids = cls + first + sep + second + sep
        masked_ids, positions, labels = mask_tokens(token_ids, tokenizer, masking, rng)
        first_length = len(first) + 2
        yield TrainingInstance(
            masked_ids, first_length, is_random_next, positions, labels
        )


def next_sentence_pairs(
    documents: list[Document],
    index: int,
    settings: InstanceSettings,
    rng: random.Random,
) -> Iterator[tuple[Segment, Segment, bool]]:
    """Cut a document into pairs of segments; half the second ones come from elsewhere.

    Yields (first, second, second is random), together at most max_seq_length - 3 long.
    """
    document = documents[index]
    max_num_tokens = settings.max_seq_length - 3
    target_length = max_num_tokens
    if rng.random() < settings.short_seq_prob:
        # Upstream: drawn once for the document, not once for each sequence.
        target_length = rng.randint(2, max_num_tokens)
    start = 0
    while start < len(document):
        chunk = _chunk(document, start, target_length)
        a_end = rng.randint(1, len(chunk) - 1) if len(chunk) > 1 else 1
        first = list(itertools.chain.from_iterable(chunk[:a_end]))
        # Upstream: a single segment has nothing to go on with, and draws nothing.
        is_random_next = len(chunk) == 1 or rng.random() < 0.5
        if is_random_next:
            drawn, second = _random_text(
                documents, index, target_length - len(first), rng
            )
            start += a_end  # the rest of the chunk is used again
            if Oddity.SAME_DOCUMENT_RANDOM in settings.without:
                is_random_next = drawn != index
        else:
            second = list(itertools.chain.from_iterable(chunk[a_end:]))
            start += len(chunk)
        first, second = truncate_pair(first, second, max_num_tokens, rng)
        yield first, second, is_random_next


def _chunk(document: Document, start: int, target_length: int) -> list[Segment]:
    """The segments from `start` on that reach the target length, or to the end."""
    length = 0
    for end in range(start, len(document)):
        length += len(document[end])
        if length >= target_length:
            break
    return document[start : end + 1]


def _random_text(
    documents: list[Document], index: int, target_length: int, rng: random.Random
) -> tuple[int, Segment]:
    """Segments from a random place of another document, to reach the target length.

    Returns which document it is, and the text.
    """
    # Upstream: after ten draws of the same document it is used after all, and the
    # text is still labelled random. In a corpus of one document it always is.
    for _ in range(10):
        drawn = rng.randrange(len(documents))
        if drawn != index:
            break
    start = rng.randrange(len(documents[drawn]))
    # Upstream: one segment is taken even where nothing is wanted any more.
    chunk = _chunk(documents[drawn], start, target_length)
    return drawn, list(itertools.chain.from_iterable(chunk))


def truncate_pair(
    first: Segment, second: Segment, max_num_tokens: int, rng: random.Random
) -> tuple[Segment, Segment]:
    """Shorten the longer of the two, token by token, at a random end each time."""
    spans = [0, len(first)], [0, len(second)]
    for _ in range(len(first) + len(second) - max_num_tokens):
        (a_start, a_end), (b_start, b_end) = spans
        longer = spans[0] if a_end - a_start > b_end - b_start else spans[1]
        if rng.random() < 0.5:
            longer[0] += 1
        else:
            longer[1] -= 1
    return first[slice(*spans[0])], second[slice(*spans[1])]


def as_arrays(
    instances: Sequence[TrainingInstance], settings: InstanceSettings
) -> dict[str, np.ndarray]:
    """The seven features of N instances, padded with zeros.

    input_ids, input_mask and segment_ids are int32[N, max_seq_length];
    masked_lm_positions and masked_lm_ids int32[N, max_predictions_per_seq], with
    masked_lm_weights (1 for a prediction, 0 for padding) float32 of that shape;
    next_sentence_labels int32[N, 1], 1 where the second segment is random.
    """
    # Upstream: padding is 0, whatever the id of [PAD].
    width, num_predictions = settings.max_seq_length, settings.max_predictions_per_seq
    input_ids, input_mask = _padded([i.token_ids for i in instances], width)
    first_length = np.array([i.first_length for i in instances], np.int32)[:, None]
    segment_ids = input_mask & (np.arange(width) >= first_length)
    positions, is_predicted = _padded(
        [i.masked_lm_positions for i in instances], num_predictions
    )
    labels, _ = _padded([i.masked_lm_labels for i in instances], num_predictions)
    is_random_next = np.array([i.is_random_next for i in instances], bool)[:, None]
    arrays = {
        "input_ids": input_ids,
        "input_mask": input_mask,
        "segment_ids": segment_ids,
        "masked_lm_positions": positions,
        "masked_lm_ids": labels,
        "masked_lm_weights": is_predicted,
        "next_sentence_labels": is_random_next,
    }
    return {name: arrays[name].astype(dtype) for name, dtype in FEATURES.items()}


def _padded(rows: list[list[int]], width: int) -> tuple[np.ndarray, np.ndarray]:
    """int32[N, width] with the rows at the left, and bool[N, width] where they are."""
    lengths = np.array([len(row) for row in rows], np.int32)
    is_filled = np.arange(width) < lengths[:, None]
    padded = np.zeros((len(rows), width), np.int32)
    padded[is_filled] = np.fromiter(itertools.chain.from_iterable(rows), np.int32)
    return padded, is_filled


def digest(arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of the seven features, each whole and little-endian, in their order."""
    sha256 = hashlib.sha256()
    for name, dtype in FEATURES.items():
        little_endian = np.dtype(dtype).newbyteorder("<")
        sha256.update(np.ascontiguousarray(arrays[name], little_endian))
    return sha256.hexdigest()
