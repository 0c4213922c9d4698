"""Features for classification: [CLS] A [SEP], or [CLS] A [SEP] B [SEP].

Source: convert_single_example in run_classifier.py of google-research/bert, for whole
columns of text at once. Labels are the tasks' business, and batches the trainer's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from reference.errors import InputError
from reference.tokenization import Tokenizer


@dataclass(frozen=True)
class Features:
    """N examples, padded with zeros to the longest of them.

    input_ids and segment_ids are int32[N, S]; lengths is int32[N], from which follows
    the original's input_mask: 1 where the position is below the length. Where the first
    token is not at position 0, first_positions, int32[N], says where it is.
    """

    input_ids: np.ndarray
    segment_ids: np.ndarray
    lengths: np.ndarray
    first_positions: np.ndarray | None = None

    @property
    def positions(self) -> int:
        """How many positions are in use."""
        firsts = 0 if self.first_positions is None else self.first_positions
        return int((self.lengths + firsts).max())


class Truncation(StrEnum):
    """Which text of a pair that is too long loses its end.

    The original: the longer one, token by token. Elsewhere: the second alone.
    """

    LONGER = "longer"
    SECOND = "second"


def classification_features(
    tokenizer: Tokenizer,
    text_a: Sequence[str],
    text_b: Sequence[str] | None,
    max_seq_length: int,
    truncation: Truncation = Truncation.LONGER,
) -> Features:
    """Features of N single texts (`text_b` is None) or N pairs of texts.

    Texts that do not fit in `max_seq_length` lose their end, the longer text of a pair
    first, or as `truncation` says. InputError where the columns differ in length, have
    no text or max_seq_length has no room for [CLS] a [SEP] b [SEP].
    """
    if max_seq_length < 5:
        raise InputError(
            f"max_seq_length: expected at least 5, found {max_seq_length!r}"
        )
    if len(text_a) == 0:
        raise InputError("texts: expected at least one, found none")
    if text_b is not None and len(text_b) != len(text_a):
        raise InputError(
            "texts: expected as many second ones as first ones, found "
            f"{len(text_b)} and {len(text_a)}"
        )
    firsts = tokenizer.encode_batch(text_a)
    seconds = [[]] * len(firsts) if text_b is None else tokenizer.encode_batch(text_b)
    sequences, first_lengths = [], []
    for first, second in zip(firsts, seconds, strict=True):
        kept = _truncated(first, second, max_seq_length, truncation)
        sequence, first_length = _sequence(tokenizer, *kept)
        sequences.append(sequence)
        first_lengths.append(first_length)
    return _padded(sequences, first_lengths)


def truncated_lengths(first: int, second: int, max_num_tokens: int) -> tuple[int, int]:
    """What is left of two texts that lose tokens, one by one, the longer one first.

    Where both are equally long the second loses one, so the first keeps the odd token.
    """
    half_up, half_down = (max_num_tokens + 1) // 2, max_num_tokens // 2
    return (
        min(first, max(max_num_tokens - second, half_up)),
        min(second, max(max_num_tokens - first, half_down)),
    )


def padded_in_front(features: Features, length: int) -> Features:
    """The same texts, each at the end of a sequence of `length`, as some pad them."""
    return replace(features, first_positions=length - features.lengths)


def _truncated(
    first: list[int], second: list[int], max_seq_length: int, truncation: Truncation
) -> tuple[list[int], list[int]]:
    """What is left of the texts beside the special tokens."""
    # Upstream: a second text without a word piece is no second text, without a [SEP].
    if not second:
        return first[: max_seq_length - 2], second
    room = max_seq_length - 3
    if truncation == Truncation.SECOND:
        # A first one that leaves no room keeps all but a token's place.
        first = first[: room - 1]
        return first, second[: room - len(first)]
    kept_first, kept_second = truncated_lengths(len(first), len(second), room)
    return first[:kept_first], second[:kept_second]


def _sequence(
    tokenizer: Tokenizer, first: list[int], second: list[int]
) -> tuple[list[int], int]:
    """One sequence with its special tokens, and the length of its first part."""
    cls, sep = [tokenizer.cls_id], [tokenizer.sep_id]
    head = cls + first + sep
    return head + (second + sep if second else []), len(head)


def _padded(sequences: list[list[int]], first_lengths: list[int]) -> Features:
    # Upstream: padding is 0, whatever the id of [PAD].
    lengths = np.array([len(sequence) for sequence in sequences], np.int32)
    columns = np.arange(lengths.max())
    is_filled = columns < lengths[:, None]
    input_ids = np.zeros(is_filled.shape, np.int32)
    input_ids[is_filled] = np.concatenate(sequences)
    is_second = is_filled & (columns >= np.array(first_lengths)[:, None])
    return Features(input_ids, is_second.astype(np.int32), lengths)
