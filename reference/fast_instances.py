"""The instances of reference/instances.py, record for record, many times as fast.

Nearly all the time of the plain functions goes into drawing: CPython makes an object of
every number. Here documents are arrays of ids, and one compiled function
(reference/instance_kernels.py) goes through each. Tests hold the two ways equal.
"""

import os
import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from reference.corpus import read_corpus
from reference.instance_kernels import shuffled, write_document
from reference.instances import FEATURES, InstanceSettings, Progress
from reference.masking import MaskingScheme, replacement_ids
from reference.oddities import Oddity
from reference.tokenization import Tokenizer

WORDS_AT_ONCE = 2**16  # drawn ahead
WORDS_A_TOKEN = 4  # likely no more than a document needs; otherwise it is begun anew
_REPORTS = 1000  # calls of `progress`; one for each short document would cost time


class InstanceTable(NamedTuple):
    """N instances of at most S tokens and P predictions, as columns.

    Attributes: `token_ids` [N, S] with tokens hidden and `labels` [N, P], both uint16
    where the vocabulary allows it, else int32; `lengths` and `first_lengths` (of
    [CLS] A [SEP]) int32[N]; `is_random_next` bool[N]; `positions` int32[N, P] and
    `num_predictions` int32[N]. What lies beyond a length is 0.
    """

    token_ids: np.ndarray
    lengths: np.ndarray
    first_lengths: np.ndarray
    is_random_next: np.ndarray
    positions: np.ndarray
    labels: np.ndarray
    num_predictions: np.ndarray

    @classmethod
    def empty(
        cls, rows: int, vocab_size: int, settings: InstanceSettings
    ) -> "InstanceTable":
        """A table of zeros."""
        ids = np.uint16 if vocab_size <= 2**16 else np.int32
        tokens = (rows, settings.max_seq_length)
        predictions = (rows, settings.max_predictions_per_seq)
        return cls(
            token_ids=np.zeros(tokens, ids),
            lengths=np.zeros(rows, np.int32),
            first_lengths=np.zeros(rows, np.int32),
            is_random_next=np.zeros(rows, bool),
            positions=np.zeros(predictions, np.int32),
            labels=np.zeros(predictions, ids),
            num_predictions=np.zeros(rows, np.int32),
        )

    def taken(self, rows: np.ndarray | slice) -> "InstanceTable":
        """These rows, copied."""
        return InstanceTable(*(np.array(column[rows]) for column in self))

    def features(self) -> dict[str, np.ndarray]:
        """The seven features, as reference.instances.as_arrays makes them."""
        # Upstream: padding is 0, whatever the id of [PAD].
        place = np.arange(self.token_ids.shape[1])
        prediction = np.arange(self.positions.shape[1])
        input_mask = place < self.lengths[:, None]
        arrays = {
            "input_ids": self.token_ids,
            "input_mask": input_mask,
            "segment_ids": input_mask & (place >= self.first_lengths[:, None]),
            "masked_lm_positions": self.positions,
            "masked_lm_ids": self.labels,
            "masked_lm_weights": prediction < self.num_predictions[:, None],
            "next_sentence_labels": self.is_random_next[:, None],
        }
        return {name: arrays[name].astype(dtype) for name, dtype in FEATURES.items()}


def create_instance_table(
    input_files: Sequence[str | os.PathLike],
    tokenizer: Tokenizer,
    settings: InstanceSettings,
    progress: Progress | None = None,
) -> InstanceTable:
    """All instances of the files, those of create_training_instances in its order.

    `progress` is called with (done, total), each document counting once for every
    time it is gone through, at the beginning, now and then, and at the end.
    """
    rng = random.Random(settings.seed)
    corpus = read_corpus(input_files, tokenizer)
    num_documents = len(corpus.documents)
    order = list(range(num_documents))
    rng.shuffle(order)
    corpus = corpus._replace(documents=corpus.documents[order])
    stream = WordStream(rng)
    rules = _rules(tokenizer, settings)
    total = settings.dupe_factor * num_documents
    report = progress or (lambda done, total: None)
    report(0, total)
    parts = []
    for done in range(total):
        index = done % num_documents
        parts.append(_document_table(corpus, index, tokenizer, settings, rules, stream))
        if (done + 1) % -(-total // _REPORTS) == 0 or done + 1 == total:
            report(done + 1, total)
    table = InstanceTable(*map(np.concatenate, zip(*parts, strict=True)))
    del parts
    order = stream.run(2 * len(table.lengths), shuffled, len(table.lengths))
    return table.taken(order)


def feature_blocks(
    table: InstanceTable, rows: int = 512
) -> Iterator[dict[str, np.ndarray]]:
    """The seven features of all instances in order, so many at a time."""
    for start in range(0, len(table.lengths), rows):
        yield table.taken(slice(start, start + rows)).features()


def _document_table(corpus, index, tokenizer, settings, rules, stream) -> InstanceTable:
    """The instances of one document, gone through once."""
    first, last = corpus.documents[index]
    # Each instance uses up at least one segment.
    scratch = InstanceTable.empty(last - first, len(tokenizer.vocab), settings)
    num_tokens = corpus.segment_starts[last] - corpus.segment_starts[first]
    estimate = WORDS_A_TOKEN * num_tokens
    rows = stream.run(estimate, write_document, corpus, index, rules, scratch)
    return scratch.taken(slice(rows))


class WordStream:
    """The 32-bit words that a random.Random draws from, in its order.

    Both CPython and NumPy have the Mersenne Twister of Matsumoto and Nishimura (1998),
    so that NumPy goes on from CPython's state.
    """

    def __init__(self, rng: random.Random):
        _, (*key, position), _ = rng.getstate()
        self._bits = np.random.MT19937()
        self._bits.state = {
            "bit_generator": "MT19937",
            "state": {"key": np.array(key, np.uint32), "pos": position},
        }
        self._words = np.zeros(0, np.uint32)
        self._used = 0

    def run(self, estimate: int, function: Callable, *arguments):
        """What the compiled `function(words, *arguments)` returns.

        How many words it needs shows only when it has run. It returns (result, words
        used), begins anew with the words when they run out, and is called again with
        more of them if they did.
        """
        while True:
            words = self._ahead(int(estimate))
            result, used = function(words, *arguments)
            if used <= len(words):
                self._used += used
                return result
            estimate = 2 * used

    def _ahead(self, count: int) -> np.ndarray:
        """At least `count` words, and one, that are not used yet."""
        count = max(count, 1)
        left = len(self._words) - self._used
        if left < count:
            new = self._bits.random_raw(max(count, WORDS_AT_ONCE)).astype(np.uint32)
            self._words = np.concatenate([self._words[self._used :], new])
            self._used = 0
        return self._words[self._used :]


# What the compiled functions know of tokenizer and settings


class _Rules(NamedTuple):
    """The settings and what is needed of the tokenizer."""

    max_num_tokens: int
    short_seq_prob: float
    budgets: np.ndarray  # int64[S + 1], by the length of the sequence
    joins: np.ndarray  # bool[V], joins the piece before it to a candidate
    replacements: np.ndarray  # int32, what a random replacement is drawn from
    cls_id: int
    sep_id: int
    mask_id: int
    glues: bool
    per_token: bool
    skips: bool
    same_document_random: bool


def _rules(tokenizer: Tokenizer, settings: InstanceSettings) -> _Rules:
    masking, without = settings.masking_settings, settings.without
    whole_word = settings.masking == MaskingScheme.WHOLE_WORD
    lengths = range(settings.max_seq_length + 1)
    return _Rules(
        max_num_tokens=settings.max_seq_length - 3,
        short_seq_prob=float(settings.short_seq_prob),
        budgets=np.array([masking.num_to_predict(length) for length in lengths]),
        joins=tokenizer.is_continuation & whole_word,
        replacements=np.array(replacement_ids(tokenizer, masking), np.int32),
        cls_id=tokenizer.cls_id,
        sep_id=tokenizer.sep_id,
        mask_id=tokenizer.mask_id,
        glues=Oddity.GLUE_ACROSS_SEP not in without,
        per_token=Oddity.PER_TOKEN_REPLACEMENT not in without,
        skips=Oddity.SKIP_OVER_BUDGET not in without,
        same_document_random=Oddity.SAME_DOCUMENT_RANDOM not in without,
    )
