"""What is said of hidden tokens: no false alarms, and damage is noticed."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import binom

from suite.masking_findings import replacement_findings
from suite.record_findings import CONFIDENCE, Summary
from tests.suite.checked_records import FATES


def replacement_summary(counts):
    counts = Counter(counts)
    counts["hidden"] = counts["masked"] + counts["kept"] + counts["random"]
    return Summary(
        [],
        {},
        counts,
        Counter(),
        {},
        0,
        0,
        vocab_size=30522,
        special_size=999,
        masked_lm_prob=0.15,
    )


def alarms(probabilities, number, seed):
    drawn = np.random.default_rng(seed).multinomial(number, probabilities).tolist()
    summary = replacement_summary(dict(zip(FATES, drawn, strict=True)))
    return [f.name for f in replacement_findings(summary) if f.status == "off"]


@pytest.mark.parametrize("number", [30, 1000, 30_000])
def test_shares_raise_no_false_alarm_beyond_chance(number):
    seeds = 300
    alarmed = sum(bool(alarms((0.8, 0.1, 0.1), number, s)) for s in range(seeds))
    # Three intervals, each of which may miss that often; the margin is left out.
    assert alarmed <= binom.ppf(0.999, seeds, 3 * (1 - CONFIDENCE))


def test_two_percent_of_random_words_are_always_noticed():
    for seed in range(100):
        wrong = alarms((0.8, 0.18, 0.02), 2000, seed)
        assert wrong == [FATES["kept"], FATES["random"]]
