"""Masks drawn on the device at each step, under both schemes, K trials at a time.

Equal in distribution to masking.py, which is the original's algorithm: candidates in
random order, those that do not fit passed over, 80 % [MASK], 10 % kept, 10 % any piece.
The draws are hashes of (seed of the trial, step, row, position), as in dropout.py, so a
mask depends on no random state and on no other trial of the stack; trials of one seed
and either scheme see the same text in the same order. (RoBERTa, Liu et al. 2019,
section 4.1, draws masks anew for every epoch; the original fixes them in its files.)

The original hides candidates one by one. Here all that fit before the first that does
not are hidden at once, and again with what room is left: the same choice, in as many
rounds as candidates had to be passed over. Order and membership are `[S, S]` tables,
which a compiler turns into few large operations.

Shapes: K trials, B batch, S sequence, M masked positions.
"""

from dataclasses import dataclass

import numpy as np
from keras import ops

from reference.dropout import (
    SEQUENCE_STRIDE,
    check_numbered,
    site_keys,
    threshold,
    uniform_bits,
)
from reference.masking import MaskingSettings
from reference.tokenization import Tokenizer

# Dropout numbers its sites from 1 up; these are far above.
PRIORITY, IS_MASK, IS_KEPT, REPLACEMENT = (1 << 16 | site for site in range(4))


@dataclass(frozen=True)
class DynamicMasking:
    """What the masks of every step have in common.

    `settings` is taken without its scheme, which each trial has of its own.
    """

    tokenizer: Tokenizer
    settings: MaskingSettings

    def draw(self, batch: dict, whole_word, seeds, step) -> dict:
        """Hide tokens of unmasked sequences; returns what a model is trained on.

        `batch` holds int32 `input_ids` and `input_mask` `[K, B, S]` (see `unmasked`);
        `whole_word` is bool `[K]`, `seeds` integer `[K]`, `step` an integer. Returns
        the batch with `input_ids` hidden, and `masked_lm_positions`, `masked_lm_ids`
        int32 and `masked_lm_weights` float32, all `[K, B, M]`, and their sum
        `masked_lm_total` `[K]`.
        """
        ids = batch["input_ids"]
        drawn = _Draws(seeds, step, ids.shape)
        ordinary = self._is_ordinary(ids, batch["input_mask"])
        begins = self._begins_candidate(ids, ordinary, whole_word)
        candidate = ops.cumsum(ops.cast(begins, "int32"), axis=-1)  # [K, B, S]
        same = ops.logical_and(
            ops.equal(candidate[..., :, None], candidate[..., None, :]),
            ordinary[..., None, :],
        )
        same = ops.cast(same, "float32")  # [K, B, S, S]
        budget = self._budgets(batch["input_mask"])
        priority = drawn.bits(PRIORITY)
        taken = _taken(begins, ops.sum(same, axis=-1), priority, budget)
        hidden = ops.logical_and(_times(same, taken) > 0, ordinary)
        return batch | self._hide(ids, hidden, drawn)

    def _is_ordinary(self, ids, input_mask):
        """Everything but [CLS], [SEP] and padding: bool `[K, B, S]`."""
        specials = (self.tokenizer.cls_id, self.tokenizer.sep_id)
        special = ops.logical_or(*(ops.equal(ids, special) for special in specials))
        return ops.logical_and(input_mask > 0, ops.logical_not(special))

    def _begins_candidate(self, ids, ordinary, whole_word):
        """Where something that is hidden as a whole begins: bool `[K, B, S]`."""
        continues = ops.take(_constant(self.tokenizer.is_continuation), ids)
        # Upstream: a piece joins whatever candidate came before it, across a [SEP] too;
        # only where there is none does it begin its own.
        is_first = ops.equal(ops.cumsum(ops.cast(ordinary, "int32"), axis=-1), 1)
        joins = ops.logical_and(continues, ops.logical_not(is_first))
        joins = ops.logical_and(joins, ops.reshape(whole_word, (-1, 1, 1)))
        return ops.logical_and(ordinary, ops.logical_not(joins))

    def _budgets(self, input_mask):
        """How many tokens of each sequence are to be hidden: float32 `[K, B]`."""
        longest = input_mask.shape[-1]
        table = [self.settings.num_to_predict(n) for n in range(longest + 1)]
        lengths = ops.sum(ops.cast(input_mask, "int32"), axis=-1)
        return ops.take(_constant(np.array(table, np.float32)), lengths)

    def _hide(self, ids, hidden, drawn: "_Draws") -> dict:
        """Replace what is hidden, and say where it was and what stood there."""
        # Upstream: drawn for each piece, and from the whole vocabulary.
        is_mask = drawn.bits(IS_MASK) < threshold(0.8)
        is_kept = drawn.bits(IS_KEPT) < threshold(0.5)
        size = _constant(np.uint32(len(self.tokenizer.vocab)))
        random_ids = ops.cast(ops.mod(drawn.bits(REPLACEMENT), size), "int32")
        replaced = ops.where(
            is_mask, self.tokenizer.mask_id, ops.where(is_kept, ids, random_ids)
        )
        rank = ops.cumsum(ops.cast(hidden, "int32"), axis=-1)  # 1 to M where hidden
        slots = ops.arange(1, self.settings.max_predictions_per_seq + 1, dtype="int32")
        at_slot = ops.logical_and(
            ops.equal(rank[..., None, :], slots[:, None]), hidden[..., None, :]
        )
        at_slot = ops.cast(at_slot, "int32")  # [K, B, M, S]
        positions = ops.arange(ids.shape[-1], dtype="int32")
        weights = ops.cast(ops.sum(at_slot, axis=-1), "float32")
        return {
            "input_ids": ops.where(hidden, replaced, ids),
            "masked_lm_positions": ops.sum(at_slot * positions, axis=-1),
            "masked_lm_ids": ops.sum(at_slot * ids[..., None, :], axis=-1),
            "masked_lm_weights": weights,
            "masked_lm_total": ops.sum(weights, axis=(1, 2)),
        }


def unmasked(instances: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The sequences of masked instances as they were: what is hidden is put back.

    Takes the seven features of `reference.instances`; returns `input_ids`,
    `input_mask`, `segment_ids` `[N, S]` and `next_sentence_labels`.
    """
    ids = instances["input_ids"].copy()
    rows, slots = np.nonzero(instances["masked_lm_weights"])
    columns = instances["masked_lm_positions"][rows, slots]
    ids[rows, columns] = instances["masked_lm_ids"][rows, slots]
    kept = ("input_mask", "segment_ids", "next_sentence_labels")
    return {"input_ids": ids} | {name: instances[name] for name in kept}


def _taken(begins, length, priority, budget):
    """Which candidates are hidden, told where they begin: bool `[K, B, S]`.

    `length` float32 `[K, B, S]`: tokens of the candidate that a position belongs to;
    `priority` uint32 `[K, B, S]`; `budget` float32 `[K, B]`.
    """
    place = ops.arange(priority.shape[-1], dtype="int32")
    before = priority[..., None, :] < priority[..., :, None]
    ties = ops.equal(priority[..., None, :], priority[..., :, None])
    not_after = ops.logical_or(
        before, ops.logical_and(ties, place[None, :] <= place[:, None])
    )
    not_after = ops.cast(not_after, "float32")  # [K, B, S, S]

    def fitting(taken, room):
        """Candidates that would fit if they came next."""
        open_ones = ops.logical_and(begins, ops.logical_not(taken))
        return ops.logical_and(open_ones, length <= room[..., None])

    def one_round(taken, room):
        eligible = fitting(taken, room)
        used = _times(not_after, ops.where(eligible, length, 0.0))
        fits = ops.logical_and(eligible, used <= room[..., None])
        room = room - ops.sum(ops.where(fits, length, 0.0), axis=-1)
        return ops.logical_or(taken, fits), room

    taken, _ = ops.while_loop(
        lambda taken, room: ops.any(fitting(taken, room)),
        one_round,
        (ops.zeros_like(begins), budget),
    )
    return taken


def _times(table, vector):
    """`[..., S, S]` times `[..., S]`: `[..., S]`, exact for counts below 2^24."""
    vector = ops.cast(vector, "float32")
    return ops.sum(table * vector[..., None, :], axis=-1)


def _constant(value):
    return ops.convert_to_tensor(value)


class _Draws:
    """Uniform bits of one step: uint32 `[K, B, S]` at each site."""

    def __init__(self, seeds, step, shape):
        _, batch, length = shape
        check_numbered(length)
        self._seeds, self._step = ops.cast(seeds, "uint32"), ops.cast(step, "uint32")
        index = np.arange(batch)[:, None] * SEQUENCE_STRIDE + np.arange(length)
        self._index = _constant(index.astype(np.uint32)[None])

    def bits(self, site: int):
        keys = site_keys(self._seeds, self._step, site)
        return uniform_bits(keys, self._index)
