"""The schedule, the clipping and the update, by hand-worked values."""

import numpy as np
import pytest

from reference.optimization import (
    Schedule,
    adam_weight_decay,
    bias_corrections,
    clip_by_global_norm,
    is_decayed,
    learning_rate_factor,
)

pytestmark = pytest.mark.backend


@pytest.mark.parametrize(
    ("step", "factor"),
    [(0, 0.0), (1, 0.1), (9, 0.9), (10, 0.9), (50, 0.5), (99, 0.01), (100, 0.0)],
)
def test_schedule_by_hand(step, factor):
    """100 steps, 10 of warm-up: it would reach 1.0 at step 10, and drops to 0.9."""
    assert learning_rate_factor(step, 100, 10) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("step", "factor"),
    [(0, 0.0), (9, 0.9), (10, 1.0), (55, 0.5), (99, 1 / 90), (100, 0.0)],
)
def test_a_decay_from_the_warmup_on_by_hand(step, factor):
    found = learning_rate_factor(step, 100, 10, Schedule.FROM_WARMUP)
    assert found == pytest.approx(factor)


def test_no_warmup_starts_at_the_full_rate():
    assert learning_rate_factor(0, 10, 0) == 1.0


@pytest.mark.parametrize(
    ("name", "decayed"),
    [
        ("bert/embeddings/word_embeddings", True),
        ("bert/pooler/dense/kernel", True),
        ("output_weights", True),
        ("bert/pooler/dense/bias", False),
        ("bert/embeddings/LayerNorm/gamma", False),
        ("cls/predictions/output_bias", False),
    ],
)
def test_what_decays(name, decayed):
    assert is_decayed(name) is decayed


def test_clipping_is_per_trial():
    """Norms 5 and 0.5: the first is scaled to 1, the second left alone."""
    gradients = [np.array([[3.0], [0.3]]), np.array([[[4.0]], [[0.4]]])]
    first, second = map(np.asarray, clip_by_global_norm(gradients))
    np.testing.assert_allclose(first.ravel(), [0.6, 0.3], rtol=1e-6)
    np.testing.assert_allclose(second.ravel(), [0.8, 0.4], rtol=1e-6)


def test_a_counted_square_stands_for_the_gradients_own():
    """3² + 4² but that 12² is counted for the first: the norm is √160, not 5."""
    gradients = [np.array([[3.0]]), np.array([[[4.0]]])]
    counted = {0: np.array([144.0])}
    first, second = map(np.asarray, clip_by_global_norm(gradients, counted))
    np.testing.assert_allclose(first.ravel(), [3.0 / np.sqrt(160.0)], rtol=1e-6)
    np.testing.assert_allclose(second.ravel(), [4.0 / np.sqrt(160.0)], rtol=1e-6)


def test_update_by_hand():
    """First step from zero: m = 0.1 g, v = 0.001 g², no bias correction."""
    weight, gradient = np.array([[2.0]]), np.array([[0.5]])
    zero = np.zeros((1, 1))
    new, m, v = adam_weight_decay((weight, zero, zero), gradient, np.array([0.1]), 0.01)
    expected = 2.0 - 0.1 * (0.05 / (np.sqrt(0.00025) + 1e-6) + 0.01 * 2.0)
    assert np.asarray(new).item() == pytest.approx(expected, rel=1e-6)
    assert np.asarray(m).item() == pytest.approx(0.05, rel=1e-6)
    assert np.asarray(v).item() == pytest.approx(0.00025, rel=1e-6)


def test_corrected_moments_by_hand():
    """Adam's first step is one of the rate's size, whatever the gradient."""
    weight, zero = np.array([[2.0]]), np.zeros((1, 1))
    for gradient in (0.5, 1e-3):
        new, m, _ = adam_weight_decay(
            (weight, zero, zero),
            np.array([[gradient]]),
            np.array([0.1]),
            0.0,
            bias_corrections(0),
        )
        # But for epsilon, a thousandth of the smaller gradient.
        assert 2.0 - np.asarray(new).item() == pytest.approx(0.1, rel=1.1e-3)
        assert np.asarray(m).item() == pytest.approx(0.1 * gradient, rel=1e-6)
    assert bias_corrections(10**6) == (1.0, pytest.approx(1.0))
