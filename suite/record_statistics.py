"""What is counted in a block of pre-training records, all records of it at once.

A sequence is first restored: every predicted position gets the id that stood there.
Words are then read off the vocabulary's ## pieces, as whole-word masking does (Devlin
et al., README of May 31st 2019), but end at a [SEP]. The rules of a record's structure
are those of create_pretraining_data.py of google-research/bert. Counts add up over
blocks. Not here: reading files and what the counts mean (suite/record_check.py).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np

from reference.tokenization import Tokenizer


@dataclass(frozen=True)
class Block:
    """N records: the seven features and what follows from them.

    input_ids, input_mask, segment_ids int32 [N, S]; masked_lm_positions, masked_lm_ids
    int32 and masked_lm_weights float32 [N, P]; next_sentence_labels int32 [N, 1].
    Nothing is taken for granted but these shapes, S > 0 and P > 0.
    """

    input_ids: np.ndarray
    input_mask: np.ndarray
    segment_ids: np.ndarray
    masked_lm_positions: np.ndarray
    masked_lm_ids: np.ndarray
    masked_lm_weights: np.ndarray
    next_sentence_labels: np.ndarray
    tokenizer: Tokenizer

    @cached_property
    def is_token(self) -> np.ndarray:
        """Not padding, bool [N, S]."""
        return self.input_mask != 0

    @cached_property
    def is_predicted(self) -> np.ndarray:
        """Slots in use, bool [N, P]."""
        return self.masked_lm_weights > 0

    @cached_property
    def is_within(self) -> np.ndarray:
        """Slots in use whose position there is, bool [N, P]."""
        return self.is_predicted & ~_outside(
            self.masked_lm_positions, self.input_ids.shape[1]
        )

    @cached_property
    def hidden_at(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of the M predictions that are within, int [M] each."""
        rows = np.nonzero(self.is_within)[0]
        return rows, self.masked_lm_positions[self.is_within]

    @cached_property
    def is_hidden(self) -> np.ndarray:
        """Predicted tokens, bool [N, S]."""
        is_hidden = np.zeros(self.input_ids.shape, bool)
        is_hidden[self.hidden_at] = True
        return is_hidden

    @cached_property
    def restored_ids(self) -> np.ndarray:
        """The sequences before tokens were hidden, int32 [N, S]."""
        restored = self.input_ids.copy()
        restored[self.hidden_at] = self.masked_lm_ids[self.is_within]
        return restored

    @cached_property
    def is_text(self) -> np.ndarray:
        """Neither padding nor [CLS] nor [SEP], bool [N, S]."""
        is_cls = self.restored_ids == self.tokenizer.cls_id
        return self.is_token & ~is_cls & ~self.is_separator

    @cached_property
    def is_separator(self) -> np.ndarray:
        """[SEP], bool [N, S]."""
        return self.is_token & (self.restored_ids == self.tokenizer.sep_id)

    @cached_property
    def is_continuation(self) -> np.ndarray:
        """Pieces that begin with ##, bool [N, S]."""
        continues = self.tokenizer.is_continuation
        return continues.take(self.restored_ids, mode="clip") & self.is_text

    @cached_property
    def joins_previous(self) -> np.ndarray:
        """Pieces that go on with the word before them, bool [N, S].

        A ## piece at the head of a segment that lost its front does not.
        """
        joins = self.is_continuation.copy()
        joins[:, 0] = False
        joins[:, 1:] &= self.is_text[:, :-1]
        return joins


def counts(block: Block) -> Counter:
    """Everything that adds up over blocks, by name."""
    ones = block.next_sentence_labels == 1
    return Counter(
        records=len(block.input_ids),
        positions=block.input_ids.size,
        tokens=int(block.is_token.sum()),
        text=int(block.is_text.sum()),
        text_continuations=int(block.is_continuation.sum()),
        random_next=int(ones.sum()),
        **_replacement_counts(block),
        **_word_counts(block),
        **_glued_counts(block),
    )


def _replacement_counts(block: Block) -> dict[str, int]:
    """What stands where a token was hidden."""
    shown, label = block.input_ids[block.hidden_at], block.restored_ids[block.hidden_at]
    is_mask = shown == block.tokenizer.mask_id
    is_kept = ~is_mask & (shown == label)
    random = shown[~is_mask & ~is_kept]
    is_continuation = block.is_continuation[block.hidden_at]
    return {
        "hidden": shown.size,
        "masked": int(is_mask.sum()),
        "kept": int(is_kept.sum()),
        "random": random.size,
        "random_special": int(np.isin(random, special_ids(block.tokenizer)).sum()),
        "hidden_continuations": int(is_continuation.sum()),
    }


def special_ids(tokenizer: Tokenizer) -> np.ndarray:
    """[PAD], [UNK], [CLS], [SEP], [MASK] and the [unused...] ones."""
    return np.setdiff1d(np.arange(len(tokenizer.vocab)), tokenizer.ordinary_ids)


def _word_counts(block: Block) -> dict[str, int | float]:
    """How words of several pieces were hidden."""
    starts = block.is_text & ~block.joins_previous
    first_piece = np.flatnonzero(starts[block.is_text])
    pieces = np.diff(first_piece, append=np.count_nonzero(block.is_text))
    is_hidden = block.is_hidden[block.is_text].astype(np.int64)
    hidden = np.add.reduceat(is_hidden, first_piece)
    touched = (pieces > 1) & (hidden > 0)
    both = block.is_hidden[:, 1:] & block.is_hidden[:, :-1]
    row, column = np.nonzero(both & block.joins_previous[:, 1:])
    fate = _fate(block)
    same = fate[row, column] == fate[row, column + 1]
    return {
        "touched_words": int(touched.sum()),
        "whole_words": int((touched & (hidden == pieces)).sum()),
        "hidden_neighbours": row.size,
        "like_neighbours": int(same.sum()),
        "continuation_chances": _chances(block, starts, pieces == 2),
    }


def _fate(block: Block) -> np.ndarray:
    """Of a hidden token: 0 replaced, 1 kept, 2 [MASK]; uint8 [N, S]."""
    is_kept = block.input_ids == block.restored_ids
    is_mask = block.input_ids == block.tokenizer.mask_id
    return np.where(is_mask, 2, is_kept).astype(np.uint8)


def _chances(block: Block, starts: np.ndarray, is_of_two: np.ndarray) -> float:
    """At least how many times a ## piece is to be hidden on average.

    Where two tokens or more are hidden, the first word drawn is hidden if it has two
    pieces, under either scheme; the others' chances are left out.
    """
    words = starts.sum(axis=1)
    rows = np.nonzero(starts)[0][is_of_two]
    words_of_two = np.bincount(rows, minlength=len(words))
    is_open = (block.is_hidden.sum(axis=1) >= 2) & (words > 0)
    return float((words_of_two[is_open] / words[is_open]).sum())


def _glued_counts(block: Block) -> dict[str, int]:
    """Second segments that begin inside a word; the original joins it to A's last."""
    row = np.arange(len(block.input_ids))
    middle = block.is_separator.argmax(axis=1)  # 0 where there is none
    inner = (middle > 0) & (middle < block.input_ids.shape[1] - 1)
    row, middle = row[inner], middle[inner]
    glued = block.is_text[row, middle - 1] & block.is_continuation[row, middle + 1]
    row, middle = row[glued], middle[glued]
    before, after = block.is_hidden[row, middle - 1], block.is_hidden[row, middle + 1]
    return {
        "glued": row.size,
        "glued_touched": int((before | after).sum()),
        "glued_together": int((before & after).sum()),
    }


def budget(block: Block, masked_lm_prob: float) -> int:
    """How many tokens the original would hide in these sequences, where words fit."""
    share = np.rint(block.is_token.sum(axis=1) * masked_lm_prob)  # half to even
    return int(np.clip(share, 1, block.masked_lm_ids.shape[1]).sum())


def violations(block: Block) -> dict[str, np.ndarray]:
    """By rule of structure, which records break it: bool [N] each."""
    is_token, ids = block.is_token, block.input_ids
    columns = np.arange(ids.shape[1])
    has_separator = block.is_separator.any(axis=1)
    middle = np.where(has_separator, block.is_separator.argmax(axis=1), ids.shape[1])
    is_second = is_token & (columns > middle[:, None])
    last_column = np.where(is_token, columns, 0).max(axis=1)
    last = block.restored_ids[np.arange(len(ids)), last_column]
    tokenizer, size = block.tokenizer, len(block.tokenizer.vocab)
    is_unknown_label = block.is_predicted & _outside(block.masked_lm_ids, size)
    return {
        "input_mask": _not_ones_then_zeros(block.input_mask) | ~is_token[:, 0],
        "input_ids": (~is_token & (ids != 0)).any(axis=1),
        "segment_ids": (block.segment_ids != is_second).any(axis=1),
        "special tokens": (block.restored_ids[:, 0] != tokenizer.cls_id)
        | (last != tokenizer.sep_id),
        "masked_lm_positions": _misplaced(block),
        "masked_lm_weights": _not_ones_then_zeros(block.masked_lm_weights),
        "vocabulary": _outside(ids, size).any(axis=1) | is_unknown_label.any(axis=1),
        "next_sentence_labels": _outside(block.next_sentence_labels[:, 0], 2),
    }


def _not_ones_then_zeros(rows: np.ndarray) -> np.ndarray:
    is_other = (rows != 0) & (rows != 1)
    return is_other.any(axis=1) | (np.diff(rows, axis=1) > 0).any(axis=1)


def _misplaced(block: Block) -> np.ndarray:
    """Positions not ascending, or not at a piece of text."""
    position, is_predicted = block.masked_lm_positions, block.is_predicted
    is_pair = is_predicted[:, 1:] & is_predicted[:, :-1]
    falls = is_pair & (position[:, 1:] <= position[:, :-1])
    is_outside = is_predicted & _outside(position, block.input_ids.shape[1])
    is_special = block.is_hidden & ~block.is_text
    return falls.any(axis=1) | is_outside.any(axis=1) | is_special.any(axis=1)


def _outside(values: np.ndarray, end: int) -> np.ndarray:
    return (values < 0) | (values >= end)


def fingerprints(block: Block) -> tuple[np.ndarray, np.ndarray]:
    """Hashes uint64 [N] of the whole records, and of the restored sequences alone."""
    features = (
        *(block.input_ids, block.input_mask, block.segment_ids),
        *(block.masked_lm_positions, block.masked_lm_ids),
        *(block.masked_lm_weights.view(np.int32), block.next_sentence_labels),
    )
    return _hashes(np.hstack(features)), _hashes(block.restored_ids)


def _hashes(rows: Iterable[np.ndarray]) -> np.ndarray:
    digests = (blake2b(row.tobytes(), digest_size=8).digest() for row in rows)
    return np.frombuffer(b"".join(digests), np.uint64)
