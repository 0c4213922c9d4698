"""Several examples in one row: little padding, and the same results.

Examples are laid one after the other into rows of one length, and a token sees those of
its own example alone (model.py): what is computed of an example is what would be of it
by itself. A batch is computed in parts of some rows, all of one shape, so that one
program serves every batch size; the gradients of the parts add up to the batch's.

After Krell et al. 2021, "Efficient sequence packing without cross-contamination",
whose best fit is here made within a batch, which stays the one that was drawn.

Shapes: P parts, K trials, R rows, S tokens of a row, E examples at most in a part.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reference.features import Features

# A part has room for one example in so many tokens; they are rarely shorter.
TOKENS_OF_SHORT_EXAMPLE = 8
# The `examples` of a token that belongs to none.
NO_EXAMPLE = -1


@dataclass(frozen=True)
class PartShape:
    """`rows` of `length` tokens, with `row_examples` examples at most in each."""

    rows: int
    length: int

    @property
    def row_examples(self) -> int:
        return max(1, self.length // TOKENS_OF_SHORT_EXAMPLE)

    @property
    def examples(self) -> int:
        return self.rows * self.row_examples


@dataclass(frozen=True)
class Places:
    """Where the examples of a batch lie, int64 `[B]` each, and how many rows it is."""

    row: np.ndarray
    offset: np.ndarray
    slot: np.ndarray  # which of the row's examples it is
    rows: int


def best_fit(lengths: np.ndarray, shape: PartShape) -> Places:
    """Lay examples into rows: the longest first, each where it leaves least room."""
    row, offset, slot = (np.zeros(len(lengths), np.int64) for _ in range(3))
    room = np.full(len(lengths), shape.length)
    held = np.zeros(len(lengths), np.int64)
    for example in np.argsort(-lengths, kind="stable"):
        left = room - lengths[example]
        left[(left < 0) | (held == shape.row_examples)] = shape.length + 1
        # Rows that are empty are alike, and the first of them is taken.
        chosen = int(np.argmin(left))
        row[example], slot[example] = chosen, held[chosen]
        offset[example] = shape.length - room[chosen]
        room[chosen] -= lengths[example]
        held[chosen] += 1
    return Places(row, offset, slot, int((held > 0).sum()))


def packed_parts(
    features: Features, chosen: Sequence[np.ndarray], shape: PartShape
) -> dict[str, np.ndarray]:
    """The batch of each trial, K of int `[B]`, in parts of `shape`.

    int32 `input_ids`, `segment_ids`, `positions` and `examples` (which of the batch)
    `[P, K, R, S]`; `starts`, `rows` (which of the batch, again), int32, and `weights`,
    float32 (1/B, or 0 where there is no example), `[P, K, E]`. Trials that are given
    the very same batch share its arrays.
    """
    lengths = [np.asarray(features.lengths[batch], np.int64) for batch in chosen]
    places = [best_fit(own, shape) for own in lengths]
    rows = rounded_up(max(place.rows for place in places), shape.rows)
    laid = [
        _laid(features, batch, own, place, (rows, shape))
        for batch, own, place in zip(chosen, lengths, places, strict=True)
    ]
    return {name: _parts([one[name] for one in laid], shape) for name in laid[0]}


def rounded_up(number: int, multiple: int) -> int:
    """The next multiple, or the number itself if it is one."""
    return -(-number // multiple) * multiple


def _laid(features, batch, lengths, at: Places, size) -> dict[str, np.ndarray]:
    """One trial's rows: tokens `[n, S]`, and `[n, E of a row]` of the examples."""
    rows, shape = size
    example = np.repeat(np.arange(len(batch)), lengths)
    begin = np.repeat(np.cumsum(lengths) - lengths, lengths)
    place = np.arange(len(example)) - begin
    token = at.row[example], at.offset[example] + place
    position = place
    if features.first_positions is not None:
        position = place + features.first_positions[batch[example]]
    # Where an example begins is counted from the first token of its part.
    starts = at.row % shape.rows * shape.length + at.offset

    def tokens(values, blank=0):
        return _filled((rows, shape.length), token, values, blank)

    def slots(values, blank=0):
        return _filled((rows, shape.row_examples), (at.row, at.slot), values, blank)

    return {
        "input_ids": tokens(features.input_ids[batch[example], place]),
        "segment_ids": tokens(features.segment_ids[batch[example], place]),
        "positions": tokens(position),
        "examples": tokens(example, NO_EXAMPLE),
        "starts": slots(starts),
        "rows": slots(np.arange(len(batch)), NO_EXAMPLE),
        "weights": slots(np.ones(len(batch), np.float32)) / np.float32(len(batch)),
    }


def _filled(shape, where, values, blank: int) -> np.ndarray:
    kind = np.float32 if values.dtype == np.float32 else np.int32
    array = np.full(shape, blank, kind)
    array[where] = values
    return array


def _parts(arrays: list[np.ndarray], shape: PartShape) -> np.ndarray:
    """`[n, W]` of each trial to `[P, K, R, W]`, or `[P, K, R · W]` of the examples."""
    width = arrays[0].shape[-1]
    stacked = np.stack(arrays).reshape(len(arrays), -1, shape.rows, width)
    stacked = stacked.swapaxes(0, 1)
    if width == shape.length:
        return stacked
    return stacked.reshape(*stacked.shape[:2], -1)
