"""The four held-out metrics of pre-training that the original reports, trial by trial.

Source: `metric_fn` of the original's run_pretraining.py: masked_lm_accuracy and
masked_lm_loss over predicted tokens, next_sentence_accuracy and next_sentence_loss over
pairs.

Where trials that train side by side differ in masking, all are measured under each of
the maskings too: what a masking hides is not as hard to guess as what another hides, so
that only metrics under the same one tell which model is the better.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from keras import ops

from reference.dynamic_masking import DynamicMasking
from reference.heads import cross_entropy
from reference.held_out_metrics import MASKED_LM, METRICS, under
from reference.pretraining_data import HeldOutBatches, Instances
from reference.pretraining_settings import Trial
from reference.training import compile_model

BATCH = 32


class HeldOut:
    """Measures a model of K trials on the same instances, each under its masking."""

    def __init__(
        self,
        model,
        instances: Instances,
        masking: DynamicMasking | None = None,
        trials: Sequence[Trial] = (Trial(),),
    ):
        """`masking` draws the masks; None where the instances have theirs."""
        self._maskings = [trial.masking for trial in trials]
        self._batches = {}
        for scheme in dict.fromkeys(self._maskings):
            alike = [replace(trial, masking=scheme) for trial in trials]
            self._batches[scheme] = HeldOutBatches(instances, masking, alike, BATCH)
        self._measured = compile_model(model, _measures)

    def metrics(self) -> list[dict[str, float]]:
        """The metrics of each trial as the model is now.

        Where the trials' maskings differ, those of `MASKED_LM` under each of them too.
        """
        found = {scheme: self._under(b) for scheme, b in self._batches.items()}
        if len(found) == 1:
            return next(iter(found.values()))
        return [
            found[own][trial]
            | {
                under(name, scheme): measured[trial][name]
                for scheme, measured in found.items()
                for name in MASKED_LM
            }
            for trial, own in enumerate(self._maskings)
        ]

    def _under(self, batches: HeldOutBatches) -> list[dict[str, float]]:
        sums = sum(self._measured(batch) for batch in batches)
        hits, losses, counts = sums[:, 0::3], sums[:, 1::3], sums[:, 2::3]  # [K, 2]
        values = np.stack([hits / counts, losses / counts], axis=-1)  # [K, 2, 2]
        return [dict(zip(METRICS, row.ravel().tolist(), strict=True)) for row in values]


def _measures(model, batch):
    """Sums over a batch: hits, losses and number of tokens, then of pairs; `[K, 6]`."""
    outputs, sums = model(batch), []
    weights = batch["masked_lm_weights"]
    pairs = ops.ones_like(weights[..., 0])
    for kind, labels, counted in (
        ("masked_lm", batch["masked_lm_ids"], weights),
        ("next_sentence", batch["next_sentence_labels"], pairs),
    ):
        logits = outputs[f"{kind}_logits"]
        hits = ops.cast(ops.equal(ops.argmax(logits, -1), labels), "float32")
        losses = cross_entropy(logits, labels)
        over = tuple(range(1, len(labels.shape)))
        sums += [ops.sum(x * counted, axis=over) for x in (hits, losses, 1.0)]
    return ops.stack(sums, axis=1)
