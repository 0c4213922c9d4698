"""How fast instances are made, from what pytest-benchmark measured.

Takes benchmarks as --benchmark-json keeps them. Nothing is measured here.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from suite.markdown import counted

DUPE_FACTOR = 5  # of all measurements

Rates = dict[tuple[str, str], float]


def instance_rates(benchmarks: Iterable[Mapping]) -> Rates:
    """(way, masking) -> instances a second, the median over its turns."""
    rates: dict[tuple[str, str], list[float]] = {}
    for one in benchmarks:
        about = one["extra_info"]
        if "way" in about:
            rate = about["amount"] / one["stats"]["median"]
            rates.setdefault((about["way"], about["masking"]), []).append(rate)
    return {way: statistics.median(turns) for way, turns in rates.items()}


def shard_ratios(rates: Rates, growth: pd.DataFrame) -> Sequence[str]:
    """The whole command on most shards beside the original, in words."""
    original = rates.get(("original", "wordpiece"))
    if not original or growth.empty:
        return []
    most = growth[growth["shards"] == growth["shards"].max()]
    return [
        f"{row.masking}: {counted(row.shards, 'shard')} with "
        f"{counted(row.workers, 'worker')}, start-up included, are made at "
        f"{row.rate / original:.1f} times the original's rate"
        for row in most.itertuples()
    ]


def ratios(rates: Rates) -> Sequence[str]:
    """The fast way beside the others, in words."""
    lines = []
    for (way, masking), rate in rates.items():
        if way == "fast" and ("plain", masking) in rates:
            times = rate / rates["plain", masking]
            lines.append(f"{masking}: fast is {times:.1f} times plain")
    original = rates.get(("original", "wordpiece"))
    if original:
        lines += [
            f"{masking}: {way} is {rate / original:.1f} times the original (WordPiece)"
            for (way, masking), rate in rates.items()
            if way != "original"
        ]
    return lines


def growth(benchmarks: Iterable[Mapping]) -> pd.DataFrame:
    """Time and memory of the whole command by shards and workers, a row each."""
    rows = []
    for one in benchmarks:
        about, seconds = one["extra_info"], one["stats"]["median"]
        if "shards" in about:
            rows.append(
                {
                    "shards": about["shards"],
                    "workers": about["workers"],
                    "masking": about["shard_masking"],
                    "characters": about["characters"],
                    "instances": about["amount"],
                    "seconds": seconds,
                    "rate": about["amount"] / seconds,
                    "peak_mb": about["peak_memory_bytes"] / 1e6,
                }
            )
    return pd.DataFrame(rows)
