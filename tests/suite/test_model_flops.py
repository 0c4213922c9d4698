"""Operations of a training step against values worked by hand."""

import dataclasses

import pytest

from suite.model_flops import StepShape, forward_flops, training_flops

# 2 sequences of 3 tokens, one masked in each; a vocabulary of 7, two layers.
SMALL = StepShape(2, 4, 8, 7, batch=2, length=3, predictions=1, classes=2)


def test_by_hand():
    assert forward_flops(SMALL) == {
        # Each of 6 tokens, in each of 2 layers: four 4 × 4, one 4 × 8, one 8 × 4.
        "encoder": 2 * 6 * 2 * (4 * 16 + 32 + 32),
        # For each of 2 sequences and 2 layers: 3 × 3 scores of 4 numbers, and back.
        "attention": 2 * 2 * 2 * 2 * 9 * 4,
        "vocabulary": 2 * 2 * 4 * 7,
        # Two masked tokens and two first tokens by 4 × 4, and two by 4 × 2.
        "heads": 2 * (4 * 16 + 2 * 8),
    }
    assert training_flops(SMALL) == 3 * (3072 + 576 + 112 + 160)


def test_of_bert_tiny():
    """Batch 32 × 128, 20 predictions: 26.3 GFLOP, most of it the vocabulary's."""
    tiny = StepShape(2, 128, 512, 30522, batch=32, length=128, predictions=20)
    found = forward_flops(tiny)
    assert found["vocabulary"] == 2 * 640 * 128 * 30522 == 5_000_724_480
    assert found["encoder"] == 2 * 4096 * 12 * 128**2 * 2 == 3_221_225_472
    assert found["attention"] == 2 * 2 * 4096 * 2 * 128 * 128 == 536_870_912
    assert training_flops(tiny) == pytest.approx(26.34e9, rel=1e-3)


def test_without_predictions_there_is_no_vocabulary():
    found = forward_flops(dataclasses.replace(SMALL, predictions=0))
    assert found["vocabulary"] == 0
    assert found["heads"] == 2 * (2 * 16 + 2 * 8)


def test_longer_sequences_cost_attention_more():
    """Twice the length: twice the dense layers, four times the attention."""
    once, twice = (
        forward_flops(dataclasses.replace(SMALL, length=length)) for length in (3, 6)
    )
    assert twice["encoder"] == 2 * once["encoder"]
    assert twice["attention"] == 4 * once["attention"]
