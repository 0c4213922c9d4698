"""What K trials are pre-trained on at each step.

Instances are arrays of N rows, masked (`reference.instances.FEATURES`) or not yet
(`reference.dynamic_masking.unmasked`). Every trial goes through them in full shuffles
from its own seed, so that trials of one seed see the same text in the same order,
whatever their masking. Not here: reading files, which is the caller's.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from reference.backend import compile_function
from reference.dynamic_masking import DynamicMasking
from reference.masking import MaskingScheme
from reference.pretraining_settings import Trial
from reference.row_order import RowOrder
from reference.training import Part

Instances = dict[str, np.ndarray]

# Held-out masks are drawn from this seed, whatever the trials' own.
HELD_OUT_SEED = 0


class Batches:
    """The batches of one set of instances for K trials."""

    def __init__(
        self,
        instances: Instances,
        masking: DynamicMasking | None,
        trials: Sequence[Trial],
        batch_size: int,
        phase: int = 0,
    ):
        """`masking` draws the masks; None where the instances have theirs."""
        rows = len(instances["input_ids"])
        self._instances, self._masks = instances, _masks(masking, trials)
        self._seeds = np.array([trial.seed for trial in trials])
        # The first phase's order is that of a run which has one phase only.
        seeds = [[t.seed, phase] if phase else t.seed for t in trials]
        self._orders = [RowOrder(rows, batch_size, seed) for seed in seeds]

    def at(self, place: int, step: int) -> dict:
        """Batch number `place` of this phase, `[K, B, ...]`, masked as of `step`."""
        chosen = np.stack([order.batch(place) for order in self._orders])
        return self._masks(rows_of(self._instances, chosen), self._seeds, step)


class HeldOutBatches:
    """All instances once for each trial, alike but for its masking, as often as asked.

    Iterating gives batches `[K, B, ...]`, the same every time.
    """

    def __init__(
        self,
        instances: Instances,
        masking: DynamicMasking | None,
        trials: Sequence[Trial],
        batch_size: int,
    ):
        """As of `Batches`."""
        self._instances, self._masks = instances, _masks(masking, trials)
        self._batch_size = batch_size
        self._seeds = np.full(len(trials), HELD_OUT_SEED)

    def __iter__(self) -> Iterator[dict]:
        rows = len(self._instances["input_ids"])
        for number, first in enumerate(range(0, rows, self._batch_size)):
            chosen = np.arange(first, min(first + self._batch_size, rows))
            chosen = np.tile(chosen, (len(self._seeds), 1))
            batch = rows_of(self._instances, chosen)
            yield self._masks(batch, self._seeds, number)


def rows_of(instances: Instances, chosen: np.ndarray) -> dict:
    """Rows `chosen` (int `[K, B]`) as a model takes them: int32, or float32 weights.

    `next_sentence_labels` lose their axis of one: `[K, B]`.
    """
    batch = {}
    for name, values in instances.items():
        floating = name == "masked_lm_weights"
        batch[name] = values[chosen].astype(np.float32 if floating else np.int32)
    labels = batch["next_sentence_labels"]
    batch["next_sentence_labels"] = labels.reshape(chosen.shape)
    if "masked_lm_weights" in batch:
        batch["masked_lm_total"] = batch["masked_lm_weights"].sum(axis=(1, 2))
    return batch


def divided(batch: dict, size: int | None) -> list[Part]:
    """A batch in parts of at most `size` rows (None: whole), whose gradients add up."""
    trials, rows = batch["input_ids"].shape[:2]
    numbers = np.tile(np.arange(rows, dtype=np.int32), (trials, 1))
    parts = []
    for first in range(0, rows, size or rows):
        own = slice(first, first + (size or rows))
        part = {n: v if v.ndim < 2 else v[:, own] for n, v in batch.items()}
        parts.append(Part(part, numbers[:, own]))
    return parts


def _masks(masking: DynamicMasking | None, trials: Sequence[Trial]):
    """Called with a batch, seeds and a step: the batch with its masks."""
    if masking is None:
        return lambda batch, seeds, step: batch
    whole_word = np.array([t.masking == MaskingScheme.WHOLE_WORD for t in trials])

    def drawn(inputs):
        return masking.draw(
            inputs["batch"], whole_word, inputs["seeds"], inputs["step"]
        )

    compiled = compile_function([], drawn, fetch=False)
    return lambda batch, seeds, step: compiled(
        {"batch": batch, "seeds": seeds.astype(np.uint32), "step": np.int32(step)}
    )
