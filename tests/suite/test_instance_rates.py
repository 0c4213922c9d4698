"""Rates of making instances from recorded benchmarks."""

import pytest

from suite.instance_rates import growth, instance_rates, ratios, shard_ratios


def one(way, masking, seconds):
    about = {"way": way, "masking": masking, "amount": 1000}
    return {"extra_info": about, "stats": {"median": seconds}}


BENCHMARKS = [
    *(one("plain", "wordpiece", seconds) for seconds in (1.0, 5.0, 2.0)),
    one("fast", "wordpiece", 0.25),
    one("fast", "whole-word", 0.5),
    {
        "extra_info": {
            "amount": 600,
            "shards": 2,
            "workers": 1,
            "characters": 12,
            "shard_masking": "wordpiece",
            "peak_memory_bytes": 3e8,
        },
        "stats": {"median": 3.0},
    },
]


def test_rates_are_medians_over_the_turns():
    assert instance_rates(BENCHMARKS) == {
        ("plain", "wordpiece"): 500.0,
        ("fast", "wordpiece"): 4000.0,
        ("fast", "whole-word"): 2000.0,
    }


def test_ratios_in_words():
    rates = instance_rates(BENCHMARKS)
    assert ratios(rates) == ["wordpiece: fast is 8.0 times plain"]
    with_original = rates | {("original", "wordpiece"): 100.0}
    assert ratios(with_original)[1:] == [
        "wordpiece: plain is 5.0 times the original (WordPiece)",
        "wordpiece: fast is 40.0 times the original (WordPiece)",
        "whole-word: fast is 20.0 times the original (WordPiece)",
    ]


def test_shards_beside_the_original():
    rates = instance_rates(BENCHMARKS)
    assert shard_ratios(rates, growth(BENCHMARKS)) == []
    with_original = rates | {("original", "wordpiece"): 50.0}
    assert shard_ratios(with_original, growth([])) == []
    assert shard_ratios(with_original, growth(BENCHMARKS)) == [
        "wordpiece: 2 shards with 1 worker, start-up included, are made at 4.0 times "
        "the original's rate"
    ]


def test_growth():
    [row] = growth(BENCHMARKS).to_dict("records")
    assert row == pytest.approx(
        {
            "shards": 2,
            "workers": 1,
            "characters": 12,
            "masking": "wordpiece",
            "instances": 600,
            "seconds": 3.0,
            "rate": 200.0,
            "peak_mb": 300.0,
        }
    )
    assert growth([]).empty
