"""Exact tests beside their enumeration written out."""

import itertools
import math

import numpy as np
import pytest

from suite.statistics import mean_difference_test, sign_flip_test


@pytest.mark.parametrize("pairs", [2, 5, 8])
def test_the_sign_flip_test_enumerates(pairs):
    values = np.random.default_rng(pairs).normal(0.4, 1, pairs)
    signs = np.array(list(itertools.product([-1, 1], repeat=pairs)))
    means = np.abs((signs * values).mean(axis=1))
    exact = np.mean(means >= abs(values.mean()) - 1e-12)
    result = sign_flip_test(values)
    assert result.p == pytest.approx(exact)
    assert result.smallest == 2 ** (1 - pairs)


def test_the_smallest_p_is_reached():
    assert sign_flip_test(np.ones(6)).p == pytest.approx(2**-5)
    assert sign_flip_test(np.array([3.0])).p == 1.0
    assert sign_flip_test(np.zeros(4)).p == 1.0
    with pytest.raises(ValueError, match="at least one"):
        sign_flip_test(np.array([]))


@pytest.mark.parametrize("zeros", [1, 5, 7, 20])
def test_what_does_not_differ_cannot_make_p_smaller(zeros):
    rng = np.random.default_rng(0)
    result = sign_flip_test(np.concatenate([np.ones(3), np.zeros(zeros)]), rng)
    assert result.smallest == 0.25
    assert result.p == pytest.approx(0.25, abs=0.01)
    one = sign_flip_test(np.concatenate([[1.0], np.zeros(zeros)]), rng)
    assert (one.p, one.smallest) == (1.0, 1.0)


def test_beyond_twenty_pairs_flips_are_random():
    values = np.random.default_rng(0).normal(0.3, 1, 21)
    with pytest.raises(ValueError, match="expected a generator"):
        sign_flip_test(values)
    exact = sign_flip_test(values[:12])
    assert sign_flip_test(values[:12], np.random.default_rng(0)) == exact
    first, again = (sign_flip_test(values, np.random.default_rng(1)) for _ in "ab")
    assert first == again
    assert first.smallest == pytest.approx(1e-5)
    assert sign_flip_test(np.ones(30), np.random.default_rng(0)).p == first.smallest
    assert sign_flip_test(np.zeros(30), np.random.default_rng(0)).p == 1.0


def test_random_flips_find_the_enumerated_p(monkeypatch):
    """Of 12 pairs, both ways: within five standard errors of 99,999 flips."""
    for seed in range(10):
        values = np.random.default_rng(seed).normal(0.3, 1, 12)
        exact = sign_flip_test(values).p
        with monkeypatch.context() as patched:
            patched.setattr("suite.statistics.permutation.EXACT_PAIRS", 11)
            drawn = sign_flip_test(values, np.random.default_rng(seed)).p
        assert abs(drawn - exact) < 5 * math.sqrt(exact * (1 - exact) / 99_999) + 1e-5


@pytest.mark.parametrize(("first", "second"), [(2, 2), (3, 5), (4, 4)])
def test_two_samples_are_dealt_out_in_all_ways(first, second):
    """Two-sided: twice the smaller tail, as SciPy has it."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=first + second)
        whole = set(range(values.size))
        differences = [
            values[list(one)].mean() - values[list(whole - set(one))].mean()
            for one in itertools.combinations(range(values.size), first)
        ]
        observed = differences[0]
        tails = (
            np.mean(np.array(differences) <= observed + 1e-12),
            np.mean(np.array(differences) >= observed - 1e-12),
        )
        result = mean_difference_test(values[:first], values[first:])
        assert result.p == pytest.approx(min(1.0, 2 * min(tails)))
        assert result.smallest == 2 / math.comb(first + second, first)


def test_the_smallest_p_of_two_samples_is_reached():
    apart = mean_difference_test(np.arange(5.0), 100 + np.arange(5.0))
    assert apart.p == pytest.approx(apart.smallest) == pytest.approx(2 / 252)
    assert mean_difference_test(np.zeros(3), np.zeros(3)).p == 1.0


@pytest.mark.parametrize(("first", "second"), [(1, 5), (0, 3), (11, 11)])
def test_too_few_or_too_many_to_deal_out(first, second):
    with pytest.raises(ValueError, match=f"found {first} and {second} values"):
        mean_difference_test(np.zeros(first), np.zeros(second))
