"""Initial weights: their distribution, and what they depend on."""

import numpy as np
import pytest
from scipy import stats

from reference.errors import InputError
from reference.weights import complete, initial_weights

SHAPES = {
    "bert/embeddings/word_embeddings": (500, 32),
    "bert/pooler/dense/kernel": (32, 32),
    "bert/pooler/dense/bias": (32,),
    "bert/embeddings/LayerNorm/gamma": (32,),
    "output_weights": (3, 32),
}


@pytest.mark.parametrize("seed", range(5))
def test_kernels_are_truncated_normal(seed):
    """At two standard deviations, by Kolmogorov and Smirnov's test."""
    found = initial_weights(SHAPES, 0.02, seed)["bert/embeddings/word_embeddings"]
    assert np.abs(found).max() <= np.float32(0.04)
    truncated = stats.truncnorm(-2, 2, scale=0.02)
    assert stats.kstest(found.ravel(), truncated.cdf).pvalue > 1e-3


def test_biases_and_norms_start_neutral():
    found = initial_weights(SHAPES, 0.02, seed=1)
    assert not found["bert/pooler/dense/bias"].any()
    assert (found["bert/embeddings/LayerNorm/gamma"] == 1).all()


def test_a_variable_depends_on_its_name_and_the_seed_alone():
    name = "bert/pooler/dense/kernel"
    everything = initial_weights(SHAPES, 0.02, seed=1)[name]
    alone = initial_weights({name: SHAPES[name]}, 0.02, seed=1)[name]
    np.testing.assert_array_equal(everything, alone)
    other = initial_weights(SHAPES, 0.02, seed=2)[name]
    assert (everything != other).any()


def test_missing_heads_are_drawn_and_what_is_there_is_kept():
    found = {k: v for k, v in initial_weights(SHAPES, 0.02, 1).items() if "bert" in k}
    completed = complete(found, SHAPES, 0.02, seed=9)
    assert completed.keys() == SHAPES.keys()
    np.testing.assert_array_equal(
        completed["output_weights"], initial_weights(SHAPES, 0.02, 9)["output_weights"]
    )
    for name, value in found.items():
        np.testing.assert_array_equal(completed[name], value)


def test_what_does_not_fit_is_named():
    found = initial_weights(SHAPES, 0.02, 1)
    del found["bert/pooler/dense/bias"]
    found["bert/pooler/dense/kernel"] = np.zeros((2, 2), np.float32)
    with pytest.raises(InputError) as caught:
        complete(found, SHAPES, 0.02, seed=1)
    assert "bert/pooler/dense/bias: missing" in str(caught.value)
    assert "bert/pooler/dense/kernel: shape (2, 2), expected (32, 32)" in str(
        caught.value
    )
