"""Held-out metrics: each trial under its own masking, and all under each of them."""

import numpy as np
import pytest

from reference.dynamic_masking import DynamicMasking, unmasked
from reference.heads import PreTrainingModel
from reference.held_out import HeldOut
from reference.held_out_metrics import MASKED_LM, METRICS, under
from reference.masking import MaskingScheme, MaskingSettings
from reference.pretraining import MODEL_INPUTS
from reference.pretraining_settings import Trial
from reference.tokenization import Tokenizer
from reference.weights import initial_weights, set_weights, weight_shapes
from tests.reference.miniature import CONFIG
from tests.reference.test_pretraining import PIECES, instances

pytestmark = pytest.mark.backend

WORDPIECE, WHOLE_WORD = MaskingScheme
MASKING = DynamicMasking(
    Tokenizer(PIECES), MaskingSettings(masked_lm_prob=0.3, max_predictions_per_seq=6)
)


def model_of(*seeds: int) -> PreTrainingModel:
    """A trial for each seed, with the initial weights that it gives."""
    model = PreTrainingModel(CONFIG, len(seeds))
    model(dict.fromkeys(MODEL_INPUTS, np.zeros((len(seeds), 1, 8), np.int32)))
    shapes = weight_shapes(model)
    set_weights(model, [initial_weights(shapes, 0.5, seed) for seed in seeds])
    return model


def metrics(seeds, maskings) -> list[dict[str, float]]:
    trials = [Trial(1, masking) for masking in maskings]
    held_out = HeldOut(model_of(*seeds), unmasked(instances(64, 2)), MASKING, trials)
    return held_out.metrics()


def test_trials_of_one_masking_have_their_own_metrics_alone():
    for found in metrics((1, 2), (WORDPIECE, WORDPIECE)):
        assert tuple(found) == METRICS


def test_trials_of_two_maskings_are_measured_under_both():
    """As alone under either, and in no other way."""
    both = metrics((1, 2), (WORDPIECE, WHOLE_WORD))
    alone = {scheme: metrics((1, 2), (scheme, scheme)) for scheme in MaskingScheme}
    for trial, own in enumerate((WORDPIECE, WHOLE_WORD)):
        expected = alone[own][trial] | {
            under(name, scheme): alone[scheme][trial][name]
            for scheme in MaskingScheme
            for name in MASKED_LM
        }
        assert both[trial] == pytest.approx(expected, rel=1e-5)
    losses = {round(one[under("masked_lm_loss", s)], 4) for one in both for s in alone}
    assert len(losses) == 4


def test_equal_models_are_equally_good_at_what_one_masking_hid():
    one, other = metrics((3, 3), (WORDPIECE, WHOLE_WORD))
    for scheme in MaskingScheme:
        for name in MASKED_LM:
            assert one[under(name, scheme)] == other[under(name, scheme)]
    assert one["masked_lm_loss"] != other["masked_lm_loss"]
